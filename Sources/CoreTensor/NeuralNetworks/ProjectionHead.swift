import CoreTensor

/// What a projection head's layers are normalised over.
public enum ProjectionNorm: String, Sendable, CaseIterable {
  /// Each feature over the batch, by its own statistics, with two rows or more.
  case batch
  /// Each row over its features.
  case layer

  func callAsFunction(_ x: Tensor, weight: Tensor?, bias: Tensor?) -> Tensor {
    switch self {
    case .batch: batchNorm(x, weight: weight, bias: bias)
    case .layer: layerNorm(x, weight: weight, bias: bias, epsilon: 1e-5)
    }
  }
}

/// A perceptron on pooled features (Chen et al. 2020): hidden layers without bias, each normalised with scale and shift,
/// then ReLU; the last layer normalised without either, or with a bias and no norm.
///
/// Parameters: `layers.0.weight` and on, `norms.0.weight`, `norms.0.bias` and on, and, of a last layer without norm,
/// `last.weight` and `last.bias`.
public final class ProjectionHead: Module {
  private let layers: [Parameter]
  private let norms: [(weight: Parameter, bias: Parameter)]
  private let last: Linear?
  private let norm: ProjectionNorm

  /// - Parameters:
  ///   - widths: of the input, of hidden layers and of the output; two or more.
  ///   - norm: of hidden layers, and of the last where it has one.
  ///   - normalizesLast: whether the last layer is normalised.
  ///   - initializer: of the weights.
  public init(
    _ widths: [Int], norm: ProjectionNorm, normalizesLast: Bool, initializer: inout Initializer
  ) {
    self.norm = norm
    let normed = normalizesLast ? widths : widths.dropLast()
    layers = zip(normed, normed.dropFirst()).map { initializer.truncatedNormal([$1, $0]) }
    let made = initializer
    norms = widths.dropFirst().dropLast().map { (made.constant(1, [$0]), made.constant(0, [$0])) }
    last =
      normalizesLast
      ? nil : Linear(widths[widths.count - 2], widths[widths.count - 1], initializer: &initializer)
  }

  /// (B, inputs) → (B, outputs)
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let hidden = zip(layers, norms).reduce(x) { x, layer in
      let product = linear(x, weight: layer.0.tensor, bias: nil)
      return relu(norm(product, weight: layer.1.weight.tensor, bias: layer.1.bias.tensor))
    }
    if let last { return last(hidden) }
    let product = linear(hidden, weight: layers[layers.count - 1].tensor, bias: nil)
    return norm(product, weight: nil, bias: nil)
  }

  public func visit(_ visitor: inout ParameterVisitor) {
    for (index, layer) in layers.enumerated() { visitor.parameter(layer, "layers.\(index).weight") }
    for (index, norm) in norms.enumerated() {
      visitor.parameter(norm.weight, "norms.\(index).weight")
      visitor.parameter(norm.bias, "norms.\(index).bias")
    }
    if let last { visitor.module(last, "last") }
  }
}
