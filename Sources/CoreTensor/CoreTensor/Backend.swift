/// The seam between tensors and what computes them.
///
/// Some thirty coarse operations on whole tensors; autograd, layers and models are written on these alone. The
/// processor's backend is one implementation, the naive reference that tests compare with is another.
/// Outputs are given, already shaped; `accumulate` adds to what an output holds.
public protocol Backend: Sendable {
  /// out (m, n) = op(a) · op(b), where op transposes if asked; all row-major.
  func multiply(
    _ a: Tensor, transposed: Bool, _ b: Tensor, transposed: Bool, into out: Tensor, _ sizes: ProductSizes,
    accumulate: Bool)
  /// x (rows, columns) += vector (columns), for each row.
  func addRowVector(_ vector: Tensor, to x: Tensor)
  /// out (columns) = Σ over rows of x.
  func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool)

  func add(_ a: Tensor, _ b: Tensor, into out: Tensor)
  func scale(_ x: Tensor, by factor: Float, into out: Tensor)
  func addScaled(_ x: Tensor, by factor: Float, into out: Tensor)
  func gelu(_ x: Tensor, into out: Tensor)
  func geluGradient(_ x: Tensor, _ upstream: Tensor, into out: Tensor)
  func relu(_ x: Tensor, into out: Tensor)
  func reluGradient(_ x: Tensor, _ upstream: Tensor, into out: Tensor)
  func firstNonFinite(_ x: Tensor) -> Int?

  /// mean and inverse have one value a row.
  func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, mean: Tensor,
    inverse: Tensor)
  /// weightGradient and biasGradient (columns) are overwritten.
  func layerNormGradient(
    _ x: Tensor, weight: Tensor?, mean: Tensor, inverse: Tensor, upstream: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?)

  /// Softmax attention. projected (B, N, 3, heads, h), out (B, N, heads·h), logSums (B, heads, N).
  func attention(_ projected: Tensor, _ sizes: AttentionSizes, into out: Tensor, logSums: Tensor)
  func attentionGradient(
    _ projected: Tensor, _ sizes: AttentionSizes, output: Tensor, logSums: Tensor, upstream: Tensor,
    into out: Tensor)

  /// out row i = x row rows[i].
  func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor)
  /// out row rows[i] += x row i; rows must not repeat.
  func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor)
  /// Copies a block of `rows × columns` between two row-major arrays.
  func copyBlock(
    _ x: Tensor, _ from: BlockPlace, to out: Tensor, _ place: BlockPlace, rows: Int, columns: Int)
  /// images (B, C, S, S) → out (B·K, C·P·P): the listed patches of each image.
  func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor)

  /// Σ (a - b)²
  func squaredError(_ a: Tensor, _ b: Tensor) -> Double
  /// out = factor · (a - b)
  func difference(_ a: Tensor, _ b: Tensor, by factor: Float, into out: Tensor)
  func sumOfSquares(_ x: Tensor) -> Double

  func adamW(_ parameter: Tensor, gradient: Tensor, first: Tensor, second: Tensor, _ step: AdamWStep)
  /// out = keep · out + (1 - keep) · x
  func movingAverage(_ x: Tensor, keep: Float, into out: Tensor)
}

/// Sizes of a matrix product: (m, k) · (k, n) → (m, n).
public struct ProductSizes: Sendable, Equatable {
  public let m: Int
  public let n: Int
  public let k: Int
  public init(m: Int, n: Int, k: Int) {
    self.m = m
    self.n = n
    self.k = k
  }
}

public struct AttentionSizes: Sendable, Equatable {
  public let batch: Int
  public let tokens: Int
  public let heads: Int
  /// Width of a head.
  public let width: Int
  public init(batch: Int, tokens: Int, heads: Int, width: Int) {
    self.batch = batch
    self.tokens = tokens
    self.heads = heads
    self.width = width
  }
}

/// Where a block of rows begins in an array: first value, and distance between rows.
public struct BlockPlace: Sendable, Equatable {
  public let start: Int
  public let stride: Int
  public init(start: Int, stride: Int) {
    self.start = start
    self.stride = stride
  }
}

/// The numbers of one AdamW update (Loshchilov and Hutter 2019, as PyTorch states it).
public struct AdamWStep: Sendable, Equatable {
  public var learningRate: Double
  public var beta1: Double
  public var beta2: Double
  public var epsilon: Double
  public var weightDecay: Double
  /// Updates done, this one included.
  public var count: Int
  /// Factor on gradients before use: below 1 where the norm is clipped.
  public var gradientScale: Double

  public init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, count: Int,
    gradientScale: Double
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.count = count
    self.gradientScale = gradientScale
  }
}
