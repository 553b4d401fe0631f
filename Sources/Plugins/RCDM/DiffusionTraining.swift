import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import WorldModel

/// Trains the diffusion model.
///
/// Every draw is a function of the seed and the step, so that a training which was stopped goes on to the same bits.
final class DiffusionTraining: TrainingHook {
  typealias Report = Void

  let network: UNet
  /// What follows the network by moving average, and draws samples.
  let average: UNet
  private let optimizer: AdamW
  private let settings: RCDMSettings
  private let seed: UInt64
  private let schedule = NoiseSchedule()
  private let workspace: (any EvaluationWorkspace)?
  private var progress: Progress

  private struct Progress: Codable, Equatable {
    var shape: DiffusionShape
    var step = 0
    /// Of the steps since the last row of the record.
    var lossSum = 0.0
    var batches = 0
    var regions = 0
  }

  static let series = "training"
  private static let state = "diffusion"
  private static let stepsPerRow = 50
  private static let warmup = 200

  /// - Parameters:
  ///   - settings: of the evaluation.
  ///   - features: width of a feature vector.
  ///   - seed: of weights and draws.
  ///   - workspace: where the work is kept; nil keeps nothing.
  init(_ settings: RCDMSettings, features: Int, seed: UInt64, workspace: (any EvaluationWorkspace)?) {
    (self.settings, self.seed, self.workspace) = (settings, seed, workspace)
    let shape = settings.shape(features: features)
    func made(trainable: Bool) -> UNet {
      var initializer = Initializer(
        random: RandomStream(seed: seed, stream: "rcdm.weights"), trainable: trainable)
      return UNet(shape, initializer: &initializer)
    }
    (network, average) = (made(trainable: true), made(trainable: false))
    let pairs = zip(network.entries, average.entries).filter { $0.0.parameter.isTrainable }
    optimizer = AdamW(
      pairs.map(\.0.parameter),
      averages: Dictionary(
        uniqueKeysWithValues: pairs.map { (ObjectIdentifier($0.0.parameter), $0.1.parameter) }),
      settings: AdamWSettings(weightDecay: 0, clipNorm: 1))
    progress = Progress(shape: shape)
  }

  /// - Throws: `EvaluationStopped` where the user asked to stop; `ImagineError` where the loss is no number, or a state
  ///   of another network is kept.
  func run(_ regions: TrainingRegions) throws {
    if try !restore() { try standardize(regions) }
    let loop = TrainingLoop(
      steps: settings.steps, stepsPerEpoch: Self.stepsPerRow, saving: .everySeconds(60),
      isStopRequested: { [workspace] in workspace?.isStopRequested ?? false })
    let outcome = try loop.run(from: progress.step, hooks: [self]) { step in
      progress.step = step + 1
      guard let batch = try regions.batch(step) else { return }
      try learn(batch, step: step)
      workspace?.progress(
        "step", progress.step, of: settings.steps, radiographs: progress.regions,
        loss: progress.lossSum / Double(max(progress.batches, 1)))
    }
    if case .interrupted = outcome { throw EvaluationStopped() }
  }

  /// The mean and deviation of the first draws' features become the network's buffers.
  private func standardize(_ regions: TrainingRegions) throws {
    let batches = max(4, 256 / settings.batchSize)
    let features = try (0..<batches).flatMap { try regions.batch($0)?.features ?? [] }
    guard !features.isEmpty else {
      throw rcdmError("no region to learn from: the run's tasks predict nothing of these radiographs")
    }
    let (width, count) = (progress.shape.condition, Double(features.count))
    let means = (0..<width).map { place in features.reduce(0.0) { $0 + Double($1[place]) } / count }
    let deviations = (0..<width).map { place in
      (features.reduce(0.0) { $0 + pow(Double($1[place]) - means[place], 2) } / count).squareRoot()
    }
    // A feature that never differs tells nothing, and must not be divided by nothing.
    let floor = max(1e-6, 1e-3 * deviations.reduce(0, +) / Double(width))
    for own in [network, average] {
      own.mean.assign(means.map { Float($0) })
      own.deviation.assign(deviations.map { Float(max($0, floor)) })
    }
  }

  /// One step on regions.
  func learn(_ batch: TrainingRegions.Batch, step: Int) throws {
    let count = batch.images.count
    let pixels = Tensor(
      batch.images.flatMap { $0.pixels.map { 2 * $0 - 1 } }, shape: [count, 1, settings.size, settings.size])
    let features = Tensor(batch.features.flatMap { $0 }, shape: [count, progress.shape.condition])
    let loss = try update(pixels, features, step: step)
    progress.lossSum += loss
    progress.batches += 1
    progress.regions += count
  }

