import Imaging

/// A mask as SIIM-ACR writes it: pairs of a gap since the end of the last run and a run's length, down the columns
/// of a square of 1024 pixels a side.
struct RunLengths: Sendable, Equatable {
  static let side = 1024
  /// First pixel and length of each run; pixels are counted down the columns.
  private let runs: [Run]

  private struct Run: Sendable, Equatable {
    let start: UInt32
    let length: UInt32
  }

  /// Reads `gap length gap length …`; `-1` is a mask without a pixel.
  init(_ text: String) throws(TableProblem) {
    let words = text.split(whereSeparator: \.isWhitespace)
    if words == ["-1"] {
      runs = []
      return
    }
    guard !words.isEmpty, words.count.isMultiple(of: 2) else {
      throw TableProblem("run lengths come in pairs or are -1, found \(words.count) numbers")
    }
    var runs: [Run] = []
    var place = 0
    let end = Self.side * Self.side
    for pair in stride(from: 0, to: words.count, by: 2) {
      guard let gap = Int(words[pair]), let length = Int(words[pair + 1]), (0...end).contains(gap),
        (0...end).contains(length)
      else {
        throw TableProblem(
          "run \(pair / 2 + 1) is \"\(words[pair]) \(words[pair + 1])\"; two numbers from 0 to \(end) are expected"
        )
      }
      let start = place + gap
      place = start + length
      guard place <= end else {
        throw TableProblem("run \(pair / 2 + 1) ends at pixel \(place), beyond the \(end) of the mask")
      }
      if length > 0 { runs.append(Run(start: UInt32(start), length: UInt32(length))) }
    }
    self.runs = runs
  }

  /// The union of masks, brought to a radiograph's size by its nearest pixels: 0 or 1.
  static func mask(_ masks: [RunLengths], width: Int, height: Int) -> GrayImage {
    var inside = [Bool](repeating: false, count: side * side)
    for run in masks.flatMap(\.runs) {
      for pixel in Int(run.start)..<Int(run.start + run.length) { inside[pixel] = true }
    }
    let rows = nearest(height, of: side)
    let columns = nearest(width, of: side)
    var pixels = [Float](repeating: 0, count: width * height)
    for row in 0..<height {
      for column in 0..<width where inside[columns[column] * side + rows[row]] {
        pixels[row * width + column] = 1
      }
    }
    return GrayImage(width: width, height: height, pixels: pixels)
  }

  /// For each of `count` places along a side, the nearest of `stored` places.
  static func nearest(_ count: Int, of stored: Int) -> [Int] {
    (0..<count).map { min(stored - 1, (2 * $0 + 1) * stored / (2 * count)) }
  }
}
