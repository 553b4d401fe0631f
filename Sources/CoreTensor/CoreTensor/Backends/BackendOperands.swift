// What operations of a backend take beside tensors.

/// Which way a dense layer is passed.
public enum ProductDirection: Sendable, Hashable {
  /// x (rows, k) · weightᵀ (k, n)
  case forward
  /// outputGradient (rows, n) · weight (n, k)
  case backward
}

/// What follows a product while its result is still in the cache.
public enum ProductEpilogue: Sendable {
  case none
  /// out += bias
  case bias(Tensor)
  /// out = residual + (product + bias); out and residual are float32.
  case biasResidual(Tensor, residual: Tensor)
  /// activated = gelu(product + bias). `activated` has out's element type; out keeps the sum unless it is `activated`.
  case biasGELU(Tensor, activated: Tensor)
  /// out = product ∘ gelu'(x), activated = gelu(x). All have one element type.
  case geluGradient(at: Tensor, activated: Tensor)
}

/// Mean and inverse deviation of each row.
public struct RowStatistics: Sendable {
  public let mean: Tensor
  public let inverse: Tensor
  /// Whether they hold the rows' values already.
  public var areKnown = false

  public init(rows: Int, on device: any Device) {
    mean = Tensor(uninitialized: [rows], on: device)
    inverse = Tensor(uninitialized: [rows], on: device)
  }
  public var known: RowStatistics {
    var copy = self
    copy.areKnown = true
    return copy
  }
}

/// Queries, keys and values of all heads, as columns of what a product made.
public struct AttentionOperands: Sendable {
  /// `(B, T, …)`, from column `query` on the queries of all heads.
  public var queries: Tensor
  /// `(B, N, …)`, from columns `key` and `value` on.
  public var keysValues: Tensor
  public var query = 0
  public var key: Int
  public var value: Int
  public let heads: Int
  /// Width of a head.
  public let width: Int

  /// All three side by side, `(B, N, 3 · heads · width)`.
  public init(projected: Tensor, heads: Int) {
    let model = projected.shape[2] / 3
    (queries, keysValues) = (projected, projected)
    (key, value) = (model, 2 * model)
    (self.heads, width) = (heads, model / heads)
  }

  /// Queries `(B, T, heads · width)`; keys and values side by side, `(B, N, 2 · heads · width)`.
  public init(queries: Tensor, keysValues: Tensor, heads: Int) {
    (self.queries, self.keysValues) = (queries, keysValues)
    (key, value) = (0, queries.shape[2])
    (self.heads, width) = (heads, queries.shape[2] / heads)
  }

  public var batch: Int { queries.shape[0] }
  public var queryCount: Int { queries.shape[1] }
  public var keyCount: Int { keysValues.shape[1] }
  /// Of scores before the softmax.
  public var scale: Float { 1 / Float(width).squareRoot() }
}

/// What `Backend.gradientScale` found, on the device.
public struct GradientScale: @unchecked Sendable {
  /// `(3)`: norm, factor, verdict.
  public let tensor: Tensor
  public init(_ tensor: Tensor) { self.tensor = tensor }

  /// The factor on each gradient, `(1)`.
  public var factor: Tensor { Tensor(sharing: tensor, shape: [1], start: 1) }
  /// 1 where the step is finite, else 0: then nothing may change; `(1)`.
  public var isFinite: Tensor { Tensor(sharing: tensor, shape: [1], start: 2) }
}

/// The numbers of one AdamW step that all parameters share (Loshchilov and Hutter 2019, as PyTorch states it).
public struct AdamWStep: Sendable, Equatable {
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  /// Updates done, this one included.
  public var count: Int
  /// Share τ that an average keeps of itself: θ' ← τ θ' + (1 - τ) θ.
  public var averageDecay: Double

  public init(beta1: Double, beta2: Double, epsilon: Double, count: Int, averageDecay: Double = 1) {
    (self.beta1, self.beta2, self.epsilon) = (beta1, beta2, epsilon)
    (self.count, self.averageDecay) = (count, averageDecay)
  }
}

/// What one parameter's update reads and writes; all tensors are float32 of the parameter's shape.
public struct ParameterUpdate: Sendable {
  public let parameter: Tensor
  /// Nil where none was received: the parameter and its moments stay, and its average follows.
  public let gradient: Tensor?
  /// Moments of gradients and of their squares.
  public let first: Tensor
  public let second: Tensor
  /// Follows the parameter by exponential moving average; nil for none.
  public let average: Tensor?
  public let learningRate: Double
  /// Decoupled.
  public let weightDecay: Double

  public init(
    parameter: Tensor, gradient: Tensor?, first: Tensor, second: Tensor, average: Tensor?,
    learningRate: Double, weightDecay: Double
  ) {
    (self.parameter, self.gradient, self.first, self.second) = (parameter, gradient, first, second)
    (self.average, self.learningRate, self.weightDecay) = (average, learningRate, weightDecay)
  }
}
