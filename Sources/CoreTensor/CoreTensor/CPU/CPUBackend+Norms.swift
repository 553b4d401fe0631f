import CKernels

// oneDNN 2.6 has no group norm, and its batch norm wants images in an order of its own; these take two passes, the
// second of which finds the numbers in the cache.
extension CPUBackend {
  public func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics
  ) {
    let (channels, plane) = (x.shape[1], x.shape[2...].reduce(1, *))
    let own = channels / groups
    rowwise(x.shape[0] * groups, columns: own * plane) { range in
      for row in range {
        let start = row * own * plane
        Self.measure([x.pointer + start], own * plane, epsilon, statistics, row)
        for channel in 0..<own {
          Self.normalize(
            x.pointer + start + channel * plane, plane, statistics, row, weight, bias,
            row % groups * own + channel, into: out.pointer + start + channel * plane)
        }
      }
    }
  }

  public func batchNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    let (batch, channels, plane) = (x.shape[0], x.shape[1], x.shape[2...].reduce(1, *))
    rowwise(channels, columns: batch * plane) { range in
      for channel in range {
        let planes = (0..<batch).map { ($0 * channels + channel) * plane }
        Self.measure(planes.map { x.pointer + $0 }, plane, epsilon, statistics, channel)
        for start in planes {
          Self.normalize(
            x.pointer + start, plane, statistics, channel, weight, bias, channel, into: out.pointer + start)
        }
      }
    }
  }

  /// The mean and inverse deviation of one row of statistics, unless they are known.
  private static func measure(
    _ planes: [UnsafeMutablePointer<Float>], _ count: Int, _ epsilon: Float, _ statistics: RowStatistics,
    _ row: Int
  ) {
    guard !statistics.areKnown, count > 0, let first = planes.first else { return }
    // Sums of differences from one of the numbers lose no digits where the mean is far from zero.
    let shift = first.pointee
    var sums = [0.0, 0.0]
    for plane in planes { chex_moments(plane, count, shift, &sums) }
    let total = Double(count * planes.count)
    let gap = sums[0] / total
    let variance = max(0, sums[1] / total - gap * gap)
    statistics.mean.pointer[row] = Float(Double(shift) + gap)
    statistics.inverse.pointer[row] = Float(1 / (variance + Double(epsilon)).squareRoot())
  }

  private static func normalize(
    _ x: UnsafePointer<Float>, _ count: Int, _ statistics: RowStatistics, _ row: Int, _ weight: Tensor?,
    _ bias: Tensor?, _ channel: Int, into out: UnsafeMutablePointer<Float>
  ) {
    let scale = statistics.inverse.pointer[row] * (weight?.pointer[channel] ?? 1)
    let shift = (bias?.pointer[channel] ?? 0) - statistics.mean.pointer[row] * scale
    chex_affine(x, scale, shift, out, count)
  }

  // MARK: Gradients

  public func groupNormGradient(
    _ x: Tensor, groups: Int, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor,
    into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let (batch, channels, plane) = (x.shape[0], x.shape[1], x.shape[2...].reduce(1, *))
    let own = channels / groups
    // Of each image and channel: Σ gradient, and Σ gradient · normalised input.
    let sums = Tensor(uninitialized: [2, batch, channels], on: CPUDevice.shared)
    let second = batch * channels
    rowwise(batch * groups, columns: own * plane) { range in
      for row in range {
        let (mean, inverse) = (statistics.mean.pointer[row], statistics.inverse.pointer[row])
        var (total, projection) = (0.0, 0.0)
        for index in row * own..<(row + 1) * own {
          let found = Self.gradientMoments(outputGradient, x, index * plane, plane, mean, inverse)
          let factor = Double(weight?.pointer[index % channels] ?? 1)
          (total, projection) = (total + factor * found.0, projection + factor * found.1)
          sums.pointer[index] = Float(found.0)
          sums.pointer[second + index] = Float(found.1)
        }
        let count = Double(own * plane)
        for index in row * own..<(row + 1) * own {
          Self.blend(
            outputGradient, x, index * plane, plane, mean, inverse, weight?.pointer[index % channels] ?? 1,
            total / count, projection / count, into: out)
        }
      }
    }
    let parts = [sums, Tensor(sharing: sums, shape: [batch, channels], start: second)]
    for (part, gradient) in zip(parts, [biasGradient, weightGradient]) {
      guard let gradient else { continue }
      reduce(
        .sum, Tensor(sharing: part, shape: [batch, channels]), over: [0],
        into: Tensor(sharing: gradient, shape: [1, channels]))
    }
  }

  public func batchNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    let (batch, channels, plane) = (x.shape[0], x.shape[1], x.shape[2...].reduce(1, *))
    rowwise(channels, columns: batch * plane) { range in
      for channel in range {
        let (mean, inverse) = (statistics.mean.pointer[channel], statistics.inverse.pointer[channel])
        let planes = (0..<batch).map { ($0 * channels + channel) * plane }
        var (total, projection) = (0.0, 0.0)
        for start in planes {
          let found = Self.gradientMoments(outputGradient, x, start, plane, mean, inverse)
          (total, projection) = (total + found.0, projection + found.1)
        }
        biasGradient?.pointer[channel] = Float(total)
        weightGradient?.pointer[channel] = Float(projection)
        let factor = weight?.pointer[channel] ?? 1
        // Statistics that were known do not depend on the input.
        let share = statistics.areKnown ? 0 : Double(factor) / Double(batch * plane)
        for start in planes {
          Self.blend(
            outputGradient, x, start, plane, mean, inverse, factor, total * share, projection * share,
            into: out)
        }
      }
    }
  }

  /// Σ gradient, and Σ gradient · normalised input, of one plane.
  private static func gradientMoments(
    _ outputGradient: Tensor, _ x: Tensor, _ start: Int, _ count: Int, _ mean: Float, _ inverse: Float
  ) -> (Double, Double) {
    var sums = [0.0, 0.0]
    chex_gradient_moments(outputGradient.pointer + start, x.pointer + start, mean, count, &sums)
    return (sums[0], sums[1] * Double(inverse))
  }

  /// out = inverse (factor · gradient - total - normalised input · projection)
  private static func blend(
    _ outputGradient: Tensor, _ x: Tensor, _ start: Int, _ count: Int, _ mean: Float, _ inverse: Float,
    _ factor: Float,
    _ total: Double, _ projection: Double, into out: Tensor
  ) {
    let gradient = -Double(inverse) * Double(inverse) * projection
    chex_blend(
      outputGradient.pointer + start, inverse * factor, x.pointer + start, Float(gradient),
      Float(-Double(inverse) * total - gradient * Double(mean)), out.pointer + start, count)
  }
}
