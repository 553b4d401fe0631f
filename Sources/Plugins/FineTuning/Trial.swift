import CoreTensor
import Metrics
import NeuralNetworks
import WorldModel

/// A network that is fine-tuned: an encoder, and what reads its tokens.
package protocol FineTunedNetwork: Module {
  var encoder: any ImageEncoder { get }
}

extension FineTunedNetwork {
  /// Takes over every value of another of the same shape.
  package func copy(_ other: Self) {
    for (own, others) in zip(entries, other.entries) { own.parameter.assign(others.parameter.tensor) }
  }

  /// A copy of every value, in the order of `entries`.
  package var values: [Tensor] { entries.map { $0.parameter.tensor.copied() } }

  package func assign(_ values: [Tensor]) {
    for (own, value) in zip(entries, values) { own.parameter.assign(value) }
  }
}

/// What a network says of some radiographs.
package struct Judged<Figures: TrialFigures, Answers: Codable & Equatable> {
  package let figures: Figures
  /// Those that could be used.
  package let radiographs: [Int]
  package let answers: Answers
  /// Figures for the record of the epoch.
  package let row: [(name: String, value: Double)]
  /// Whether it says the same of every radiograph, and why that is bad; nil where it does not.
  package let collapse: String?

  package init(
    _ figures: Figures, radiographs: [Int], answers: Answers, row: [(name: String, value: Double)],
    collapse: String? = nil
  ) {
    (self.figures, self.radiographs, self.answers) = (figures, radiographs, answers)
    (self.row, self.collapse) = (row, collapse)
  }
}

/// What is learnt by fine-tuning: classes of radiographs, say, or masks.
package protocol FineTuneTask {
  associatedtype Network: FineTunedNetwork
  associatedtype Figures: TrialFigures
  associatedtype Answers: Codable & Equatable

  /// - Parameters:
  ///   - networks: of the model, whose kind of encoder it takes.
  ///   - shape: of the encoder.
  ///   - seed: of the first weights.
  ///   - trainable: false for a copy that only judges radiographs.
  func network(
    _ networks: Networks, _ shape: VisionTransformerConfiguration, seed: UInt64, trainable: Bool
  ) -> Network
  /// The loss of a step's radiographs, one view of each, and those that could be used; nil where none can.
  func loss(
    _ network: Network, _ radiographs: [Int], step: Int, seed: UInt64, dropping: (Int) -> DropPath?
  ) throws -> (loss: Tensor, radiographs: [Int])?
  /// What is kept beside the weights of a network whose epoch these radiographs chose.
  func description(_ network: Network, validation: [Int]) throws -> KeptModel.Description
  /// - Parameters:
  ///   - network: one without gradients.
  ///   - isTest: whether the answers are kept.
  func judge(_ network: Network, _ radiographs: [Int], isTest: Bool) throws -> Judged<Figures, Answers>
}

/// How far all trials together are, for the line of progress.
package final class Pace {
  /// Radiographs learnt from since this process began.
  var radiographs = 0
  /// Steps of the trials before this one, and of all; a trial that stops early counts whole.
  package var stepsBefore = 0
  let steps: Int
  package init(steps: Int) { self.steps = steps }
}

