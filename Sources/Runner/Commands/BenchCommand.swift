import CoreTensor
import Foundation
import Layers
import PluginHost
import WorldModel

extension Command {
  /// Times one pre-training step.
  static let bench = Command(
    name: "bench", summary: "Time one pre-training step of a model",
    options: [
      CommandOption("--model", .value("SIZE"), help: "tiny, small, base or large; default base."),
      CommandOption("--batch", .value("N"), help: "Images a step; default 8."),
      CommandOption("--image", .value("PIXELS"), help: "Side of the input; default 224."),
      CommandOption("--patch", .value("PIXELS"), help: "Side of a patch; default 16."),
      CommandOption("--precision", .value("WHICH"), help: "f32, the only one so far."),
      CommandOption("--steps", .value("N"), help: "Steps that are timed after one that is not; default 3."),
      CommandOption("--threads", .value("N"), help: "Compute threads; default all cores."),
      CommandOption("--context", .value("N"), help: "Visible patches of a context; default 59."),
      CommandOption(
        "--targets", .value("N"), help: "Predicted patches of each of four predictions; default 61."),
      CommandOption("--plugins", .value("FILE"), help: "The registry of plugins."),
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [CommandArgument("WHAT", help: "step: forward, backward, clip, AdamW, moving average.")],
    examples: [
      CommandExample(
        "chex-runner bench step --model base --batch 8 --precision f32 --context 59 --targets 61 --steps 3 --json",
        "the same arithmetic as the PyTorch peer's step_bench.py")
    ],
    run: { arguments in
      guard arguments.required("WHAT") == "step" else {
        throw UsageError("bench: expected step, found \"\(arguments.required("WHAT"))\"")
      }
      let precision = try arguments.choice("--precision", of: ["f32", "bf16"]) ?? "f32"
      let threads = try arguments.integer("--threads", in: 1...256)
      Compute.threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
      let size = try arguments.choice("--model", of: ["tiny", "small", "base", "large"]) ?? "base"
      let bench = try StepBench(
        size: ModelSize(rawValue: size)!, batch: arguments.integer("--batch", in: 1...4096) ?? 8,
        image: arguments.integer("--image", in: 8...2048) ?? 224,
        patch: arguments.integer("--patch", in: 1...256) ?? 16,
        context: arguments.integer("--context", in: 1...100_000) ?? 59,
        targets: arguments.integer("--targets", in: 1...100_000) ?? 61,
        pluginsFile: arguments.value("--plugins"),
        backend: ProcessorBackend(ElementType(rawValue: precision)!))
      let result = try bench.run(steps: arguments.integer("--steps", in: 1...10000) ?? 3)
      if arguments.has("--json") {
        try Output.printJson(result)
      } else {
        Output.print(
          "\(result.model), batch \(result.batch), \(result.precision), \(result.threads) threads: "
            + "\(result.secondsPerStep) s a step, \(result.imagesPerSecond) images/s, peak \(result.peakMib) MiB, "
            + "\(result.systemAllocations) system allocations after the second step")
      }
      return 0
    })
}

/// The peer's keys, so that one script reads both.
struct StepBenchResult: Codable {
  let peer: String
  let model: String
  let batch: Int
  let precision: String
  let compiled: Bool
  let threads: Int
  let secondsPerStep: Double
  let imagesPerSecond: Double
  let peakMib: Int
  let loss: Double
  let systemAllocations: Int
}

/// One step on random images: two views, two masked contexts, four predictions with offset and action.
struct StepBench {
  private let optimization: Optimization
  private let size: ModelSize
  private let batch: Int
  private let context: Int
  private let targets: Int
  private let latents: [any Latent]

