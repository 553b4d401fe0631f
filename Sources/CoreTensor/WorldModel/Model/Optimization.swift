import CoreTensor
import NeuralNetworks

/// What one optimiser step reports.
public struct StepReport: Sendable, Equatable {
  /// Mean over the step's batches.
  public var loss: Double
  /// Mean squared error of each prediction and each term of an objective, by name, likewise.
  public var terms: [(name: String, value: Double)]
  /// Before clipping.
  public var gradientNorm: Double
  /// Seconds that each task's objective took in forward passes.
  public var objectiveSeconds: [String: Double] = [:]

  public static func == (a: StepReport, b: StepReport) -> Bool {
    a.loss == b.loss && a.gradientNorm == b.gradientNorm
      && a.terms.elementsEqual(b.terms) { $0.name == $1.name && $0.value == $1.value }
  }
}

/// A loss or gradient that is no number.
public struct NonFiniteStep: Error, CustomStringConvertible {
  /// `"loss z12"` or `"gradient of encoder.blocks.0.attn.qkv.weight"`.
  public let term: String
  public var description: String { "\(term) is not finite" }
}

/// Forward, backward, clip, AdamW, moving average: one optimiser step of a model.
public final class Optimization {
  public let model: WorldModel
  public let optimizer: any Optimizer
  public let reduction: LossReduction
  /// Computes every step.
  public var backend: any Backend
  /// The processes that share a step's micro-batches, each of which takes as many; nil where this is the only one.
  public var communication: CommunicationQueue?
  /// How gradients travel between them: see `GradientReducer`.
  public var gradientsSentAs = ElementType.float32

  public init(
    _ model: WorldModel, optimizer: any Optimizer, reduction: LossReduction,
    backend: any Backend = CPUBackend.shared
  ) {
    (self.model, self.optimizer) = (model, optimizer)
    (self.reduction, self.backend) = (reduction, backend)
  }

  /// The same with AdamW.
  public convenience init(
    _ model: WorldModel, settings: AdamWSettings, reduction: LossReduction,
    backend: any Backend = CPUBackend.shared
  ) {
    self.init(
      model, optimizer: AdamW(model.trainable, averages: model.averages, settings: settings),
      reduction: reduction, backend: backend)
  }

  /// Adds up the gradients of one batch.
  /// - Throws: `AssemblyError` or `TaskFault` before anything of the model has changed.
  public func accumulate(_ batch: WorldBatch) throws -> WorldOutput {
    try model.check(batch)
    return try Compute.$backend.withValue(backend) {
      let output = try model(batch.moved(to: backend.device), reduction: reduction)
      let uses = ParameterUses()
      uses.watching { output.objective.backward() }
      if let other = uses.others(than: optimizer.parameters).first {
        optimizer.clearGradients()
        throw TaskFault.notVisited(code: other.code, operation: other.operation, shape: other.shape)
      }
      return output
    }
  }

  /// One optimiser step over one batch or several; where processes share the step, over those of all of them, which
  /// changes nothing of its bits. Gradients are added up as `SummationTree` says.
  /// - Parameters:
  ///   - batches: this process's micro-batches, as many on each rank; rank 0 has the first ones of the step.
  ///   - learningRate: of this step.
  ///   - emaDecay: τ of θ' ← τ θ' + (1 - τ) θ (spec section 1).
  /// - Returns: what the whole step came to, the same on each rank.
  /// - Throws: `NonFiniteStep`, on each rank, `AssemblyError`, `TaskFault` or `CommunicationError`; nothing of the model
  ///   has changed then.
  public func step(_ batches: [WorldBatch], learningRate: Double, emaDecay: Double) throws -> StepReport {
    try Compute.$backend.withValue(backend) {
      try Compute.$communicator.withValue(communication) {
        try update(batches, learningRate: learningRate, emaDecay: emaDecay)
      }
    }
  }

  private func update(_ batches: [WorldBatch], learningRate: Double, emaDecay: Double) throws -> StepReport {
    let outputs = try gradients(batches)
    let share = 1 / Double(outputs.count)
    let numbers = optimizer.step(
      learningRate: learningRate, losses: outputs.map(\.values), share: share, emaDecay: emaDecay)
    var report = StepReport(loss: 0, terms: [], gradientNorm: numbers.gradientNorm)
    var rest = numbers.losses[...]
    for output in outputs {
      let own = rest.prefix(output.names.count)
      rest = rest.dropFirst(own.count)
      if let broken = zip(output.names, own).first(where: { !$0.1.isFinite }) {
        optimizer.clearGradients()
        throw NonFiniteStep(term: "loss \(broken.0)")
      }
      report.loss += Double(output.loss(of: own)) * share
      report.objectiveSeconds.merge(output.seconds, uniquingKeysWith: +)
      report.terms = zip(output.names, own).enumerated().map { index, term in
        let before = index < report.terms.count ? report.terms[index].value : 0
        return (term.0, Double(term.1) * share + before)
      }
    }
    guard numbers.isFinite else {
      let name = firstBrokenGradient()
      optimizer.clearGradients()
      throw NonFiniteStep(term: "gradient of \(name)")
    }
    follow(outputs.map(\.statistics))
    return report
  }

  /// Moves buffers of objectives towards the mean of what the step's micro-batches say.
  private func follow(_ statistics: [[BatchStatistic]]) {
    for (index, own) in (statistics.first ?? []).enumerated() {
      let values = statistics.map { $0[index].value }
      let sum = values.dropFirst().reduce(values[0], +)
      let share = (1 - own.decay) / Float(values.count)
      own.buffer.assign(own.buffer.tensor * own.decay + sum * share)
    }
  }

  /// Leaves the sum of all micro-batches' gradients in the parameters.
  /// - Returns: what each micro-batch of the step reports, in their order.
  private func gradients(_ batches: [WorldBatch]) throws -> [MicroBatchReport] {
    let (rank, size) = (communication?.rank ?? 0, communication?.size ?? 1)
    guard batches.count * size > 1 else {
      return try batches.map { MicroBatchReport(try accumulate($0)) }
    }
    optimizer.clearGradients()
    let reducer = GradientReducer(
      optimizer.parameters, microBatches: batches.count * size,
      own: rank * batches.count..<(rank + 1) * batches.count, communication: communication,
      sentAs: gradientsSentAs)
    var own: [MicroBatchReport] = []
    for batch in batches { try reducer.collect { own.append(MicroBatchReport(try accumulate(batch))) } }
    guard let communication else {
      try reducer.finish { _ in true }
      return own
    }
    let all = try SharedReports(own, presence: reducer.presence, communication, backend)
    try reducer.finish { all.presence[$0] }
    return all.reports
  }

  private func firstBrokenGradient() -> String {
    let broken = optimizer.parameters.first { parameter in
      parameter.gradient.map { Compute.backend.firstNonFinite($0) != nil } ?? false
    }
    return broken?.name ?? "the whole model: its norm overflows"
  }
}
