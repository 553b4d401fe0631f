import CoreTensor

/// Columns with their means taken away, and √(variance + 1e-4) of each; x (M, D).
private struct Centred {
  let rows: Int
  let columns: Int
  var values: [Float]
  var deviations: [Float]
  /// Of an unbiased estimate.
  var share: Float { 1 / Float(max(rows - 1, 1)) }

  init(_ x: Tensor) {
    (rows, columns, values) = (x.shape[0], x.shape[1], x.values)
    deviations = []
    for column in 0..<columns {
      var mean: Float = 0
      for row in 0..<rows { mean += values[row * columns + column] / Float(rows) }
      var squares: Float = 0
      for row in 0..<rows {
        values[row * columns + column] -= mean
        squares += values[row * columns + column] * values[row * columns + column]
      }
      deviations.append((squares * share + 1e-4).squareRoot())
    }
  }
}

/// Mean over features of max(0, deviation - √(variance + 1e-4)): x (M, D) → one value.
public func varianceHinge(_ x: Tensor, deviation: Float) -> Tensor {
  let centred = Centred(x)
  let gaps = centred.deviations.map { max(0, deviation - $0) }
  let value = gaps.reduce(0, +) / Float(centred.columns)
  return record("varianceHinge", [x], Tensor([value], shape: [1])) { upstream in
    let scale = -upstream.scalar * centred.share / Float(centred.columns)
    let down = centred.values.enumerated().map { index, value in
      let column = index % centred.columns
      return gaps[column] > 0 ? scale * value / centred.deviations[column] : 0
    }
    x.node?.receive(Tensor(down, shape: x.shape))
  }
}

/// Σ of squared covariances of different features, divided by their number: x (M, D) → one value.
public func covariancePenalty(_ x: Tensor) -> Tensor {
  let centred = Centred(x)
  let (rows, columns) = (centred.rows, centred.columns)
  var covariances = [Float](repeating: 0, count: columns * columns)
  for row in 0..<rows {
    for first in 0..<columns {
      let factor = centred.values[row * columns + first] * centred.share
      for second in 0..<columns where second != first {
        covariances[first * columns + second] += factor * centred.values[row * columns + second]
      }
    }
  }
  let value = covariances.reduce(0) { $0 + $1 * $1 } / Float(columns)
  return record("covariancePenalty", [x], Tensor([value], shape: [1])) { [covariances] upstream in
    let scale = 4 * upstream.scalar * centred.share / Float(columns)
    var down = [Float](repeating: 0, count: rows * columns)
    for row in 0..<rows {
      for first in 0..<columns {
        let factor = scale * centred.values[row * columns + first]
        for second in 0..<columns {
          down[row * columns + second] += factor * covariances[first * columns + second]
        }
      }
    }
    x.node?.receive(Tensor(down, shape: x.shape))
  }
}
