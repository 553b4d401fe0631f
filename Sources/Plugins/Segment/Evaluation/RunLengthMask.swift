import Imaging
import SegmentationMetrics

/// A mask as the lengths of its runs, row by row, the first of background.
struct RunLengthMask: Codable, Equatable, Sendable {
  let rows: Int
  let columns: Int
  /// Their sum is the number of pixels.
  private let runs: [UInt32]

  private init(rows: Int, columns: Int, pixels: some Sequence<Bool>) {
    (self.rows, self.columns) = (rows, columns)
    var (runs, isIn): ([UInt32], Bool) = ([0], false)
    for pixel in pixels {
      if pixel != isIn {
        runs.append(0)
        isIn = pixel
      }
      runs[runs.count - 1] += 1
    }
    self.runs = runs
  }

  init(_ mask: Mask) { self.init(rows: mask.rows, columns: mask.columns, pixels: mask.pixels) }

  /// What is brighter than half.
  init(_ image: GrayImage) {
    self.init(rows: image.height, columns: image.width, pixels: image.pixels.lazy.map { $0 > 0.5 })
  }

  /// Whether no pixel is in it.
  var isEmpty: Bool { runs.count == 1 }

  var mask: Mask { Mask(rows: rows, columns: columns, pixels: pixels(false, true)) }

  /// 0 or 1 for each pixel.
  var image: GrayImage { GrayImage(width: columns, height: rows, pixels: pixels(0, 1)) }

  private func pixels<Pixel>(_ out: Pixel, _ within: Pixel) -> [Pixel] {
    var pixels: [Pixel] = []
    pixels.reserveCapacity(rows * columns)
    for (number, run) in runs.enumerated() {
      pixels.append(contentsOf: repeatElement(number % 2 == 0 ? out : within, count: Int(run)))
    }
    return pixels
  }
}