/// One fine-tuning: a copy of an encoder, some labelled radiographs, a seed.
///
/// Every draw is a function of the seed and the step, and every sum has one order, so that a trial has the same bits on
/// any number of threads, and where it was stopped and went on.
package final class Trial<Task: FineTuneTask>: TrainingHook {
  /// The loop's hook sees no report: the trial keeps its own progress.
  package typealias Report = Void

  let plan: TrialPlan
  let network: Task.Network
  let optimizer: AdamW
  var progress: TrialProgress<Task.Figures>
  /// Values at the best epoch; none before the first.
  var bestValues: [Tensor] = []
  private let task: Task
  /// Labelled radiographs to test on.
  private let tested: [Int]
  private let input: ModelEvaluationInput
  private let settings: TrainingSettings
  private let seed: UInt64
  /// What judges radiographs: the same values, without gradients.
  private let evaluatedModel: Task.Network
  private let pace: Pace
  private var warned = false

  package init(
    _ task: Task, _ plan: TrialPlan, _ input: ModelEvaluationInput, _ settings: TrainingSettings,
    tested: [Int],
    _ pace: Pace
  ) throws {
    (self.task, self.plan, self.input, self.settings, self.tested) = (task, plan, input, settings, tested)
    self.pace = pace
    seed = input.seed &+ UInt64(plan.number)
    let shape = try settings.encoderShape(input.model.shape.encoder)
    network = task.network(input.model.networks, shape, seed: seed, trainable: true)
    evaluatedModel = task.network(input.model.networks, shape, seed: seed, trainable: false)
    let source: (any ImageEncoder)? =
      switch settings.origin {
      case .target: input.model.targetEncoder ?? input.model.encoder
      case .context: input.model.encoder
      case .scratch: nil
      }
    if let source, !network.encoder.adopt(source) {
      throw FineTuneError(
        "options image_size and patch_size: the run's encoder cannot be made for other sizes than its own; leave them out"
      )
    }
    optimizer = settings.optimizer(of: network)
    progress = TrialProgress(trial: plan.name)
    if let saved = try TrialState.restore(self, from: input.workspace) { progress = saved }
  }

  /// - Throws: `EvaluationStopped` where the user asked to stop, `FineTuneError` where a loss is no number.
  package func run() throws -> FinishedTrial<Task.Figures, Task.Answers> {
    let began = (clock: ContinuousClock.now, radiographs: pace.radiographs)
    if !progress.isFinished {
      let loop = TrainingLoop(
        steps: plan.schedule.steps, stepsPerEpoch: plan.schedule.stepsPerEpoch,
        saving: .everySeconds(secondsBetweenSaves),
        isStopRequested: { [input] in input.workspace.isStopRequested })
      let outcome = try loop.run(from: progress.step, hooks: [self], perform: step)
      if case .interrupted = outcome { throw EvaluationStopped() }
    }
    let seconds = (ContinuousClock.now - began.clock) / .seconds(1)
    let result = try test()
    try input.workspace.note(
      sentence(result.result, radiographs: pace.radiographs - began.radiographs, seconds: seconds))
    return result
  }

  package func didEndEpoch(_ position: TrainingPosition) throws -> Bool {
    try endEpoch()
    return progress.isFinished
  }

  package func save(_ position: TrainingPosition) throws { try TrialState.save(self, to: input.workspace) }

  // MARK: Learning

  private func step(_ step: Int) throws {
    let train = plan.split.train
    var order = RandomStream(seed: seed, stream: "finetune.order", step: step / plan.schedule.stepsPerPass)
    let places = order.permutation(train.count)[plan.schedule.places(at: step, radiographs: train.count)]
    progress.step += 1
    let used = try learn(places.map { train[$0] }, step)
    pace.radiographs += used
    input.workspace.progress(
      "step", pace.stepsBefore + progress.step, of: pace.steps, radiographs: pace.radiographs,
      loss: progress.radiographs > 0 ? progress.lossSum / Double(progress.radiographs) : nil)
  }

  /// - Returns: how many radiographs could be used.
  private func learn(_ radiographs: [Int], _ step: Int) throws -> Int {
    let (rate, seed, depth) = (settings.dropPath, seed, network.encoder.shape.depth)
    func dropping(_ images: Int) -> DropPath? {
      guard rate > 0 else { return nil }
      var random = RandomStream(seed: seed, stream: "finetune.drop", step: step)
      return DropPath(rate: rate, depth: depth, images: images, random: &random)
    }
    guard let (loss, used) = try task.loss(network, radiographs, step: step, seed: seed, dropping: dropping)
    else { return 0 }
    loss.backward()
    optimizer.updates = step
    let numbers = optimizer.step(learningRate: plan.schedule.learningRate(at: step), losses: [loss])
    guard numbers.losses[0].isFinite else { throw broken("the loss", step, used) }
    guard numbers.isFinite else { throw broken("the gradient", step, used) }
    progress.lossSum += Double(numbers.losses[0]) * Double(used.count)
    progress.radiographs += used.count
    return used.count
  }

  private func broken(_ what: String, _ step: Int, _ radiographs: [Int]) -> FineTuneError {
    optimizer.clearGradients()
    let names = radiographs.map { input.radiographs.records[$0].identifier }
    return FineTuneError(
      "\(plan.title): step \(step + 1): \(what) is not finite; lower the learning rate, and look at the radiographs of the "
        + "batch: \(names.joined(separator: ", "))")
  }

  // MARK: Choosing the epoch

  private func endEpoch() throws {
    let epoch = progress.step / plan.schedule.stepsPerEpoch
    var row: [(name: String, value: Double)] = [
      ("learning_rate", plan.schedule.learningRate(at: progress.step - 1))
    ]
    if progress.radiographs > 0 {
      row.append(("train_loss", progress.lossSum / Double(progress.radiographs)))
    }
    (progress.lossSum, progress.radiographs) = (0, 0)
    if plan.split.validation.isEmpty {
      bestValues = []
    } else {
      evaluatedModel.copy(network)
      let judged = try judge(
        plan.split.validation, "validation radiographs after epoch \(epoch)", isTest: false)
      row += judged.row
      if progress.best.map({ judged.figures.isBetter(than: $0.metrics) }) ?? true {
        progress.best = .init(epoch: epoch, metrics: judged.figures)
        bestValues = evaluatedModel.values
      }
      let stale = progress.best.map { $0.metrics.hasLearnt ? epoch - $0.epoch : 0 } ?? 0
      progress.isFinished = settings.patience > 0 && stale >= settings.patience
      try warn(judged.collapse, epoch)
    }
    try input.workspace.record(plan.name, step: epoch, row)
  }

  private func judge(
    _ radiographs: [Int], _ what: String, isTest: Bool
  ) throws -> Judged<Task.Figures, Task.Answers> {
    do { return try task.judge(evaluatedModel, radiographs, isTest: isTest) } catch let error as MetricError {
      throw FineTuneError("\(plan.title): \(what): \(error)")
    }
  }

  /// Every radiograph the same: nothing will be learnt any more.
  private func warn(_ collapse: String?, _ epoch: Int) throws {
    guard !warned, let collapse else { return }
    warned = true
    try input.workspace.warn("\(plan.title): after epoch \(epoch) \(collapse)")
  }

  // MARK: Testing, once

  private func test() throws -> FinishedTrial<Task.Figures, Task.Answers> {
    let epochs = progress.step / plan.schedule.stepsPerEpoch
    if bestValues.isEmpty { evaluatedModel.copy(network) } else { evaluatedModel.assign(bestValues) }
    if plan.isKept {
      let description = try task.description(evaluatedModel, validation: plan.split.validation)
      try KeptModel.save(evaluatedModel, description, for: plan, to: input.workspace)
    }
    let judged = try judge(tested, "test radiographs", isTest: true)
    if let best = progress.best, !best.metrics.hasLearnt {
      try input.workspace.warn(
        "\(plan.title): after \(epochs) epochs \(best.metrics.measure) of the validation images is \(best.metrics.choice ?? 0): "
          + "nothing was learnt that shows; give more epochs or steps (--minimum-steps), another learning rate, or more labels"
      )
    }
    let result = TrialResult(
      trial: plan.name, trainRadiographs: plan.split.train.count,
      validationRadiographs: plan.split.validation.count,
      epochs: epochs, bestEpoch: progress.best?.epoch ?? epochs, validation: progress.best?.metrics,
      test: judged.figures)
    return FinishedTrial(result: result, radiographs: judged.radiographs, scores: judged.answers)
  }

  private func sentence(
    _ result: TrialResult<Task.Figures>, radiographs: Int, seconds: Double
  ) -> String {
    func figure(_ value: Double?) -> String { value.map { "\(($0 * 1e4).rounded() / 1e4)" } ?? "undefined" }
    let name = result.test.measure
    return
      "\(plan.title): \(result.trainRadiographs) radiographs, best epoch \(result.bestEpoch) of \(result.epochs)"
      + (result.validation.map { ", validation \(name) \(figure($0.choice))" } ?? ", no validation radiograph")
      + ", test \(name) \(figure(result.test.choice)) on \(result.test.radiographs) radiographs"
      + (seconds > 0 && radiographs > 0
        ? "; \(Int(seconds.rounded())) s, \(Int((Double(radiographs) / seconds).rounded())) images/s with validation"
        : "")
  }
}

/// Between two saves of a long epoch.
private let secondsBetweenSaves = 30.0
