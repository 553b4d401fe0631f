/// How an image gets another size.
public enum ResizeMode: String, Sendable, CaseIterable {
  /// Between the nearest two pixels of each direction; pixels are areas, so that corners do not coincide.
  case bilinear
  /// The pixel at ⌊place · old size / new size⌋.
  case nearest
}

/// Where the pixels of a resized line lie in the line that it is made of: pixel i is
/// `first[i] + share[i] · (second[i] - first[i])`.
public struct ResizePlaces: Sendable, Equatable {
  public let first: [Int]
  public let second: [Int]
  public let share: [Float]

  /// As PyTorch's `interpolate` has them, with `align_corners=False`.
  public init(from size: Int, to newSize: Int, _ mode: ResizeMode) {
    let scale = Double(size) / Double(newSize)
    let places = (0..<newSize).map { index -> Double in
      switch mode {
      case .bilinear: max(0, (Double(index) + 0.5) * scale - 0.5)
      case .nearest: min((Double(index) * scale).rounded(.down), Double(size - 1))
      }
    }
    first = places.map { min(Int($0), size - 1) }
    second = first.map { min($0 + 1, size - 1) }
    share = zip(places, first).map { Float($0 - Double($1)) }
  }
}

/// Resizing in terms of primitives: lines are gathered and blended, one direction after the other.
extension Backend {
  public func resize(_ x: Tensor, _ mode: ResizeMode, into out: Tensor) {
    let (height, width) = (x.shape[2], x.shape[3])
    let rows = ResizePlaces(from: height, to: out.shape[2], mode)
    let columns = ResizePlaces(from: width, to: out.shape[3], mode)
    // (B, C, H, W) → (B, C, H', W) → (B, C, W, H') → (B, C, W', H') → (B, C, H', W')
    let tall = blended(x, rows)
    let wide = blended(permuted(tall, [0, 1, 3, 2]), columns)
    convert(permuted(wide, [0, 1, 3, 2]), into: out)
  }

  public func resizeGradient(_ outputGradient: Tensor, _ mode: ResizeMode, into out: Tensor) {
    let (height, width) = (out.shape[2], out.shape[3])
    let rows = ResizePlaces(from: height, to: outputGradient.shape[2], mode)
    let columns = ResizePlaces(from: width, to: outputGradient.shape[3], mode)
    let wide = spread(permuted(outputGradient, [0, 1, 3, 2]), columns, over: width)
    convert(spread(permuted(wide, [0, 1, 3, 2]), rows, over: height), into: out)
  }

  /// The lines of x (B, C, lines, n) at other places.
  private func blended(_ x: Tensor, _ places: ResizePlaces) -> Tensor {
    let first = lines(x, places.first)
    guard places.share.contains(where: { $0 != 0 }) else { return first }
    let second = lines(x, places.second)
    combine(.subtract, second, first, into: second)
    combine(
      .multiply, second, Tensor(places.share, shape: [places.share.count, 1], on: device), into: second)
    combine(.add, first, second, into: first)
    return first
  }

  private func lines(_ x: Tensor, _ numbers: [Int]) -> Tensor {
    let (planes, count, width) = (x.shape[0] * x.shape[1], x.shape[2], x.shape[3])
    let out = empty([x.shape[0], x.shape[1], numbers.count, width])
    let rows = (0..<planes).flatMap { plane in numbers.map { plane * count + $0 } }
    gatherRows(
      Tensor(sharing: x, shape: [planes * count, width]), rows,
      into: Tensor(sharing: out, shape: [rows.count, width]))
    return out
  }

  /// The transpose of `blended`.
  private func spread(_ outputGradient: Tensor, _ places: ResizePlaces, over count: Int) -> Tensor {
    let (planes, width) = (outputGradient.shape[0] * outputGradient.shape[1], outputGradient.shape[3])
    let out = filled([outputGradient.shape[0], outputGradient.shape[1], count, width], with: 0)
    let target = Tensor(sharing: out, shape: [planes * count, width])
    let shares = places.share.count
    let second = combined(.multiply, outputGradient, Tensor(places.share, shape: [shares, 1], on: device))
    let first = combined(.subtract, outputGradient, second)
    for (part, numbers) in [(first, places.first), (second, places.second)] {
      let rows = (0..<planes).flatMap { plane in numbers.map { plane * count + $0 } }
      addRows(Tensor(sharing: part, shape: [rows.count, width]), rows, to: target, self)
    }
    return out
  }
}
