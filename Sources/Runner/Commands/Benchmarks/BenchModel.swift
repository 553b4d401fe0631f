import Batches
import Console
import CoreTensor
import Foundation
import NeuralNetworks
import PluginHost
import Training
import WorldModel

/// The sizes of what is timed.
struct BenchSizes {
  let size: ModelSize
  let batch: Int
  let image: Int
  let patch: Int
  /// Visible patches of a context, and predicted ones of each prediction.
  let context: Int
  let targets: Int

  init(_ arguments: ParsedArguments) throws {
    let name = try arguments.choice("--model", of: ["tiny", "small", "base", "large"]) ?? "base"
    size = ModelSize(rawValue: name)!
    batch = try arguments.integer("--batch", in: 1...4096) ?? 8
    image = try arguments.integer("--image", in: 8...2048) ?? 224
    patch = try arguments.integer("--patch", in: 1...256) ?? 16
    let grid = image / patch
    // The paper's masks leave 0.3 of the patches visible and hide about as many in each of four predictions.
    context = try arguments.integer("--context", in: 1...100_000) ?? max(1, grid * grid * 59 / 196)
    targets = try arguments.integer("--targets", in: 1...100_000) ?? max(1, grid * grid * 61 / 196)
    guard image % patch == 0 else {
      throw UsageError("bench: --patch \(patch) must divide --image \(image)")
    }
    guard max(context, targets) <= grid * grid else {
      throw UsageError(
        "bench: --context \(context) and --targets \(targets) must be at most the \(grid * grid) patches of a crop"
      )
    }
  }

  var encoder: VisionTransformerConfiguration {
    let shape = size.blocks!
    return VisionTransformerConfiguration(
      imageSize: image, patchSize: patch, width: shape.width, depth: shape.depth, heads: shape.heads)
  }
}

/// The world model of some tasks, and batches for it: what the tasks draw of radiographs of noise, with the benchmark's
/// own numbers of visible and predicted patches, so that masks do not decide how long a step takes.
struct BenchModel {
  let optimization: Optimization
  let sizes: BenchSizes
  private let assembly: TaskAssembly

  /// - Parameters:
  ///   - tasks: by name, whether enabled or not; nil for those that the registry enables.
  ///   - pluginsFile: path of the registry; nil for what the rule of `PluginsFile` gives.
  /// - Throws: `UsageError` where there is no task, and what loading and making tasks throws.
  init(
    _ sizes: BenchSizes, tasks: [String]?, backend: any Backend, recomputes: Bool = false,
    pluginsFile: String?
  ) throws {
    let encoder = sizes.encoder
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let chosen = try RegisteredTasks(manifest).chosen(tasks)
    guard !chosen.isEmpty else { throw RunSetupError.noTask(manifest: manifest.path) }
    let shape = WorldModelConfiguration(
      encoder: encoder,
      predictor: PredictorConfiguration(
        featureWidth: encoder.width, width: 384, depth: 6, heads: encoder.heads, gridSize: encoder.gridSize),
      targetEncoder: TaskSet.targetEncoder(of: chosen.map(\.definition)))
    let set = try TaskSet(chosen, environment: shape.environment(.paper))
    let model = Compute.$backend.withValue(backend) {
      set.model(shape, seed: 0, recomputesActivations: recomputes)
    }
    optimization = Optimization(model, settings: AdamWSettings(), reduction: .mean, backend: backend)
    assembly = TaskAssembly(tasks: set.tasks, views: ViewSettings())
    self.sizes = sizes
  }

  func step(_ batch: WorldBatch) throws -> Double {
    try optimization.step([batch], learningRate: 1e-4, emaDecay: 0.996).loss
  }

  /// Runs `body` with every operation of the model's steps watched.
  func watched<Result>(by profiler: ProfilingBackend, _ body: () throws -> Result) rethrows -> Result {
    let own = optimization.backend
    optimization.backend = profiler
    defer { optimization.backend = own }
    return try body()
  }

  /// The batch of a step on the device, where loaders leave it: contexts, targets, predictions and what latents are told,
  /// as the tasks have them.
  func randomBatch(_ step: Int) throws -> WorldBatch {
    var random = RandomStream(seed: 0, stream: "bench", step: step)
    let grid = sizes.encoder.patchCount
    func patches(_ count: Int) -> [[Int]] {
      (0..<sizes.batch).map { _ in Array(random.permutation(grid).prefix(count).sorted()) }
    }
    let plan = assembly.plan(
      BatchScope(
        seed: 0, step: step, batchSize: sizes.batch,
        geometry: ImageGeometry(imageSize: sizes.image, patchSize: sizes.patch)))
    let image = sizes.image
    let samples = try Compute.map(sizes.batch) { index in
      var own = RandomStream(seed: 0, stream: "bench radiograph", step: step, index: index)
      return Result { try plan.sample(NoiseImages.radiograph(image, &own), index: index) }
    }.map { try $0.get() }
    var batch = try plan.collate(samples)
    for context in batch.contexts.indices { batch.contexts[context].visible = patches(sizes.context) }
    let hidden = batch.targets.map { _ in patches(sizes.targets) }
    batch.supervisions = batch.supervisions.enumerated().map { index, prediction in
      WorldBatch.SupervisedPatches(
        name: prediction.name, context: prediction.context, target: prediction.target,
        patches: hidden[prediction.target], told: samples.map { $0.latents[index] })
    }
    return batch.moved(to: optimization.backend.device)
  }
}

/// Times and counts that every benchmark reports.
enum BenchFigures {
  static func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
  static func rounded(_ value: Double) -> Double { (value * 10000).rounded() / 10000 }

  /// The most memory that this process ever held, MiB.
  static var peakMebibytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss / 1024
  }
}
