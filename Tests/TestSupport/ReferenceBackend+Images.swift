import CoreTensor

// Norms of images and resizing by their definitions, in double.
extension ReferenceBackend {
  public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    normalize(x, { $0 * groups + $1 / (x.shape[1] / groups) }, weight, bias, epsilon, into: out, statistics)
  }

  public func groupNormGradient(
    _ x: Tensor, groups: Int, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor,
    into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    normalizeGradient(
      x, { $0 * groups + $1 / (x.shape[1] / groups) }, weight, statistics, outputGradient, into: out,
      weightGradient,
      biasGradient)
  }

  public func batchNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    normalize(x, { $1 }, weight, bias, epsilon, into: out, statistics)
  }

  public func batchNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    normalizeGradient(x, { $1 }, weight, statistics, outputGradient, into: out, weightGradient, biasGradient)
  }

  /// - Parameter row: of an image and a channel, whose statistics they have.
  private func normalize(
    _ x: Tensor, _ row: (_ image: Int, _ channel: Int) -> Int, _ weight: Tensor?, _ bias: Tensor?,
    _ epsilon: Float,
    into out: Tensor, _ statistics: RowStatistics
  ) {
    let values = x.values.map(Double.init)
    let (rows, channels) = places(x, row)
    if !statistics.areKnown {
      let means = self.means(values, rows, statistics.mean.count)
      let squares = values.indices.map { (values[$0] - means[rows[$0]]) * (values[$0] - means[rows[$0]]) }
      write(means, to: statistics.mean)
      write(
        self.means(squares, rows, statistics.mean.count).map { 1 / ($0 + Double(epsilon)).squareRoot() },
        to: statistics.inverse)
    }
    let (means, scales) = (statistics.mean.values, statistics.inverse.values)
    let (weights, shifts) = (weight?.values, bias?.values)
    write(
      values.indices.map { place in
        let normal = (values[place] - Double(means[rows[place]])) * Double(scales[rows[place]])
        return normal * Double(weights?[channels[place]] ?? 1) + Double(shifts?[channels[place]] ?? 0)
      }, to: out)
  }

  private func normalizeGradient(
    _ x: Tensor, _ row: (_ image: Int, _ channel: Int) -> Int, _ weight: Tensor?, _ statistics: RowStatistics,
    _ outputGradient: Tensor, into out: Tensor, _ weightGradient: Tensor?, _ biasGradient: Tensor?
  ) {
    let (rows, channels) = places(x, row)
    let (means, scales) = (statistics.mean.values, statistics.inverse.values)
    let (up, weights) = (outputGradient.values.map(Double.init), weight?.values)
    let normal = x.values.enumerated().map { place, value in
      (Double(value) - Double(means[rows[place]])) * Double(scales[rows[place]])
    }
    let gradients = up.indices.map { up[$0] * Double(weights?[channels[$0]] ?? 1) }
    let products = gradients.indices.map { gradients[$0] * normal[$0] }
    let (average, projection) = (
      self.means(gradients, rows, means.count), self.means(products, rows, means.count)
    )
    write(
      gradients.indices.map { place in
        let row = rows[place]
        let around = statistics.areKnown ? 0 : average[row] + normal[place] * projection[row]
        return Double(scales[row]) * (gradients[place] - around)
      }, to: out)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: x.shape[1]), count: 2)
    for place in up.indices {
      sums[0][channels[place]] += up[place] * normal[place]
      sums[1][channels[place]] += up[place]
    }
    if let weightGradient { write(sums[0], to: weightGradient) }
    if let biasGradient { write(sums[1], to: biasGradient) }
  }

  /// The row of statistics, and the channel, of every number.
  private func places(_ x: Tensor, _ row: (Int, Int) -> Int) -> (rows: [Int], channels: [Int]) {
    let plane = x.shape[2...].reduce(1, *)
    let channels = (0..<x.count).map { $0 / plane % x.shape[1] }
    return (channels.enumerated().map { row($0 / (plane * x.shape[1]), $1) }, channels)
  }

  private func means(_ values: [Double], _ rows: [Int], _ count: Int) -> [Double] {
    var (sums, counts) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    for (value, row) in zip(values, rows) {
      sums[row] += value
      counts[row] += 1
    }
    return zip(sums, counts).map { $0 / $1 }
  }

  // MARK: Resizing

  public func resize(_ x: Tensor, _ mode: ResizeMode, into out: Tensor) {
    let values = x.values
    var results = [Double](repeating: 0, count: out.count)
    eachShare(x.shape, out.shape, mode) { results[$1] += $2 * Double(values[$0]) }
    write(results, to: out)
  }

  public func resizeGradient(_ outputGradient: Tensor, _ mode: ResizeMode, into out: Tensor) {
    let values = outputGradient.values
    var results = [Double](repeating: 0, count: out.count)
    eachShare(out.shape, outputGradient.shape, mode) { results[$0] += $2 * Double(values[$1]) }
    write(results, to: out)
  }

  /// Every pixel that a resized pixel is made of, and its share.
  private func eachShare(
    _ input: [Int], _ output: [Int], _ mode: ResizeMode, _ body: (_ input: Int, _ output: Int, Double) -> Void
  ) {
    func neighbours(_ index: Int, _ size: Int, _ newSize: Int) -> [(Int, Double)] {
      let scale = Double(size) / Double(newSize)
      if mode == .nearest { return [(min(size - 1, Int(Double(index) * scale)), 1)] }
      let place = max(0, (Double(index) + 0.5) * scale - 0.5)
      let share = place - place.rounded(.down)
      return [(Int(place), 1 - share), (min(Int(place) + 1, size - 1), share)]
    }
    for place in 0..<output.reduce(1, *) {
      let (column, row, plane) = (
        place % output[3], place / output[3] % output[2], place / output[3] / output[2]
      )
      for (y, vertical) in neighbours(row, input[2], output[2]) {
        for (x, horizontal) in neighbours(column, input[3], output[3]) {
          body((plane * input[2] + y) * input[3] + x, place, vertical * horizontal)
        }
      }
    }
  }

  // MARK: Pools

  public func maxPool(_ x: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry, into out: Tensor) {
    let values = x.values
    write(largest(x, kernel, geometry, out.shape).map { Double(values[$0]) }, to: out)
  }

  public func maxPoolGradient(
    _ x: Tensor, _ out: Tensor, outputGradient: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry,
    into inputGradient: Tensor
  ) {
    var sums = [Double](repeating: 0, count: inputGradient.count)
    for (place, gradient) in zip(largest(x, kernel, geometry, out.shape), outputGradient.values) {
      sums[place] += Double(gradient)
    }
    write(sums, to: inputGradient)
  }

  /// The place of the first largest value of every window.
  private func largest(_ x: Tensor, _ kernel: [Int], _ geometry: ConvolutionGeometry, _ output: [Int])
    -> [Int]
  {
    let values = x.values
    return (0..<output.reduce(1, *)).map { place in
      let (column, row, plane) = (
        place % output[3], place / output[3] % output[2], place / output[3] / output[2]
      )
      var best: Int?
      for y in 0..<kernel[0] {
        for z in 0..<kernel[1] {
          let line = row * geometry.stride[0] + y - geometry.padding[0]
          let pixel = column * geometry.stride[1] + z - geometry.padding[1]
          guard 0..<x.shape[2] ~= line, 0..<x.shape[3] ~= pixel else { continue }
          let candidate = (plane * x.shape[2] + line) * x.shape[3] + pixel
          if best.map({ values[candidate] > values[$0] }) ?? true { best = candidate }
        }
      }
      return best!
    }
  }
}
