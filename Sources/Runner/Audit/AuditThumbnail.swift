import Imaging

/// A radiograph reduced to 32 × 32 grey values of 8 bits, its aspect given up and its range stretched to the full one:
/// what radiographs are compared by, 1 KiB each.
struct AuditThumbnail: Sendable, Equatable {
  /// Cells along a side.
  static let side = 32
  /// `side * side` values, row-major.
  let cells: [UInt8]

  /// - Parameter means: `side * side` mean values of the radiograph's cells.
  init(means: [Float]) {
    let (low, high) = (means.min() ?? 0, means.max() ?? 0)
    let scale = high > low ? 255 / (high - low) : 0
    cells = means.map { UInt8((($0 - low) * scale).rounded()) }
  }

  /// Mean values of `side × side` cells; a pixel that two cells share counts for both by its parts.
  static func means(_ image: GrayImage) -> [Float] {
    let across = CellShares(image.width), down = CellShares(image.height)
    var sums = [Float](repeating: 0, count: side * side)
    image.pixels.withUnsafeBufferPointer { pixels in
      var row = [Float](repeating: 0, count: side)
      for line in 0..<image.height {
        across.reduce(pixels.baseAddress! + line * image.width, into: &row)
        for (cell, share) in down.cells(of: line) {
          for column in 0..<side { sums[cell * side + column] += share * row[column] }
        }
      }
    }
    return sums
  }

  /// A cell of a smaller grid of `rows × columns`, as sums over what each covers.
  func resampled(rows: Int, columns: Int) -> [Float] {
    let small = CellShares(Self.side, into: columns), tall = CellShares(Self.side, into: rows)
    let across = (0..<Self.side).map { small.cells(of: $0) }
    var result = [Float](repeating: 0, count: rows * columns)
    for line in 0..<Self.side {
      for place in 0..<Self.side {
        let value = Float(cells[line * Self.side + place])
        for (row, down) in tall.cells(of: line) {
          for (column, right) in across[place] {
            result[row * columns + column] += value * down * right
          }
        }
      }
    }
    return result
  }
}

/// How pixels along a line share in the means of cells.
struct CellShares {
  private let count: Int
  private let cellCount: Int
  private let length: Double

  init(_ count: Int, into cells: Int = AuditThumbnail.side) {
    (self.count, cellCount, length) = (count, cells, Double(count) / Double(cells))
  }

  /// The cells that pixel `index` lies in, with its weight in their mean.
  func cells(of index: Int) -> [(cell: Int, share: Float)] {
    let first = min(Int(Double(index) / length), cellCount - 1)
    let last = min(Int((Double(index + 1) / length).rounded(.up)) - 1, cellCount - 1)
    return (first...max(first, last)).compactMap { cell in
      let low = max(Double(index), Double(cell) * length)
      let high = min(Double(index + 1), Double(cell + 1) * length)
      return high - low > 1e-9 ? (cell, Float((high - low) / length)) : nil
    }
  }

  /// Means of one line of pixels.
  func reduce(_ pixels: UnsafePointer<Float>, into means: inout [Float]) {
    for cell in 0..<cellCount {
      let low = Double(cell) * length
      let high = min(Double(cell + 1) * length, Double(count))
      let first = Int(low)
      let last = min(Int(high.rounded(.up)), count) - 1
      guard last > first else {
        means[cell] = pixels[first]
        continue
      }
      var sum = pixels[first] * Float(Double(first + 1) - low) + pixels[last] * Float(high - Double(last))
      for place in first + 1..<max(last, first + 1) { sum += pixels[place] }
      means[cell] = sum / Float(length)
    }
  }
}

/// 128 bits that tell decoded pixels apart: equal for radiographs of one size whose values agree to 16 bits.
struct PixelDigest: Sendable, Hashable, CustomStringConvertible {
  private var first: UInt64 = 0x9e37_79b9_7f4a_7c15
  private var second: UInt64 = 0xc2b2_ae3d_27d4_eb4f

  init(_ image: GrayImage) {
    add(UInt64(image.width) << 32 | UInt64(image.height))
    image.pixels.withUnsafeBufferPointer { pixels in
      var place = 0
      while place + 4 <= pixels.count {
        add(
          Self.level(pixels[place]) | Self.level(pixels[place + 1]) << 16
            | Self.level(pixels[place + 2]) << 32 | Self.level(pixels[place + 3]) << 48)
        place += 4
      }
      while place < pixels.count {
        add(Self.level(pixels[place]))
        place += 1
      }
    }
  }

  private static func level(_ value: Float) -> UInt64 {
    // What is no number fails every comparison and counts as black.
    value > 0 ? UInt64(min(value, 1) * 65535 + 0.5) : 0
  }

  private mutating func add(_ word: UInt64) {
    first = (first ^ word) &* 0xff51_afd7_ed55_8ccd
    first ^= first >> 32
    second = (second &+ word) &* 0xc4ce_b9fe_1a85_ec53
    second ^= second >> 29
  }

  /// 32 digits of base 16.
  var description: String {
    [first, second].map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