  init(
    size: ModelSize, batch: Int, image: Int, patch: Int, context: Int, targets: Int, pluginsFile: String?,
    backend: any Backend
  )
    throws
  {
    guard image % patch == 0, max(context, targets) <= (image / patch) * (image / patch) else {
      throw UsageError(
        "bench: patch \(patch) must divide image \(image), and at most (image/patch)² patches can be visible or predicted"
      )
    }
    let shape = size.shape!
    let worldShape = WorldModelShape(
      encoder: VisionTransformerShape(
        imageSize: image, patchSize: patch, width: shape.width, depth: shape.depth, heads: shape.heads),
      predictor: PredictorShape(
        featureWidth: shape.width, width: 384, depth: 6, heads: shape.heads, gridSize: image / patch))
    let environment = TaskEnvironment(
      geometry: worldShape.geometry, predictorWidth: 384, compatibility: .paper)
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let tasks = try PluginHost(manifest: manifest).load(only: ["global", "domain"]).compactMap {
      plugin -> (definition: TaskDefinition, options: Options)? in
      guard case .task(let definition) = plugin.definition else { return nil }
      return (definition, Options(definition.options))
    }
    let set = try TaskSet(tasks, environment: environment)
    let model = set.model(worldShape, seed: 0)
    optimization = Optimization(model, settings: AdamWSettings(), reduction: .mean, backend: backend)
    latents = model.latents
    (self.size, self.batch, self.context, self.targets) = (size, batch, context, targets)
  }

  func run(steps: Int) throws -> StepBenchResult {
    var times: [Double] = []
    var loss = 0.0
    var before = 0
    for step in 0...steps {
      let input = randomBatch(step)
      let began = ProgressReporter.systemClock()
      loss = try optimization.step([input], learningRate: 1e-4, momentum: 0.996).loss
      times.append(ProgressReporter.systemClock() - began)
      if step == 1 { before = StoragePool.shared.statistics.systemAllocations }
    }
    let allocations = steps > 1 ? StoragePool.shared.statistics.systemAllocations - before : 0
    let median = times.dropFirst().sorted()[steps / 2]
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return StepBenchResult(
      peer: "chex-runner " + CommandLineProgram.version, model: size.rawValue, batch: batch,
      precision: optimization.backend.activationType.rawValue,
      compiled: true, threads: Compute.threads, secondsPerStep: rounded(median),
      imagesPerSecond: rounded(Double(batch) / median), peakMib: usage.ru_maxrss / 1024,
      loss: rounded(loss),
      systemAllocations: allocations)
  }

  private func rounded(_ value: Double) -> Double { (value * 10000).rounded() / 10000 }

  private func randomBatch(_ step: Int) -> WorldBatch {
    var random = RandomStream(seed: 0, stream: "bench", step: step)
    let shape = optimization.model.shape.encoder
    func images() -> Tensor {
      let tensor = Tensor(uninitialized: [batch, 3, shape.imageSize, shape.imageSize])
      // Uniform numbers of unit deviation are as good as normal ones for timing, and faster to draw.
      for index in 0..<tensor.count {
        tensor.pointer[index] = Float(random.nextBits()) * 8.0658e-10 - 1.7320508
      }
      return tensor
    }
    func patches(_ count: Int) -> [[Int]] {
      (0..<batch).map { _ in Array(random.permutation(shape.patchCount).prefix(count).sorted()) }
    }
    func numbers(_ latent: any Latent) -> Tensor {
      let values = (0..<batch * latent.width).map {
        $0 % latent.width == 2 && latent.width == 4 ? 0 : Float(random.unit())
      }
      return Tensor(values, shape: [batch, latent.width])
    }
    let views = [images(), images()]
    let contexts = (0..<2).map { _ in WorldBatch.Context(images: images(), visible: patches(context)) }
    let hidden = [patches(targets), patches(targets)]
    let predictions = [(0, 0), (1, 1), (0, 1), (1, 0)].map { from, to in
      WorldBatch.Prediction(
        name: "z\(from + 1)\(to + 1)", context: from, target: to, patches: hidden[to],
        latents: latents.filter { from != to || $0.name != "offset" }.map { ($0.name, numbers($0)) })
    }
    return WorldBatch(contexts: contexts, targets: views, predictions: predictions)
  }
}
