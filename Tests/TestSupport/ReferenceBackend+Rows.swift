import CoreTensor

extension ReferenceBackend {
  public func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    let (rows, columns) = sides(x)
    var result: [Double] = []
    for row in 0..<rows {
      let values = (0..<columns).map { Double(x.pointer[row * columns + $0]) }
      if !statistics.areKnown {
        let average = values.reduce(0, +) / Double(columns)
        let variance = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(columns)
        statistics.mean.pointer[row] = Float(average)
        statistics.inverse.pointer[row] = Float(1 / (variance + Double(epsilon)).squareRoot())
      }
      let (average, scale) = (Double(statistics.mean.pointer[row]), Double(statistics.inverse.pointer[row]))
      for column in 0..<columns {
        let factor = weight.map { Double($0.pointer[column]) } ?? 1
        let shift = bias.map { Double($0.pointer[column]) } ?? 0
        result.append((values[column] - average) * scale * factor + shift)
      }
    }
    write(result, to: out)
  }

  public func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let (rows, columns) = sides(x)
    let outputGradient = outputGradient.values
    var (weightSums, biasSums) = (
      [Double](repeating: 0, count: columns), [Double](repeating: 0, count: columns)
    )
    for row in 0..<rows {
      let (average, scale) = (Double(statistics.mean.pointer[row]), Double(statistics.inverse.pointer[row]))
      let normal = (0..<columns).map { (Double(x.pointer[row * columns + $0]) - average) * scale }
      let up = (0..<columns).map { Double(outputGradient[row * columns + $0]) }
      let gradient = (0..<columns).map { column -> Double in
        guard let weight else { return up[column] }
        return up[column] * Double(weight.pointer[column])
      }
      let meanGradient = gradient.reduce(0, +) / Double(columns)
      let projection = zip(gradient, normal).reduce(0.0) { $0 + $1.0 * $1.1 } / Double(columns)
      for column in 0..<columns {
        let around = residual.map { Double($0.pointer[row * columns + column]) } ?? 0
        out.pointer[row * columns + column] = Float(
          around + scale * (gradient[column] - meanGradient - normal[column] * projection))
        weightSums[column] += up[column] * normal[column]
        biasSums[column] += up[column]
      }
    }
    for column in 0..<columns {
      weightGradient?.pointer[column] = Float(weightSums[column])
      biasGradient?.pointer[column] = Float(biasSums[column])
    }
  }

  public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let columns = sides(out).columns
    let values = x.values
    write(rows.flatMap { row in values[row * columns..<(row + 1) * columns].map(Double.init) }, to: out)
  }

  public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    let columns = sides(x).columns
    for (row, target) in rows.enumerated() {
      for column in 0..<columns {
        out.pointer[target * columns + column] += x.pointer[row * columns + column]
      }
    }
  }

  public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor) {
    let (channels, side) = (images.shape[1], images.shape[3])
    let grid = side / patchSize
    var position = 0
    for (image, list) in patches.enumerated() {
      for patch in list {
        for channel in 0..<channels {
          for row in 0..<patchSize {
            for column in 0..<patchSize {
              let y = patch / grid * patchSize + row
              let x = patch % grid * patchSize + column
              out.pointer[position] = images.pointer[((image * channels + channel) * side + y) * side + x]
              position += 1
            }
          }
        }
      }
    }
  }
}
