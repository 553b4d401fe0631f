import Dispatch
import Foundation

/// Takes the time of every primitive of another backend, and counts what it computes and moves.
///
/// Primitives follow one another, so their times add up to the computation but for what lies between them.
public final class ProfilingBackend: Backend, @unchecked Sendable {
  /// What one kind of operation took.
  public struct Entry: Sendable, Equatable, Codable {
    public var calls = 0
    public var nanoseconds: UInt64 = 0
    /// Additions and multiplications; a function such as e^x counts as ten.
    public var operations = 0.0
    /// Those of matrix products, attention's included.
    public var productOperations = 0.0
    /// Bytes of operands and results, each once.
    public var bytes = 0.0
  }

  /// A matrix product: (m, k) · (k, n).
  public struct Product: Sendable, Hashable {
    public let m: Int
    public let n: Int
    public let k: Int
    public let kind: Kind
  }

  public enum Kind: String, Sendable, CaseIterable {
    case forward = "product, forward"
    case backward = "product, backward"
    case weightGradient = "product, weight gradient"
    case attention
    case attentionGradient = "attention, backward"
    case convolution
    case convolutionGradient = "convolution, backward"
    case imageNorm = "group and batch norm"
    case resizing = "pools and resizing"
    case layerNorm = "layer norm"
    case layerNormGradient = "layer norm, backward"
    case rowSums = "sums over rows"
    case conversion
    case elementwise
    case moving = "gathering and copying"
    case patches = "cutting patches"
    case loss
    case gradientNorm = "gradient norm"
    case update = "AdamW and moving average"
  }

  let inner: any Backend
  private let lock = NSLock()
  private var recorded: [Kind: Entry] = [:]
  private var seen: [Product: Int] = [:]

  public init(_ inner: any Backend) { self.inner = inner }

  public var device: any Device { inner.device }
  public var activationType: ElementType { inner.activationType }
  public var entries: [Kind: Entry] { lock.withLock { recorded } }
  /// How often each shape of matrix product was computed, those of attention left out.
  public var products: [Product: Int] { lock.withLock { seen } }

  /// Forgets everything.
  public func reset() {
    lock.withLock {
      recorded = [:]
      seen = [:]
    }
  }

  func measure<Result>(
    _ kind: Kind, operations: Int, products: Int = 0, _ tensors: [Tensor?], _ body: () -> Result
  ) -> Result {
    let start = DispatchTime.now().uptimeNanoseconds
    let result = body()
    let spent = DispatchTime.now().uptimeNanoseconds - start
    let bytes = tensors.reduce(0) { $0 + ($1.map { $0.count * $0.elementType.byteCount } ?? 0) }
    lock.withLock {
      var entry = recorded[kind] ?? Entry()
      entry.calls += 1
      entry.nanoseconds += spent
      entry.operations += Double(operations + products)
      entry.productOperations += Double(products)
      entry.bytes += Double(bytes)
      recorded[kind] = entry
    }
    return result
  }

  func multiplied(_ product: Product) -> Int {
    lock.withLock { seen[product, default: 0] += 1 }
    return 2 * product.m * product.n * product.k
  }

  // MARK: Products and attention

