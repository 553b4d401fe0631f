import CoreTensor
import NeuralNetworks
import Metrics
import WorldModel

/// How far all trials together are, for the line of progress.
final class Pace {
  /// Radiographs learnt from since this process began.
  var radiographs = 0
  /// Steps of the trials before this one, and of all; a trial that stops early counts whole.
  var stepsBefore = 0
  let steps: Int
  init(steps: Int) { self.steps = steps }
}

/// One fine-tuning: a copy of an encoder, some labelled radiographs, a seed.
///
/// Every draw is a function of the seed and the step, and every sum has one order, so that a trial has the same bits on
/// any number of threads, and where it was stopped and went on.
final class Trial: TrainingHook {
  /// The loop's hook sees no report: the trial keeps its own progress.
  typealias Report = Void

  let plan: TrialPlan
  let classifier: Classifier
  let optimizer: AdamW
  var progress: TrialProgress
  /// Values at the best epoch; none before the first.
  var bestValues: [Tensor] = []
  private let input: ModelEvaluationInput
  private let settings: FineTuneSettings
  private let labels: RadiographLabels
  private let views: RadiographViews
  private let seed: UInt64
  /// What judges radiographs: the same values, without gradients.
  private let evaluatedModel: Classifier
  private let pace: Pace
  /// Between two saves of a long epoch.
  private static let secondsBetweenSaves = 30.0
  private var warned = false

  init(
    _ plan: TrialPlan, _ input: ModelEvaluationInput, _ settings: FineTuneSettings,
    _ labels: RadiographLabels,
    _ pace: Pace
  ) throws {
    (self.plan, self.input, self.settings, self.labels) = (plan, input, settings, labels)
    self.pace = pace
    seed = input.seed &+ UInt64(plan.number)
    let shape = input.model.shape.encoder
    views = RadiographViews(source: input.radiographs, side: shape.imageSize, views: settings.views)
    classifier = Classifier(input.model, classes: labels.classes.count, seed: seed, trainable: true)
    evaluatedModel = Classifier(input.model, classes: labels.classes.count, seed: seed, trainable: false)
    let source: (any ImageEncoder)? =
      switch settings.origin {
      case .target: try Self.targetEncoder(input.model)
      case .context: input.model.encoder
      case .scratch: nil
      }
    if let source {
      for (own, others) in zip(classifier.encoder.entries, source.entries) {
        own.parameter.assign(others.parameter.tensor)
      }
    }
    let rates = classifier.encoder.learningRateScales(decay: settings.layerDecay)
    optimizer = AdamW(
      classifier.entries.map(\.parameter).filter(\.isTrainable),
      settings: AdamWSettings(weightDecay: settings.weightDecay, clipNorm: settings.clipNorm)
    ) { parameter in
      var scale = UpdateScale.standard(for: parameter)
      scale.learningRate = rates[ObjectIdentifier(parameter)] ?? 1
      return scale
    }
    progress = TrialProgress(trial: plan.name)
    if let saved = try TrialState.restore(self, from: input.workspace) { progress = saved }
  }

  private static func targetEncoder(_ model: WorldModel) throws -> any ImageEncoder {
    guard let encoder = model.targetEncoder else {
      throw FineTuneError(
        "finetune.from = \"target\": the run has no target encoder (model.target_encoder = \"absent\"); "
          + "use --set finetune.from=context")
    }
    return encoder
  }

