import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "domain", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(DomainTask.definition)
  }
}

/// Domain variation: predict a crop from the same or another crop whose appearance was changed, told how
/// (paper section 4.3).
struct DomainTask: WorldTask {
  static let definition = TaskDefinition(
    name: "domain", summary: "predict a crop from one whose appearance was changed, told the change a",
    options: [
      OptionDeclaration(
        "latent", .boolean(default: true),
        help: "tell the predictor a, how the context's appearance was changed (false: the ablation without a)"
      ),
      OptionDeclaration(
        "probability", .number(default: 0.8, in: 0...1), help: "of brightness, contrast and gamma together"),
      OptionDeclaration(
        "brightness", .interval(default: 0.6...1.4, in: 0...10), help: "factor, uniform"),
      OptionDeclaration(
        "contrast", .interval(default: 0.6...1.4, in: 0...10),
        help: "weight of the image against its mean grey, uniform"),
      OptionDeclaration(
        "gamma", .interval(default: 0.5...2, in: 0.01...10), help: "exponent of grey in [0, 1], log-uniform"),
      OptionDeclaration("blur_probability", .number(default: 0.2, in: 0...1), help: "of Gaussian blur"),
      OptionDeclaration(
        "blur_radius", .interval(default: 0.05...2, in: 0...50),
        help: "standard deviation in pixels at input size, uniform"),
      OptionDeclaration(
        "action_width", .integer(default: 0, in: 0...16),
        help: "numbers that a has; beyond four they are zero; 0: four (paper) or five (published)"),
    ],
    parity: TaskParity(
      switches: ["action_dim", "use_action"],
      options: { switches in
        let width = try switches.count("action_dim")
        return width > 0 ? ["action_width": .integer(width)] : nil
      },
      latents: { context, _, switches, batch in
        let action = try batch.tensor(
          "a\(context + 1)", shape: [batch.count, try switches.count("action_dim")])
        return [(ActionLatent.name, try switches.flag("use_action") ? action : .zeros(action.shape))]
      }),
    make: { DomainTask(options: $0, environment: $1) })

  let name = "domain"
  let requiredViews = 1
  /// π takes finished tokens: it acts after whatever moves or shifts them.
  let order = 1
  let options: Options
  let predictorWidth: Int
  let actionWidth: Int

  init(options: Options, environment: TaskEnvironment) {
    self.options = options
    predictorWidth = environment.predictorWidth
    let asked = options.integer("action_width")
    actionWidth = asked > 0 ? asked : environment.compatibility == .paper ? 4 : 5
  }

  func makeLatents(random: inout RandomStream) -> [any Latent] {
    guard options.boolean("latent") else { return [] }
    var initializer = Initializer(random: random)
    return [ActionLatent(width: actionWidth, tokenWidth: predictorWidth, initializer: &initializer)]
  }

  func plan(batch: BatchScope) -> any TaskPlan { Plan(task: self, batch: batch) }

  func caption(ofContext view: Int, drawn: [String: [Double]]) -> String? {
    drawn["a\(view + 1)"].map { "a = " + LatentCaption.text($0) }
  }

  func remark(on drawn: [[String: [Double]]]) -> String? {
    let actions = drawn.flatMap(\.values)
    let changed = actions.filter { $0 != Action().numbers.map(Double.init) }
    return "changes the appearance of \(changed.count) of \(actions.count) contexts"
  }

  var oddities: [String] {
    options.boolean("latent")
      ? [] : ["domain.latent is off: the predictor is not told how appearance was changed (an ablation)"]
  }

  struct Plan: TaskPlan {
    let task: DomainTask
    let batch: BatchScope

    func draw(sample: SampleScope) -> any TaskDraw {
      var random = batch.random(task.name, sample: sample.index)
      return Draw(task: task, actions: sample.views.map { _ in Action.draw(task.options, &random) })
    }
  }

  struct Draw: TaskDraw {
    let task: DomainTask
    /// One for each view.
    let actions: [Action]

    func editPixels(of context: inout any Context) { actions[context.view].apply(to: &context.pixels) }

    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
    }

    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      guard task.options.boolean("latent") else { return [] }
      let numbers = actions[context].numbers + [Float](repeating: 0, count: 16)
      return [LatentValue(latent: ActionLatent.name, numbers: Array(numbers.prefix(task.actionWidth)))]
    }

    var record: [String: [Double]] {
      Dictionary(
        uniqueKeysWithValues: actions.enumerated().map { ("a\($0 + 1)", $1.numbers.map(Double.init)) })
    }
  }
}

/// One change of appearance (spec section 4).
struct Action: Sendable, Equatable {
  var brightness = 1.0
  var contrast = 1.0
  var gamma = 1.0
  /// Standard deviation of the blur in pixels.
  var radius = 0.0

  /// `a = (brightness, contrast, gamma, radius)`
  var numbers: [Float] { [Float(brightness), Float(contrast), Float(gamma), Float(radius)] }

  static func draw(_ options: Options, _ random: inout RandomStream) -> Action {
    var action = Action()
    if random.chance(options.number("probability")) {
      action.brightness = random.uniform(in: options.interval("brightness"))
      action.contrast = random.uniform(in: options.interval("contrast"))
      action.gamma = random.logUniform(in: options.interval("gamma"))
    }
    if random.chance(options.number("blur_probability")) {
      action.radius = random.uniform(in: options.interval("blur_radius"))
    }
    return action
  }

  func apply(to image: inout GrayImage) {
    image.applyBrightness(brightness)
    image.applyContrast(contrast)
    image.applyGamma(gamma)
    image.applyGaussianBlur(radius)
  }
}
