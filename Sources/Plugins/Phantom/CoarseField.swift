/// A plane's slow part: means of 32 × 32 blocks, smoothed over some six blocks, read back bilinearly.
struct CoarseField {
  private static let blocks = 32
  private let size: Int
  private var cells: [Float]

  init(of plane: Plane, _ transform: (Float) -> Float) {
    size = plane.size
    let blocks = Self.blocks
    cells = [Float](repeating: 0, count: blocks * blocks)
    var counts = [Float](repeating: 0, count: blocks * blocks)
    // Every other row and column is enough for so slow a field.
    for row in stride(from: 0, to: size, by: 2) {
      let values = plane.row(row)
      let base = row * blocks / size * blocks
      for column in stride(from: 0, to: size, by: 2) {
        let cell = base + column * blocks / size
        cells[cell] += transform(values[column])
        counts[cell] += 1
      }
    }
    for cell in cells.indices { cells[cell] /= counts[cell] }
    for _ in 0..<3 {
      smooth(stride: 1, lines: blocks)
      smooth(stride: blocks, lines: 1)
    }
  }

  /// A box of five cells along one axis, edges repeated.
  private mutating func smooth(stride: Int, lines: Int) {
    let blocks = Self.blocks
    for line in 0..<blocks {
      let values = (0..<blocks).map { cells[line * lines + $0 * stride] }
      for place in 0..<blocks {
        var sum: Float = 0
        for offset in -2...2 { sum += values[min(max(place + offset, 0), blocks - 1)] }
        cells[line * lines + place * stride] = sum / 5
      }
    }
  }

  /// The field along one row of pixels, from left to right.
  func row(_ row: Int) -> Row {
    let blocks = Self.blocks
    let place = (Float(row) + 0.5) * Float(blocks) / Float(size) - 0.5
    let upper = min(max(Int(place.rounded(.down)), 0), blocks - 1)
    let share = min(max(place - Float(upper), 0), 1)
    let lower = min(upper + 1, blocks - 1)
    let line = (0..<blocks).map {
      cells[upper * blocks + $0] * (1 - share) + cells[lower * blocks + $0] * share
    }
    return Row(line: line, step: Float(blocks) / Float(size))
  }

  struct Row {
    private let line: [Float]
    private let step: Float
    private var place: Float

    fileprivate init(line: [Float], step: Float) {
      self.line = line
      self.step = step
      place = 0.5 * step - 0.5
    }

    @inline(__always)
    mutating func next() -> Float {
      let bounded = min(max(place, 0), Float(line.count - 1))
      place += step
      let left = min(Int(bounded), line.count - 2)
      let share = bounded - Float(left)
      return line[left] * (1 - share) + line[left + 1] * share
    }
  }
}
