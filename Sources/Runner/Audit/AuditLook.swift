import Imaging

/// What one look at a decoded radiograph tells; nothing of the radiograph itself is kept but its thumbnail.
struct AuditLook: Sendable {
  let digest: PixelDigest
  let thumbnail: AuditThumbnail
  /// Standard deviation of the thumbnail's cells before their range was stretched, of a full range of 1.
  let deviation: Float
  /// Shares of pixels that are pure white and pure black, to half a level of 8 bits.
  let whiteShare: Float
  let blackShare: Float
  /// Share of the radiograph that lies in rows and columns of one grey at its edges.
  let borderShare: Float
  /// See ``AuditInversion/score(_:)``.
  let uprightScore: Float

  init(_ image: GrayImage) {
    digest = PixelDigest(image)
    let means = AuditThumbnail.means(image)
    thumbnail = AuditThumbnail(means: means)
    let mean = means.reduce(0, +) / Float(means.count)
    deviation = (means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(means.count)).squareRoot()
    let scan = EdgeScan(image)
    (whiteShare, blackShare, borderShare) = (scan.white, scan.black, scan.border)
    uprightScore = AuditInversion.score(thumbnail)
  }
}

/// One pass over the pixels: what is clipped, and which rows and columns at the edges hold one grey only.
private struct EdgeScan {
  let white: Float
  let black: Float
  let border: Float
  /// Greys of a border differ by less: JPEG leaves some noise there.
  private static let flatness: Float = 0.03
  private static let whiteFrom: Float = 1 - 0.5 / 255
  private static let blackTo: Float = 0.5 / 255

  init(_ image: GrayImage) {
    let (width, height) = (image.width, image.height)
    var (whites, blacks) = (0, 0)
    var low = [Float](repeating: .infinity, count: width)
    var high = [Float](repeating: -.infinity, count: width)
    var isFlat = [Bool](repeating: false, count: height)
    image.pixels.withUnsafeBufferPointer { pixels in
      low.withUnsafeMutableBufferPointer { low in
        high.withUnsafeMutableBufferPointer { high in
          for row in 0..<height {
            var (least, most) = (Float.infinity, -Float.infinity)
            let line = pixels.baseAddress! + row * width
            for column in 0..<width {
              let value = line[column]
              whites &+= value >= Self.whiteFrom ? 1 : 0
              blacks &+= value <= Self.blackTo ? 1 : 0
              least = value < least ? value : least
              most = value > most ? value : most
              low[column] = value < low[column] ? value : low[column]
              high[column] = value > high[column] ? value : high[column]
            }
            isFlat[row] = most - least <= Self.flatness
          }
        }
      }
    }
    let count = Float(width * height)
    (white, black) = (Float(whites) / count, Float(blacks) / count)
    let flatColumns = zip(low, high).map { $1 - $0 <= Self.flatness }
    border = 1 - Self.inner(isFlat) * Self.inner(flatColumns)
  }

  /// The share that is left when flat lines at both ends are taken away; all of it where every line is flat.
  private static func inner(_ isFlat: [Bool]) -> Float {
    guard let first = isFlat.firstIndex(of: false), let last = isFlat.lastIndex(of: false) else { return 1 }
    return Float(last - first + 1) / Float(isFlat.count)
  }
}

/// Tells radiographs with white bones from negatives.
enum AuditInversion {
  /// Weights of an 8 × 8 grid, of which the left half is written down; the right half mirrors it. Fitted by logistic
  /// regression to 2,926 public frontal radiographs of five hospitals against their negatives.
  private static let leftHalf: [Float] = [
    -2.33, -1.68, -1.01, 0.84, -0.11, 0.22, -0.60, 0.65, -0.33, -0.14, -1.61, 0.57, -0.33, -0.28, -1.04, 1.48,
    -0.63, -0.13, 0.13, 2.26, -1.06, -0.07, 0.90, 2.17, -1.40, -0.12, 0.82, 1.45, -1.36, 0.50, 1.00, 1.24,
  ]

  /// Radiographs that score less are suspected.
  static let limit: Float = -0.5

  /// Above 0 for radiographs with white bones, below for negatives, and the same number with the other sign for a
  /// radiograph's negative; 0 for a radiograph of one grey. Frontal radiographs score about 6.
  static func score(_ thumbnail: AuditThumbnail) -> Float {
    let grid = thumbnail.resampled(rows: 8, columns: 8)
    // Mirrored halves are averaged before scaling, as in the fit.
    var half: [Float] = []
    for row in 0..<8 {
      for column in 0..<4 { half.append((grid[row * 8 + column] + grid[row * 8 + 7 - column]) / 2) }
    }
    let mean = half.reduce(0, +) / 32
    let squares: Float = half.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    guard squares > 0 else { return 0 }
    // Each value stands for two cells, in the length and in the sum.
    let scale = 2 / (2 * squares).squareRoot()
    return zip(half, leftHalf).reduce(0) { $0 + ($1.0 - mean) * scale * $1.1 }
  }
}
