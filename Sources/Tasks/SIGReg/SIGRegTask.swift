import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "sigreg", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(SIGRegTask.definition)
  }
}

/// LeJEPA (Balestriero and LeCun 2025, arXiv 2511.08544): views of a radiograph have embeddings that lie close together,
/// and the embeddings of a batch are distributed as an isotropic Gaussian, along random directions.
///
/// It proposes no supervision and asks for no target features, so that a model without target encoder learns by it.
struct SIGRegTask: WorldTask {
  /// Defaults are those of the published code, `views` the paper's global views; `lambda` is within the range that summaries
  /// of the paper recommend.
  static let definition = TaskDefinition(
    name: "sigreg", summary: "bring views of a radiograph together and keep embeddings Gaussian (LeJEPA)",
    options: [
      OptionDeclaration(
        "lambda", .number(default: 0.05, in: 0...1),
        help: "weight of the Gaussian term; the views' term has 1 - lambda"),
      OptionDeclaration(
        "views", .integer(default: 2, in: 1...16),
        help: "crops of a radiograph; with 1, and no task of more, there is the Gaussian term alone"),
      OptionDeclaration(
        "num_slices", .integer(default: 1024, in: 1...65_536),
        help: "random directions of a micro-batch, along which embeddings are tested"),
      OptionDeclaration(
        "num_points", .integer(default: 17, in: 3...1001),
        help: "places, from 0 to t_max, at which characteristic functions are compared"),
      OptionDeclaration("t_max", .number(default: 3, in: 0.1...100), help: "the last of these places"),
      OptionDeclaration(
        "proj_dim", .integer(default: 128, in: 0...65_536),
        help: "width of the embeddings; 0: pooled features themselves, without a projector"),
      OptionDeclaration(
        "proj_hidden_dim", .integer(default: 2048, in: 1...65_536),
        help: "width of the projector's two hidden layers"),
      OptionDeclaration("weight", .number(default: 1, in: 0...1000), help: "of both terms in the loss"),
    ],
    make: { SIGRegTask(options: $0, environment: $1) })

  let name = "sigreg"
  let requiredViews: Int
  let minimumBatch = 2
  let options: Options
  let featureWidth: Int
  let slices: Int

  init(options: Options, environment: TaskEnvironment) {
    self.options = options
    requiredViews = options.integer("views")
    featureWidth = environment.featureWidth
    slices = options.integer("num_slices")
  }

  /// Width of the embeddings.
  var width: Int { options.integer("proj_dim") > 0 ? options.integer("proj_dim") : featureWidth }

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    var initializer = Initializer(random: random)
    let hidden = options.integer("proj_hidden_dim")
    return SIGReg(
      projector: options.integer("proj_dim") > 0
        ? ProjectionHead(
          [featureWidth, hidden, hidden, width], norm: .batch, normalizesLast: false,
          initializer: &initializer)
        : nil,
      test: EppsPulley(points: options.integer("num_points"), end: options.number("t_max")), slices: slices,
      lambda: Float(options.number("lambda")), weight: Float(options.number("weight")))
  }

  func plan(batch: BatchScope) -> any TaskPlan { Plan(task: self) }

  private struct Plan: TaskPlan {
    let task: SIGRegTask

    /// Each sample brings its part of the directions, so that they depend on the run's seed and on the step.
    func draw(sample: SampleScope) -> any TaskDraw {
      var random = sample.random("sigreg")
      let part = (task.slices + sample.batch.batchSize - 1) / sample.batch.batchSize
      return Draw(numbers: (0..<part * task.width).map { _ in Float(random.normal()) })
    }
  }

  private struct Draw: TaskDraw {
    let numbers: [Float]
  }
}
