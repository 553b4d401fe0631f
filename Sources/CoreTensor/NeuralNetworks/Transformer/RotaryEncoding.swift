import CoreTensor
import Foundation

/// Places that turn queries and keys (Su et al. 2021), along two axes: of the `w / 2` pairs of numbers of a head the first
/// half is turned by the row, the other by the column, pair k of each by `place · base^(-k / (w / 4))`.
public struct RotaryEncoding: Sendable, Equatable, Codable {
  /// 100 as DINOv3 has it; EVA-02 has 10,000.
  public var base: Double
  /// Patches along a side of the grid whose numbers places are, whatever the image's own grid is (EVA-02). 0 = places
  /// are from -2π to 2π over the image, at the middle of each patch (DINOv3).
  public var grid: Int

  public init(base: Double = 100, grid: Int = 0) { (self.base, self.grid) = (base, grid) }

  /// The place of row or column `index` of `count`.
  func place(_ index: Int, of count: Int) -> Double {
    guard grid == 0 else { return Double(index) * Double(grid) / Double(count) }
    return 2 * Double.pi * ((2 * Double(index) + 1) / Double(count) - 1)
  }

  /// Cosines and sines for `prefix` tokens that have no place and are not turned, and the patches of a grid.
  /// - Parameters:
  ///   - gridSize: patches along a side.
  ///   - width: of a head, a multiple of 4.
  /// - Returns: `(1, prefix + gridSize², width)` each. Numbers j and j + width / 2 are a pair.
  func tables(prefix: Int, gridSize: Int, width: Int) -> Rotation {
    require(width % 4 == 0, "RotaryEncoding: a head of \(width) numbers is no multiple of 4")
    let (count, quarter) = (prefix + gridSize * gridSize, width / 4)
    let frequencies = (0..<quarter).map { pow(base, -Double($0) / Double(quarter)) }
    func table(_ function: (Double) -> Double) -> Tensor {
      Tensor([1, count, width]) { values in
        for token in 0..<count {
          let patch = token - prefix
          let places =
            patch < 0
            ? [0, 0] : [place(patch / gridSize, of: gridSize), place(patch % gridSize, of: gridSize)]
          for number in 0..<width {
            let pair = number % (width / 2)
            values[token * width + number] = Float(
              function(places[pair / quarter] * frequencies[pair % quarter]))
          }
        }
      }
    }
    return Rotation(cosines: table(cos), sines: table(sin))
  }
}

/// How pairs of numbers of a head are turned, for each token: `(1 or B, N, width)`.
public struct Rotation {
  let cosines: Tensor
  let sines: Tensor

  /// Of some tokens of each image: B rows of K token numbers.
  func tokens(_ rows: [[Int]]) -> Rotation {
    func gathered(_ table: Tensor) -> Tensor {
      reshape(
        gatherTokens(table, [rows.flatMap { $0 }]), [rows.count, rows.first?.count ?? 0, table.shape[2]])
    }
    return Rotation(cosines: gathered(cosines), sines: gathered(sines))
  }

  /// Of some images.
  func images(_ numbers: [Int]) -> Rotation {
    guard cosines.shape[0] > 1 else { return self }
    return Rotation(
      cosines: gather(cosines, axis: 0, indices: numbers), sines: gather(sines, axis: 0, indices: numbers))
  }

  /// x (B, N, heads, width), turned.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let half = x.shape[3] / 2
    let other = concatenate(
      [-slice(x, [nil, nil, nil, half..<2 * half]), slice(x, [nil, nil, nil, 0..<half])], axis: 3)
    func spread(_ table: Tensor) -> Tensor {
      reshape(table, [table.shape[0], table.shape[1], 1, table.shape[2]])
    }
    return x * spread(cosines) + other * spread(sines)
  }
}
