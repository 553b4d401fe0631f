/// Applies a one-input operation whose gradient is written whole.
private func unary(
  _ name: String, _ x: Tensor, _ backend: any Backend, forward: (Tensor) -> Void,
  gradient: @escaping (Tensor, Tensor) -> Void
) -> Tensor {
  let out = backend.empty(x.shape)
  forward(out)
  let source = x.receiver
  return differentiable(name, [x], out) { outputGradient in
    let inputGradient = backend.empty(source.shape)
    gradient(outputGradient, inputGradient)
    source.node?.receive(inputGradient)
  }
}

/// x Φ(x), the exact Gaussian error linear unit (Hendrycks and Gimpel 2016).
public func gelu(_ x: Tensor) -> Tensor {
  let backend = Compute.backend("gelu", x)
  return unary("gelu", x, backend) {
    backend.gelu(x, into: $0)
  } gradient: {
    backend.geluGradient(x, $0, into: $1)
  }
}

/// max(x, 0)
public func relu(_ x: Tensor) -> Tensor {
  let backend = Compute.backend("relu", x)
  return unary("relu", x, backend) {
    backend.relu(x, into: $0)
  } gradient: {
    backend.reluGradient(x, $0, into: $1)
  }
}

extension Tensor {
  /// Elementwise sum; shapes are matched as `broadcastShape` says.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    guard a.shape == b.shape else { return broadcastSum(a, b) }
    let backend = Compute.backend("add", a, b)
    let out = backend.empty(a.shape)
    backend.add(a, b, into: out)
    let (left, right) = (a.node, b.node)
    return differentiable("add", [a, b], out) { outputGradient in
      left?.receive(outputGradient)
      right?.receive(outputGradient)
    }
  }

  /// Every value times `factor`.
  public static func * (x: Tensor, factor: Float) -> Tensor {
    let backend = Compute.backend("scale", x)
    return unary("scale", x, backend) {
      backend.scale(x, by: factor, into: $0)
    } gradient: {
      backend.scale($0, by: factor, into: $1)
    }
  }
}

/// Adds `vector` (D) to each row of x (…, D).
public func addRowVector(_ x: Tensor, _ vector: Tensor) -> Tensor {
  require(vector.count == x.columns, "addRowVector: input \(x.shape), vector \(vector.shape)")
  let backend = Compute.backend("addRowVector", x, vector)
  let out = x.copied()
  backend.addRowVector(vector, to: out)
  let source = x.receiver
  return differentiable("addRowVector", [x, vector], out) { outputGradient in
    source.node?.receive(outputGradient)
    vector.node?.receive(shape: vector.shape) { backend.sumRows(outputGradient, into: $0, accumulate: $1) }
  }
}

/// Mean of (prediction - target)² over all values. Gradients flow to both; a target that should get none is detached.
/// - Returns: one value.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  require(
    prediction.shape == target.shape, "meanSquaredError: shapes \(prediction.shape) and \(target.shape)")
  let backend = Compute.backend("meanSquaredError", prediction, target)
  let scale = 1 / Float(prediction.count)
  let mean = backend.empty([1])
  backend.meanSquaredError(prediction, target, into: mean)
  return differentiable("meanSquaredError", [prediction, target], mean) { outputGradient in
    for (node, sign) in [(prediction.node, Float(1)), (target.node, -1)] {
      guard let node else { continue }
      let inputGradient = backend.empty(prediction.shape)
      backend.difference(prediction, target, by: 2 * sign * scale, times: outputGradient, into: inputGradient)
      node.receive(inputGradient)
    }
  }
}

/// Layer normalisation over the last axis (Ba et al. 2016).
/// - Parameters:
///   - x: `(…, D)`.
///   - weight: scale `(D)`; nil for none, as for target features.
///   - bias: shift `(D)`; given exactly where `weight` is.
///   - epsilon: added to variances.
/// - Returns: x's shape.
public func layerNorm(_ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float) -> Tensor {
  require(
    (weight == nil) == (bias == nil) && weight.map { $0.count == x.columns } ?? true,
    "layerNorm: input \(x.shape), weight \(weight?.shape ?? []), bias \(bias?.shape ?? [])")
  let backend = Compute.backend("layerNorm", x, weight, bias)
  let out = backend.empty(x.shape)
  let statistics = RowStatistics(rows: x.rows, on: x.device)
  backend.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
  return differentiable("layerNorm", [x, weight, bias].compactMap { $0 }, out) { outputGradient in
    let inputGradient = backend.empty(x.shape)
    let learns = weight?.node != nil || bias?.node != nil
    let weightGradient = learns ? weight.map { backend.empty($0.shape) } : nil
    let biasGradient = learns ? bias.map { backend.empty($0.shape) } : nil
    backend.layerNormGradient(
      x, weight: weight, statistics, outputGradient: outputGradient, residual: nil, into: inputGradient,
      weightGradient: weightGradient, biasGradient: biasGradient)
    x.node?.receive(inputGradient)
    if let weightGradient, let biasGradient {
      weight?.node?.receive(weightGradient)
      bias?.node?.receive(biasGradient)
    }
  }
}
