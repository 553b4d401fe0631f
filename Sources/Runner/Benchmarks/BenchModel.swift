import Batches
import CoreTensor
import Foundation
import Layers
import PluginHost
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

  var encoder: VisionTransformerShape {
    let shape = size.shape!
    return VisionTransformerShape(
      imageSize: image, patchSize: patch, width: shape.width, depth: shape.depth, heads: shape.heads)
  }
}

/// A world model and random batches for it: two views, two masked contexts, four predictions with offset and action.
struct BenchModel {
  let optimization: Optimization
  let sizes: BenchSizes

  init(_ sizes: BenchSizes, backend: any Backend, recomputes: Bool = false, pluginsFile: String?) throws {
    let encoder = sizes.encoder
    let shape = WorldModelShape(
      encoder: encoder,
      predictor: PredictorShape(
        featureWidth: encoder.width, width: 384, depth: 6, heads: encoder.heads, gridSize: encoder.gridSize))
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let tasks = try PluginHost(manifest: manifest).loadCurrent(["global", "domain"]).compactMap {
      plugin -> (definition: TaskDefinition, options: Options)? in
      guard case .task(let definition) = plugin.definition else { return nil }
      return (definition, Options(definition.options))
    }
    let set = try TaskSet(tasks, environment: shape.environment(.paper))
    let model = Compute.$backend.withValue(backend) {
      set.model(shape, seed: 0, recomputesActivations: recomputes)
    }
    optimization = Optimization(model, settings: AdamWSettings(), reduction: .mean, backend: backend)
    self.sizes = sizes
  }

  func step(_ batch: WorldBatch) throws -> Double {
    try optimization.step([batch], learningRate: 1e-4, momentum: 0.996).loss
  }

  /// Runs `body` with every operation of the model's steps watched.
  func watched<Result>(by profiler: ProfilingBackend, _ body: () throws -> Result) rethrows -> Result {
    let own = optimization.backend
    optimization.backend = profiler
    defer { optimization.backend = own }
    return try body()
  }

  func randomBatch(_ step: Int) -> WorldBatch {
    var random = RandomStream(seed: 0, stream: "bench", step: step)
    let (batch, grid) = (sizes.batch, sizes.encoder.patchCount)
    func patches(_ count: Int) -> [[Int]] {
      (0..<batch).map { _ in Array(random.permutation(grid).prefix(count).sorted()) }
    }
    func numbers(_ latent: any Latent) -> Tensor {
      let values = (0..<batch * latent.width).map {
        // Neither mirrored nor of another size.
        latent.name == OffsetLatent.name && [2, 4, 5].contains($0 % latent.width) ? 0 : Float(random.unit())
      }
      return Tensor(values, shape: [batch, latent.width])
    }
    let views = (0..<2).map { _ in NoiseImages.batch(batch, sizes.image, &random) }
    let contexts = (0..<2).map { _ in
      WorldBatch.Context(
        images: NoiseImages.batch(batch, sizes.image, &random), visible: patches(sizes.context))
    }
    let hidden = [patches(sizes.targets), patches(sizes.targets)]
    let predictions = [(0, 0), (1, 1), (0, 1), (1, 0)].map { from, to in
      WorldBatch.Prediction(
        name: "z\(from + 1)\(to + 1)", context: from, target: to, patches: hidden[to],
        latents: optimization.model.latents.filter { from != to || $0.name != OffsetLatent.name }
          .map { ($0.name, numbers($0)) })
    }
    return WorldBatch(contexts: contexts, targets: views, predictions: predictions)
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
