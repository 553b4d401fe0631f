/// The seam between tensors and what computes them.
///
/// Autograd, layers and models are written on this alone. A backend must implement the primitives; every other
/// operation has a default that is made of them (`Backend+….swift`), so that a new backend is right at once and
/// becomes fast operation by operation. Outputs are given, already shaped. Operands and outputs live on the backend's
/// device; they are float32 unless an operation says otherwise. Lists of rows, places and classes are the host's.
public protocol Backend: Sendable {
  /// Where operands live.
  var device: any Device { get }
  /// How activations that only feed products are stored, and what products multiply; sums are float32 always.
  var activationType: ElementType { get }

  // MARK: Primitives: what every backend implements

  /// out = x in out's element type.
  func convert(_ x: Tensor, into out: Tensor)
  /// out = function(x), both of one shape; out may be x's memory.
  func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor)
  /// out = function(a, b), with a and b repeated to out's shape as `broadcastShape` says; out may be the memory of an
  /// operand of out's shape.
  func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor)
  /// out = a where the condition is not 0, else b; all three repeated to out's shape.
  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor)
  /// out = the sum or maximum of x over `axes`; out has x's rank, and 1 along those axes.
  func reduce(_ reduction: Reduction, _ x: Tensor, over axes: [Int], into out: Tensor)
  /// out (…, m, n) (+)= a (…, m, k) · b (…, k, n), for each index of the leading axes, which are equal. Operands have
  /// any element type and are multiplied in `activationType`; sums are float32, and so is an out that accumulates.
  ///
  /// - Parameters:
  ///   - a: the left operand.
  ///   - transposingA: a is `(…, k, m)`.
  ///   - b: the right operand.
  ///   - transposingB: b is `(…, n, k)`.
  ///   - out: the result.
  ///   - accumulate: adds to what out holds.
  func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool)
  /// Copies an array of `sizes` between places of any strides: what permutes, cuts, joins, repeats and pads. Both
  /// tensors have one element type, any; a source's stride may be 0, and no two places of the destination are one.
  func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int])
  /// out row i = x row rows[i], of any element type.
  func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor)
  /// out row rows[i] += x row i; rows must not repeat.
  func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor)

  // MARK: Products: all that follows has a default in primitives

  /// out = the product of x and a weight, and what follows it. x and out have any element type.
  ///
  /// - Parameters:
  ///   - x: `(…, k)` forward, `(…, n)` backward.
  ///   - weight: `(n, …)`, k values in each of its n rows.
  ///   - direction: forward x · weightᵀ, or backward x · weight.
  ///   - out: `(…, n)` forward, `(…, k)` backward.
  ///   - epilogue: what is done to the product before it is written.
  func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  )
  /// out (n, k) = outputGradientᵀ (n, rows) · x (rows, k): the gradient of a weight, added to what out holds where it
  /// accumulates. outputGradient and x have any element type.
  func weightGradient(_ outputGradient: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool)
  /// out (columns) = Σ over rows of x, of any element type.
  func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool)
  /// x (rows, columns) += vector (columns), for each row.
  func addRowVector(_ vector: Tensor, to x: Tensor)

  // MARK: Elementwise

  func add(_ a: Tensor, _ b: Tensor, into out: Tensor)
  /// out = factor · scalar · x; scalar (1) is 1 where there is none.
  func scale(_ x: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  /// out += factor · x
  func addScaled(_ x: Tensor, by factor: Float, into out: Tensor)
  func gelu(_ x: Tensor, into out: Tensor)
  func geluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor)
  func relu(_ x: Tensor, into out: Tensor)
  func reluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor)
  /// out = function(x) · factors, all of one shape; out may be the memory of either.
  func multiplyMapped(_ function: UnaryFunction, _ x: Tensor, by factors: Tensor, into out: Tensor)
  /// The position of the first NaN or infinity of x, of any element type.
  func firstNonFinite(_ x: Tensor) -> Int?

  // MARK: Layer norm and attention

  /// out, of any element type, is x with mean 0 and deviation 1 in each row, times weight, plus bias; the statistics of
  /// rows are written, or read where they are known.
  func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  )
  /// out = gradient, plus `residual` where there is one; weightGradient and biasGradient (columns) are overwritten.
  func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?)

  /// Softmax attention. Operands and out, `(B, T, heads · width)`, share one element type; log Σ exp of each query's
  /// scores, `(B, heads, T)`, is kept for the backward pass.
  func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor)
  /// The gradients are laid out as the operands; that of every query, key and value is written. `out` and `logSums` are
  /// what `attention` wrote.
  func attentionGradient(
    _ operands: AttentionOperands, out: Tensor, logSums: Tensor, outputGradient: Tensor,
    into gradients: AttentionOperands)

  /// out = e^x over its sum along an axis.
  func softmax(_ x: Tensor, axis: Int, into out: Tensor)
  /// inputGradient = the gradient of softmax's input, given its output.
  func softmaxGradient(_ out: Tensor, outputGradient: Tensor, axis: Int, into inputGradient: Tensor)

  // MARK: Images

  /// images (B, C, S, S) → out (B·K, C·P·P): the listed patches of each image.
  func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor)

  /// out (B, O, H', W') = x (B, C, H, W) met by weight (O, C / groups, h, w) at each place of its window, plus bias
  /// (O). x and weight are multiplied in `activationType`, as in what follows.
  func convolution(
    _ x: Tensor, weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into out: Tensor)
  /// out (B, C, H, W) = the gradient of x, given that of the outputs; also what a transposed convolution computes.
  func convolutionInputGradient(
    _ outputGradient: Tensor, weight: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor)
  /// out (O, C / groups, h, w) = the gradient of the weight, added to what out holds where it accumulates.
  func convolutionWeightGradient(
    _ outputGradient: Tensor, _ x: Tensor, _ geometry: ConvolutionGeometry, into out: Tensor, accumulate: Bool
  )

  /// out (B, C, …) is x with mean 0 and deviation 1 in each group of channels of each image, times weight (C), plus
  /// bias (C); the statistics of images' groups, B · groups of them, are written.
  func groupNorm(
    _ x: Tensor, groups: Int, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor,
    _ statistics: RowStatistics)
  /// out = the gradient of x; weightGradient and biasGradient (C) are overwritten.
  func groupNormGradient(
    _ x: Tensor, groups: Int, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor,
    into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?)
  /// The same for each channel over the whole batch; the statistics of channels are written, or read where they are
  /// known.
  func batchNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  )
  /// As of `groupNorm`; statistics that were known do not depend on x.
  func batchNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, into out: Tensor,
    weightGradient: Tensor?, biasGradient: Tensor?)

  /// out (B, C, H', W') = the largest number of each window of x (B, C, H, W), `kernel` high and wide; what lies
  /// beyond an image is smaller than any.
  func maxPool(_ x: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry, into out: Tensor)
  /// inputGradient = the gradient of x, which the first of a window's equal largest numbers gets.
  func maxPoolGradient(
    _ x: Tensor, _ out: Tensor, outputGradient: Tensor, kernel: [Int], _ geometry: ConvolutionGeometry,
    into inputGradient: Tensor)

  /// out (B, C, H', W') = x (B, C, H, W) at the places that `ResizePlaces` says.
  func resize(_ x: Tensor, _ mode: ResizeMode, into out: Tensor)
  /// out (B, C, H, W) = the gradient of x.
  func resizeGradient(_ outputGradient: Tensor, _ mode: ResizeMode, into out: Tensor)

  // MARK: Losses and the optimiser

  /// mean (1) = mean of (a - b)²
  func meanSquaredError(_ a: Tensor, _ b: Tensor, into mean: Tensor)
  /// out = factor · scalar · (a - b); scalar (1) is 1 where there is none.
  func difference(_ a: Tensor, _ b: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  /// mean (1) = mean over rows of logits (rows, classes) whose class is known of -log softmax at the class, 0 where
  /// none is; gradient, of the logits' shape, is that of the sum, 0 in the other rows.
  func softmaxCrossEntropy(_ logits: Tensor, classes: [Int?], into mean: Tensor, gradient: Tensor)
  /// mean (1) = mean over known targets, one for each logit, of -log of the chance that the logit's logistic gives the
  /// target, 0 where none is; gradient is that of the sum, 0 where a target is not known.
  func binaryCrossEntropy(_ logits: Tensor, targets: [Bool?], into mean: Tensor, gradient: Tensor)

  /// What an update needs to know of all gradients together, without the host reading any of it: out (3) is their norm
  /// √Σ g² times `share`; the factor on each gradient, which is `share`, or less where the norm exceeds `clipNorm`; and
  /// 1 where the norm and all of `losses` are finite, else 0.
  /// - Parameters:
  ///   - gradients: of all parameters that have one.
  ///   - losses: one tensor of any shape, or none.
  ///   - share: 1/n after n accumulated backward passes.
  ///   - clipNorm: 0 for never.
  ///   - out: `(3)`.
  func gradientScale(
    _ gradients: [Tensor], losses: Tensor?, share: Double, clipNorm: Double, into out: Tensor)
  /// Updates parameters and moments, and lets averages follow. Nothing changes where `scale`, as `gradientScale` leaves
  /// it, says that the step is not finite.
  func adamW(_ updates: [ParameterUpdate], _ step: AdamWStep, scale: Tensor)
}

extension Backend {
  /// A tensor of this backend's device whose values are yet to be written.
  public func empty(_ shape: [Int], as type: ElementType = .float32) -> Tensor {
    Tensor(uninitialized: shape, as: type, on: device)
  }
  /// out = factor · x
  func scale(_ x: Tensor, by factor: Float, into out: Tensor) {
    scale(x, by: factor, times: nil, into: out)
  }
}
