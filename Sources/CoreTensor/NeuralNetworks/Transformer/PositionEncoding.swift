import CoreTensor
import Foundation

/// Which half of a position encoding comes first.
public enum PositionOrder: String, Sendable, Codable, CaseIterable {
  /// Row half first (`hw`), as the paper states it.
  case rowFirst = "hw"
  /// Column half first (`wh`), as the published encoder has it.
  case columnFirst = "wh"
}

/// Sine-cosine encoding of places on a grid, fractions allowed (spec section 1; Vaswani et al. 2017):
/// `[sin(r ω), cos(r ω), sin(c ω), cos(c ω)]` with `ω_k = 10000^(-k/(D/4))`.
public struct PositionEncoding: Sendable {
  public let width: Int
  public let order: PositionOrder
  private let frequencies: [Double]

  /// - Precondition: `width` is a multiple of 4.
  public init(width: Int, order: PositionOrder) {
    require(width > 0 && width % 4 == 0, "PositionEncoding: width \(width) is no multiple of 4")
    self.width = width
    self.order = order
    let quarter = width / 4
    frequencies = (0..<quarter).map { pow(10000, -Double($0) / Double(quarter)) }
  }

  /// Writes the encodings of `count` places to `output` (count, width), row-major.
  ///
  /// Places of one image repeat few rows and columns; each half is computed once and copied.
  public func write(
    _ count: Int, place: (Int) -> (row: Double, column: Double), to output: UnsafeMutablePointer<Float>
  ) {
    let half = width / 2
    var known: [[Double: Int]] = [[:], [:]]
    for index in 0..<count {
      let (row, column) = place(index)
      for (axis, coordinate) in [row, column].enumerated() {
        let isFirst = (axis == 0) == (order == .rowFirst)
        let target = output + index * width + (isFirst ? 0 : half)
        if let source = known[axis][coordinate] {
          target.update(from: output + source, count: half)
        } else {
          writeHalf(coordinate, to: target)
          known[axis][coordinate] = target - output
        }
      }
    }
  }

  func writeHalf(_ coordinate: Double, to target: UnsafeMutablePointer<Float>) {
    for (k, frequency) in frequencies.enumerated() {
      target[k] = Float(sin(coordinate * frequency))
      target[k + frequencies.count] = Float(cos(coordinate * frequency))
    }
  }

  /// Encodings of a whole grid in raster order, `(1, n², width)`.
  public func grid(_ size: Int) -> Tensor {
    Tensor([1, size * size, width]) { table in
      write(size * size, place: { (Double($0 / size), Double($0 % size)) }, to: table.baseAddress!)
    }
  }
}

/// Rows of a `(1, N, D)` table for B rows of K patch numbers → `(B, K, D)`. Gradients reach a table that is trained.
public func positions(_ table: Parameter, _ patches: [[Int]]) -> Tensor {
  let count = patches.first?.count ?? 0
  require(
    patches.allSatisfy { $0.count == count }, "positions: rows of \(Set(patches.map(\.count))) patches")
  let rows = gatherTokens(table.tensor, [patches.flatMap { $0 }])
  return reshape(rows, [patches.count, count, table.shape[2]])
}