  /// - Parameters:
  ///   - images: (B, 1, S, S), from -1 to 1.
  ///   - features: (B, d).
  /// - Returns: the mean squared error of the velocity.
  private func update(_ images: Tensor, _ features: Tensor, step: Int) throws -> Double {
    var random = RandomStream(seed: seed, stream: "rcdm.noise", step: step)
    let count = images.shape[0]
    let steps = (0..<count).map { _ in random.integer(in: 1...schedule.steps) }
    let told = (0..<count).map { _ in Float(random.chance(settings.untold) ? 0 : 1) }
    let noise = Self.noise(images.shape, &random)
    let (image, error) = schedule.factors(at: steps)
    let output = network(
      images * image + noise * error, steps: steps, features: features, told: told)
    let loss = meanSquaredError(output, noise * image - images * error)
    loss.backward()
    optimizer.updates = step
    let rate = settings.learningRate * min(1, Double(step + 1) / Double(Self.warmup))
    // Early on the average must leave the first weights behind (as torch_ema and timm have it).
    let decay = min(settings.averageDecay, Double(step + 1) / Double(step + 10))
    let numbers = optimizer.step(learningRate: rate, losses: [loss], emaDecay: decay)
    guard numbers.isFinite else {
      optimizer.clearGradients()
      throw rcdmError(
        "step \(step + 1): the loss (\(numbers.losses[0])) or its gradient is not finite; lower --learning-rate"
      )
    }
    return Double(numbers.losses[0])
  }

  /// Standard normal numbers.
  static func noise(_ shape: [Int], _ random: inout RandomStream) -> Tensor {
    Tensor(shape) { values in
      for place in values.indices { values[place] = Float(random.normal()) }
    }
  }

  func didEndEpoch(_ position: TrainingPosition) throws -> Bool {
    try workspace?.record(
      Self.series, step: position.step,
      [("loss", progress.lossSum / Double(max(progress.batches, 1))), ("regions", Double(progress.regions))])
    (progress.lossSum, progress.batches) = (0, 0)
    return false
  }

  // MARK: Going on

  func save(_ position: TrainingPosition) throws {
    let encoder = JSONEncoder()
    // Equal states are equal files.
    encoder.outputFormatting = [.sortedKeys]
    try workspace?.save(
      EvaluationState(
        tensors: tensors, text: String(decoding: encoder.encode(progress), as: UTF8.self)),
      named: Self.state)
  }

  private var tensors: [(name: String, tensor: Tensor)] {
    network.entries.map { ($0.name, $0.parameter.tensor.detached) }
      + average.entries.map { ("average." + $0.name, $0.parameter.tensor.detached) } + optimizer.state
  }

  private func restore() throws -> Bool {
    guard let saved = try workspace?.restore(Self.state) else { return false }
    let found = try? JSONDecoder().decode(Progress.self, from: Data(saved.text.utf8))
    let values = Dictionary(saved.tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    let own = tensors
    let odd = own.first { values[$0.name]?.shape != $0.tensor.shape }
    guard let found, found.shape == progress.shape, odd == nil else {
      throw rcdmError(
        "the saved diffusion model: expected \(odd.map { "\($0.name) of shape \($0.tensor.shape)" } ?? "\(progress.shape)"), "
          + "found \(odd.map { values[$0.name].map { "\($0.shape)" } ?? "none" } ?? "\(found.map { "\($0.shape)" } ?? "no progress")"); "
          + "give the size and the width that it was begun with, or another --out")
    }
    for (name, tensor) in own { tensor.overwrite(with: values[name]!) }
    progress = found
    return true
  }

  // MARK: Timing

  /// A step on noise, for `chex-runner bench`.
  static func timedStep(_ settings: RCDMSettings, features: Int, images: Int) throws -> () throws -> Double {
    let training = DiffusionTraining(settings, features: features, seed: 0, workspace: nil)
    var random = RandomStream(seed: 0, stream: "bench.regions")
    let pixels = noise([images, 1, settings.size, settings.size], &random)
    let vectors = noise([images, features], &random)
    var step = 0
    return {
      defer { step += 1 }
      return try training.update(pixels, vectors, step: step)
    }
  }
}
