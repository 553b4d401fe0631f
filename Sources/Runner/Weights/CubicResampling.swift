import CoreTensor
import NeuralNetworks
import WorldModel

/// A dense matrix of few rows, row-major.
struct SmallMatrix {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ values: [Double]? = nil) {
    (self.rows, self.columns) = (rows, columns)
    self.values = values ?? [Double](repeating: 0, count: rows * columns)
  }

  var transposed: SmallMatrix {
    var result = SmallMatrix(columns, rows)
    for row in 0..<rows {
      for column in 0..<columns { result.values[column * rows + row] = values[row * columns + column] }
    }
    return result
  }

  static func * (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
    require(a.columns == b.rows, "SmallMatrix: \(a.rows)×\(a.columns) times \(b.rows)×\(b.columns)")
    var result = SmallMatrix(a.rows, b.columns)
    for row in 0..<a.rows {
      for inner in 0..<a.columns where a.values[row * a.columns + inner] != 0 {
        let factor = a.values[row * a.columns + inner]
        for column in 0..<b.columns {
          result.values[row * b.columns + column] += factor * b.values[inner * b.columns + column]
        }
      }
    }
    return result
  }

  /// X of self · X = right, for a square matrix of full rank, by elimination with the largest pivot.
  /// - Returns: nil where the matrix is singular.
  func solve(_ right: SmallMatrix) -> SmallMatrix? {
    require(
      rows == columns && right.rows == rows, "SmallMatrix.solve: \(rows)×\(columns), \(right.rows) rows")
    var (left, result) = (self, right)
    for step in 0..<rows {
      let pivot = (step..<rows).max {
        abs(left.values[$0 * rows + step]) < abs(left.values[$1 * rows + step])
      }!
      guard abs(left.values[pivot * rows + step]) > 1e-12 else { return nil }
      left.swapRows(step, pivot)
      result.swapRows(step, pivot)
      for row in 0..<rows where row != step {
        let factor = left.values[row * rows + step] / left.values[step * rows + step]
        left.subtract(row, step, factor)
        result.subtract(row, step, factor)
      }
    }
    for row in 0..<rows {
      for column in 0..<result.columns {
        result.values[row * result.columns + column] /= left.values[row * rows + row]
      }
    }
    return result
  }

  private mutating func swapRows(_ a: Int, _ b: Int) {
    guard a != b else { return }
    for column in 0..<columns { values.swapAt(a * columns + column, b * columns + column) }
  }

  private mutating func subtract(_ row: Int, _ other: Int, _ factor: Double) {
    guard factor != 0 else { return }
    for column in 0..<columns { values[row * columns + column] -= factor * values[other * columns + column] }
  }
}

/// Bicubic resampling of squares with antialiasing (Keys 1981, a = -1/2), as Pillow and PyTorch's
/// `interpolate(mode="bicubic", antialias=True)` do it, for what a checkpoint keeps on a grid.
enum CubicResampling {
  /// R of y = R x, (outputs, inputs).
  static func matrix(from inputs: Int, to outputs: Int) -> SmallMatrix {
    var result = SmallMatrix(outputs, inputs)
    let scale = Double(inputs) / Double(outputs)
    let stretch = max(scale, 1)
    for output in 0..<outputs {
      let center = (Double(output) + 0.5) * scale
      let first = max(Int(center - 2 * stretch + 0.5), 0)
      let last = min(Int(center + 2 * stretch + 0.5), inputs)
      let weights = (first..<last).map { kernel((Double($0) - center + 0.5) / stretch) }
      let sum = weights.reduce(0, +)
      for (offset, weight) in weights.enumerated() {
        result.values[output * inputs + first + offset] = weight / sum
      }
    }
    return result
  }

  private static func kernel(_ position: Double) -> Double {
    let x = abs(position)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
  }

  /// Position encodings of a grid of n × n, (n², width), as those of m × m.
  static func positions(_ values: [Float], width: Int, from: Int, to: Int) -> [Float] {
    let matrix = matrix(from: from, to: to)
    var result = [Float](repeating: 0, count: to * to * width)
    for feature in 0..<width {
      let plane = SmallMatrix(from, from, (0..<from * from).map { Double(values[$0 * width + feature]) })
      let resized = matrix * plane * matrix.transposed
      for (place, value) in resized.values.enumerated() { result[place * width + feature] = Float(value) }
    }
    return result
  }

  /// Patch kernels (count, from, from) as kernels (count, to, to) that give the same embedding of a patch that was
  /// resized by R: ŵ = (Rᵀ)⁺ w on either axis, the pseudo-inverse resize of FlexiViT (Beyer et al. 2023, equation 3).
  /// Exact where patches grow; where they shrink, the nearest in the least squares over all patches.
  static func kernels(_ values: [Float], from: Int, to: Int) -> [Float] {
    let matrix = pseudoInverse(ofTransposed: matrix(from: from, to: to))
    let size = from * from
    return (0..<values.count / size).flatMap { index -> [Float] in
      let plane = SmallMatrix(from, from, values[index * size..<(index + 1) * size].map(Double.init))
      return (matrix * plane * matrix.transposed).values.map { Float($0) }
    }
  }

  /// (Rᵀ)⁺, of R's shape. A resize matrix has full rank.
  private static func pseudoInverse(ofTransposed matrix: SmallMatrix) -> SmallMatrix {
    let transposed = matrix.transposed
    if matrix.rows <= matrix.columns {
      if let result = (matrix * transposed).solve(matrix) { return result }
    } else if let result = (transposed * matrix).solve(transposed) {
      return result.transposed
    }
    fail("CubicResampling: the resize from \(matrix.columns) to \(matrix.rows) is singular")
  }
}

extension PositionTable {
  /// The table of another grid: bicubic. `exactly` takes the sine-cosine table of that grid where this is one.
  package func values(onGrid size: Int, exactly: Bool) -> [Float] {
    if size == gridSize { return values }
    if exactly, let order { return PositionEncoding(width: width, order: order).grid(size).values }
    return CubicResampling.positions(values, width: width, from: gridSize, to: size)
  }
}