  public func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  ) {
    let outputs = weight.shape[0]
    let inputs = weight.count / outputs
    let (k, n) = direction == .forward ? (inputs, outputs) : (outputs, inputs)
    let kind: Kind = direction == .forward ? .forward : .backward
    let products = multiplied(Product(m: x.count / k, n: n, k: k, kind: kind))
    measure(
      kind, operations: epilogue.operations * out.count, products: products,
      [x, weight, out] + epilogue.tensors
    ) {
      inner.product(x, weight, direction, into: out, then: epilogue)
    }
  }
  public func weightGradient(_ outputGradient: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool) {
    let n = outputGradient.columns
    let rows = outputGradient.count / n
    let products = multiplied(Product(m: n, n: x.count / rows, k: rows, kind: .weightGradient))
    measure(.weightGradient, operations: 0, products: products, [outputGradient, x, out]) {
      inner.weightGradient(outputGradient, x, into: out, accumulate: accumulate)
    }
  }
  public func attention(_ operands: AttentionOperands, into out: Tensor, logSums: Tensor) {
    let scores = operands.batch * operands.heads * operands.queryCount * operands.keyCount
    measure(
      .attention, operations: 14 * scores, products: 4 * operands.width * scores,
      operands.tensors + [out, logSums]
    ) {
      inner.attention(operands, into: out, logSums: logSums)
    }
  }
  public func attentionGradient(
    _ operands: AttentionOperands, out: Tensor, logSums: Tensor, outputGradient: Tensor,
    into gradients: AttentionOperands
  ) {
    let scores = operands.batch * operands.heads * operands.queryCount * operands.keyCount
    measure(
      .attentionGradient, operations: 18 * scores, products: 10 * operands.width * scores,
      operands.tensors + gradients.tensors + [out, logSums, outputGradient]
    ) {
      inner.attentionGradient(
        operands, out: out, logSums: logSums, outputGradient: outputGradient, into: gradients)
    }
  }

  // MARK: Rows

  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    measure(.rowSums, operations: x.count, [x, out]) { inner.sumRows(x, into: out, accumulate: accumulate) }
  }
  public func addRowVector(_ vector: Tensor, to x: Tensor) {
    measure(.elementwise, operations: x.count, [x, x, vector]) { inner.addRowVector(vector, to: x) }
  }
  public func layerNorm(
    _ x: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Float, into out: Tensor, _ statistics: RowStatistics
  ) {
    measure(.layerNorm, operations: (statistics.areKnown ? 4 : 8) * x.count, [x, out]) {
      inner.layerNorm(x, weight: weight, bias: bias, epsilon: epsilon, into: out, statistics)
    }
  }
  public func layerNormGradient(
    _ x: Tensor, weight: Tensor?, _ statistics: RowStatistics, outputGradient: Tensor, residual: Tensor?,
    into out: Tensor, weightGradient: Tensor?, biasGradient: Tensor?
  ) {
    measure(.layerNormGradient, operations: 16 * x.count, [x, outputGradient, residual, out]) {
      inner.layerNormGradient(
        x, weight: weight, statistics, outputGradient: outputGradient, residual: residual, into: out,
        weightGradient: weightGradient, biasGradient: biasGradient)
    }
  }

  // MARK: Elementwise

  public func convert(_ x: Tensor, into out: Tensor) {
    measure(.conversion, operations: 0, [x, out]) { inner.convert(x, into: out) }
  }
  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) {
    measure(.elementwise, operations: out.count, [a, b, out]) { inner.add(a, b, into: out) }
  }
  public func scale(_ x: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor) {
    measure(.elementwise, operations: out.count, [x, out]) {
      inner.scale(x, by: factor, times: scalar, into: out)
    }
  }
  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    measure(.elementwise, operations: 2 * out.count, [x, out, out]) {
      inner.addScaled(x, by: factor, into: out)
    }
  }
  public func gelu(_ x: Tensor, into out: Tensor) {
    measure(.elementwise, operations: 25 * out.count, [x, out]) { inner.gelu(x, into: out) }
  }
  public func geluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    measure(.elementwise, operations: 30 * out.count, [x, outputGradient, out]) {
      inner.geluGradient(x, outputGradient, into: out)
    }
  }
  public func relu(_ x: Tensor, into out: Tensor) {
    measure(.elementwise, operations: out.count, [x, out]) { inner.relu(x, into: out) }
  }
  public func reluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    measure(.elementwise, operations: out.count, [x, outputGradient, out]) {
      inner.reluGradient(x, outputGradient, into: out)
    }
  }
  public func firstNonFinite(_ x: Tensor) -> Int? {
    measure(.elementwise, operations: 0, [x]) { inner.firstNonFinite(x) }
  }

  // MARK: Moving numbers

  public func gatherRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    measure(.moving, operations: 0, [out, out]) { inner.gatherRows(x, rows, into: out) }
  }
  public func scatterRows(_ x: Tensor, _ rows: [Int], into out: Tensor) {
    measure(.moving, operations: x.count, [x, x, x]) { inner.scatterRows(x, rows, into: out) }
  }
  public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor) {
    measure(.patches, operations: 0, [out, out]) {
      inner.extractPatches(images, patches: patches, patchSize: patchSize, into: out)
    }
  }

  // MARK: Losses and the optimiser

  public func meanSquaredError(_ a: Tensor, _ b: Tensor, into mean: Tensor) {
    measure(.loss, operations: 3 * a.count, [a, b]) { inner.meanSquaredError(a, b, into: mean) }
  }
  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  {
    measure(.loss, operations: 2 * a.count, [a, b, out]) {
      inner.difference(a, b, by: factor, times: scalar, into: out)
    }
  }
  public func softmaxCrossEntropy(_ logits: Tensor, classes: [Int?], into mean: Tensor, gradient: Tensor) {
    measure(.loss, operations: 25 * logits.count, [logits, gradient]) {
      inner.softmaxCrossEntropy(logits, classes: classes, into: mean, gradient: gradient)
    }
  }
  public func binaryCrossEntropy(_ logits: Tensor, targets: [Bool?], into mean: Tensor, gradient: Tensor) {
    measure(.loss, operations: 25 * logits.count, [logits, gradient]) {
      inner.binaryCrossEntropy(logits, targets: targets, into: mean, gradient: gradient)
    }
  }
  public func gradientScale(
    _ gradients: [Tensor], losses: Tensor?, share: Double, clipNorm: Double, into out: Tensor
  ) {
    measure(.gradientNorm, operations: 2 * gradients.reduce(0) { $0 + $1.count }, gradients) {
      inner.gradientScale(gradients, losses: losses, share: share, clipNorm: clipNorm, into: out)
    }
  }
  public func adamW(_ updates: [ParameterUpdate], _ step: AdamWStep, scale: Tensor) {
    let operations = updates.reduce(0) { sum, update in
      sum + ((update.gradient == nil ? 0 : 14) + (update.average == nil ? 0 : 3)) * update.parameter.count
    }
    let tensors = updates.flatMap { update -> [Tensor?] in
      guard let gradient = update.gradient else { return [update.parameter, update.average, update.average] }
      let written = [update.parameter, update.first, update.second, update.average]
      return written + written + [gradient]
    }
    measure(.update, operations: operations, tensors) { inner.adamW(updates, step, scale: scale) }
  }
}

extension ProductEpilogue {
  fileprivate var tensors: [Tensor?] {
    switch self {
    case .none, .bias: []
    case .biasResidual(_, let residual): [residual]
    case .biasGELU(_, let activated): [activated]
    case .geluGradient(let x, let activated): [x, activated]
    }
  }
  /// For each value of the result.
  fileprivate var operations: Int {
    switch self {
    case .none: 0
    case .bias: 1
    case .biasResidual: 2
    case .biasGELU: 26
    case .geluGradient: 30
    }
  }
}

extension AttentionOperands {
  fileprivate var tensors: [Tensor?] {
    queries.isSame(as: keysValues) ? [queries] : [queries, keysValues]
  }
}