  /// - Throws: `EvaluationStopped` where the user asked to stop, `FineTuneError` where a loss is no number.
  func run() throws -> FinishedTrial {
    let began = (clock: ContinuousClock.now, radiographs: pace.radiographs)
    if !progress.isFinished {
      let loop = TrainingLoop(
        steps: plan.schedule.steps, stepsPerEpoch: plan.schedule.stepsPerEpoch,
        saving: .everySeconds(Self.secondsBetweenSaves),
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

  func didEndEpoch(_ position: TrainingPosition) throws -> Bool {
    try endEpoch()
    return progress.isFinished
  }

  func save(_ position: TrainingPosition) throws { try TrialState.save(self, to: input.workspace) }

  // MARK: Learning

  private func step(_ step: Int) throws {
    let train = plan.split.train
    var order = RandomStream(seed: seed, stream: "finetune.order", step: step / plan.schedule.stepsPerPass)
    let places = order.permutation(train.count)[plan.schedule.places(at: step, radiographs: train.count)]
    let seed = seed
    let batch = try views.augmented(places.map { train[$0] }) {
      RandomStream(seed: seed, stream: "finetune.view", step: step, index: $0)
    }
    progress.step += 1
    if let images = batch.images {
      progress.lossSum += try learn(images, batch.radiographs, step) * Double(batch.radiographs.count)
      progress.radiographs += batch.radiographs.count
    }
    pace.radiographs += batch.radiographs.count
    input.workspace.progress(
      "step", pace.stepsBefore + progress.step, of: pace.steps, radiographs: pace.radiographs,
      loss: progress.radiographs > 0 ? progress.lossSum / Double(progress.radiographs) : nil)
  }

  private func learn(_ images: Tensor, _ radiographs: [Int], _ step: Int) throws -> Double {
    var random = RandomStream(seed: seed, stream: "finetune.drop", step: step)
    let dropping =
      settings.dropPath > 0
      ? DropPath(
        rate: settings.dropPath, depth: classifier.encoder.shape.depth, images: radiographs.count,
        random: &random)
      : nil
    let loss = labels.loss(classifier.head(classifier.pooled(images, dropping: dropping)), radiographs)
    loss.backward()
    optimizer.updates = step
    let numbers = optimizer.step(learningRate: plan.schedule.learningRate(at: step), losses: [loss])
    guard numbers.losses[0].isFinite else { throw broken("the loss", step, radiographs) }
    guard numbers.isFinite else { throw broken("the gradient", step, radiographs) }
    return Double(numbers.losses[0])
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
      evaluatedModel.copy(classifier)
      let scores = try RadiographScores(plan.split.validation, evaluatedModel, views)
      let metrics = try evaluated(scores, "validation radiographs after epoch \(epoch)")
      row += self.row(metrics, scores)
      if progress.best.map({ metrics.isBetter(than: $0.metrics) }) ?? true {
        progress.best = .init(epoch: epoch, metrics: metrics)
        bestValues = evaluatedModel.values
      }
      let stale = epoch - (progress.best?.epoch ?? epoch)
      progress.isFinished = settings.patience > 0 && stale >= settings.patience
      try warnOfCollapse(scores, epoch)
    }
    try input.workspace.record(plan.name, step: epoch, row)
  }

  private func evaluated(_ scores: RadiographScores, _ what: String) throws -> SplitMetrics {
    do { return try SplitMetrics(scores, labels) } catch let error as MetricError {
      throw FineTuneError("\(plan.title): \(what): \(error)")
    }
  }

  private func row(_ metrics: SplitMetrics, _ scores: RadiographScores) -> [(name: String, value: Double)] {
    var row: [(name: String, value: Double)] = [("validation_loss", metrics.loss)]
    if let area = metrics.meanAuroc { row.append(("validation_auroc", area)) }
    if let accuracy = metrics.accuracy { row.append(("validation_accuracy", accuracy)) }
    if scores.radiographs.count > 1 {
      let width = classifier.encoder.shape.width
      let spread = FeatureSpread(Array(scores.features.prefix(Self.rankRadiographs * width)), width: width)
      row += [("feature_deviation", spread.deviation), ("effective_rank", spread.rank)]
    }
    return row
  }

  /// Radiographs that the rank of features is taken of, at most.
  private static let rankRadiographs = 256

  /// Every radiograph the same: nothing will be learnt any more.
  private func warnOfCollapse(_ scores: RadiographScores, _ epoch: Int) throws {
    guard !warned, scores.logits.count > 1, scores.logits.allSatisfy({ $0 == scores.logits[0] }) else {
      return
    }
    warned = true
    try input.workspace.warn(
      "\(plan.title): after epoch \(epoch) every validation radiograph has the same score: the features have collapsed; "
        + "lower the learning rate")
  }

  // MARK: Testing, once

  private func test() throws -> FinishedTrial {
    let epochs = progress.step / plan.schedule.stepsPerEpoch
    if bestValues.isEmpty { evaluatedModel.copy(classifier) } else { evaluatedModel.assign(bestValues) }
    let scores = try RadiographScores(labels.labelled(input.test), evaluatedModel, views)
    let result = TrialResult(
      trial: plan.name, trainRadiographs: plan.split.train.count,
      validationRadiographs: plan.split.validation.count,
      epochs: epochs, bestEpoch: progress.best?.epoch ?? epochs, validation: progress.best?.metrics,
      test: try evaluated(scores, "test radiographs"))
    return FinishedTrial(
      result: result, radiographs: scores.radiographs, scores: scores.probabilities(labels.kind))
  }

  private func sentence(_ result: TrialResult, radiographs: Int, seconds: Double) -> String {
    func figure(_ value: Double?) -> String { value.map { "\(($0 * 1e4).rounded() / 1e4)" } ?? "undefined" }
    let name = labels.kind == .single ? "accuracy" : "mean AUROC"
    return
      "\(plan.title): \(result.trainRadiographs) radiographs, best epoch \(result.bestEpoch) of \(result.epochs)"
      + (result.validation.map { ", validation \(name) \(figure($0.choice))" } ?? ", no validation radiograph")
      + ", test \(name) \(figure(result.test.choice)) on \(result.test.radiographs) radiographs"
      + (seconds > 0 && radiographs > 0
        ? "; \(Int(seconds.rounded())) s, \(Int((Double(radiographs) / seconds).rounded())) images/s with validation"
        : "")
  }
}
