import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import Imagining
import WorldModel

/// Trains a decoder on target features of views as the run's tasks cut them.
///
/// A step depends on its number and the seed alone, so that a training that was stopped goes on to the same bits.
final class DecoderTraining: TrainingHook {
  typealias Report = Void

  private struct Progress: Codable {
    var step: Int
    var lossSum: Double
    var losses: Int
  }

  let decoder: PatchDecoder
  private let settings: DecoderSettings
  private let input: ModelEvaluationInput
  private let radiographs: [Int]
  private let optimizer: AdamW
  private let schedule: LearningSchedule
  private var progress = Progress(step: 0, lossSum: 0, losses: 0)
  private static let stateName = "decoder"
  private static let secondsBetweenSaves = 30.0
  /// Steps between two rows of the record.
  private static let interval = 50

  init(_ settings: DecoderSettings, _ input: ModelEvaluationInput, radiographs: [Int]) throws {
    (self.settings, self.input, self.radiographs) = (settings, input, radiographs)
    var initializer = Initializer(
      random: RandomStream(seed: input.seed &+ settings.seed, stream: "decoder.weights"))
    decoder = PatchDecoder(
      input.model.shape.geometry, features: input.model.shape.encoder.width, width: settings.width,
      depth: settings.depth, heads: settings.heads, initializer: &initializer)
    let entries = decoder.entries
    for entry in entries { entry.parameter.name = entry.name }
    optimizer = AdamW(
      entries.filter { !$0.isBuffer }.map(\.parameter),
      settings: AdamWSettings(beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1))
    schedule = LearningSchedule(
      totalSteps: settings.steps, warmupSteps: min(settings.steps - 1, max(settings.steps / 20, 1)),
      learningRate: settings.learningRate, finalLearningRate: settings.learningRate / 100, emaDecayStart: 1,
      emaDecayEnd: 1)
    try restore()
  }

  /// - Throws: `EvaluationStopped` where the user asked to stop, `DecoderError` where a loss is no number.
  func run() throws {
    guard progress.step < settings.steps else { return }
    let loop = TrainingLoop(
      steps: settings.steps, stepsPerEpoch: settings.steps, saving: .everySeconds(Self.secondsBetweenSaves),
      isStopRequested: { [input] in input.workspace.isStopRequested })
    let outcome = try loop.run(from: progress.step, hooks: [self], perform: step)
    if case .interrupted = outcome { throw EvaluationStopped() }
  }

  private func step(_ step: Int) throws {
    let loss = try loss(step)
    loss.backward()
    optimizer.updates = step
    let numbers = optimizer.step(learningRate: schedule.learningRate(at: step), losses: [loss])
    guard numbers.losses[0].isFinite, numbers.isFinite else {
      throw DecoderError(
        "step \(step + 1): the loss or its gradient is no finite number; lower learning_rate, which is "
          + "\(settings.learningRate), and begin in another folder")
    }
    progress.step = step + 1
    progress.lossSum += Double(numbers.losses[0])
    progress.losses += 1
    input.workspace.progress(
      "step", step + 1, of: settings.steps, radiographs: (step + 1) * settings.batchSize,
      loss: progress.lossSum / Double(progress.losses))
    if (step + 1) % Self.interval == 0 || step + 1 == settings.steps {
      try input.workspace.record(
        "training", step: step + 1,
        [
          ("loss", progress.lossSum / Double(progress.losses)),
          ("learning_rate", schedule.learningRate(at: step)),
        ])
      (progress.lossSum, progress.losses) = (0, 0)
    }
  }

  /// Mean squared error of the pixels of a batch's first views.
  private func loss(_ step: Int) throws -> Tensor {
    var random = RandomStream(seed: input.seed &+ settings.seed, stream: "decoder.batch", step: step)
    let chosen = (0..<settings.batchSize).map { _ in
      radiographs[random.integer(in: 0...radiographs.count - 1)]
    }
    guard let group = try PredictionGroup(input, chosen[...], number: step, purpose: "decoder.") else {
      throw DecoderError(
        "of the \(chosen.count) radiographs of step \(step + 1) fewer than two can be decoded; "
          + "see the warnings above, and audit the radiographs (chex-runner data audit)")
    }
    let features = withoutGradients { input.model.targetFeatures(group.batch.targets[0]) }
    let pixels = PixelScale.tensor(group.samples.map { $0.targets[0].pixels })
    return meanSquaredError(decoder(features), pixels)
  }

  // MARK: - What is kept

  func save(_ position: TrainingPosition) throws {
    let tensors =
      decoder.entries.map { (name: $0.name, tensor: $0.parameter.tensor.detached) }
      + optimizer.state.map { (name: $0.name, tensor: $0.tensor) }
    let text = String(decoding: try JSONEncoder().encode(progress), as: UTF8.self)
    try input.workspace.save(EvaluationState(tensors: tensors, text: text), named: Self.stateName)
  }

  private func restore() throws {
    guard let state = try input.workspace.restore(Self.stateName) else { return }
    progress = try JSONDecoder().decode(Progress.self, from: Data(state.text.utf8))
    let tensors = Dictionary(state.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    func take(_ name: String, _ shape: [Int]) throws -> Tensor {
      guard let tensor = tensors[name], tensor.shape == shape else {
        throw DecoderError(
          "saved state \"\(Self.stateName)\": expected \(name) of shape \(shape), found "
            + (tensors[name].map { "\($0.shape)" } ?? "none")
            + "; remove the evaluation's folder and begin again"
        )
      }
      return tensor
    }
    for entry in decoder.entries {
      entry.parameter.assign(try take(entry.name, entry.parameter.shape))
    }
    for (name, tensor) in optimizer.state { tensor.overwrite(with: try take(name, tensor.shape)) }
    optimizer.updates = progress.step
  }
}
