import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "dino", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(DINOTask.definition)
  }
}

/// DINO (Caron et al. 2021, "Emerging Properties in Self-Supervised Vision Transformers"): a student that sees one crop
/// gives the same probabilities to prototypes as a teacher that sees another.
///
/// The student is the context encoder, the teacher the target encoder, which follows it by moving average.
struct DINOTask: WorldTask {
  /// Defaults are the published code's.
  static let definition = TaskDefinition(
    name: "dino", summary: "agree with a teacher of another crop on prototypes (self-distillation)",
    options: [
      OptionDeclaration("out_dim", .integer(default: 65_536, in: 2...1_048_576), help: "prototypes"),
      OptionDeclaration(
        "hidden_dim", .integer(default: 2048, in: 1...65_536), help: "width of the heads' hidden layers"),
      OptionDeclaration(
        "bottleneck_dim", .integer(default: 256, in: 2...65_536),
        help: "width of what is compared with prototypes, of length 1"),
      OptionDeclaration(
        "student_temp", .number(default: 0.1, in: 0.001...100), help: "temperature of the student's softmax"),
      OptionDeclaration(
        "teacher_temp", .number(default: 0.04, in: 0.001...100), help: "of the teacher's: less is sharper"),
      OptionDeclaration(
        "center_momentum", .number(default: 0.9, in: 0...1),
        help: "share that the teacher's center keeps at a step"),
      OptionDeclaration("weight", .number(default: 1, in: 0...1000), help: "of the term in the loss"),
    ], targetEncoder: .follows,
    make: { DINOTask(options: $0, environment: $1) })

  let name = "dino"
  let requiredViews = 2
  let minimumBatch = 2
  let options: Options
  let featureWidth: Int

  init(options: Options, environment: TaskEnvironment) {
    self.options = options
    featureWidth = environment.featureWidth
  }

  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    let shape = DINOHead.Shape(
      features: featureWidth, hidden: options.integer("hidden_dim"),
      bottleneck: options.integer("bottleneck_dim"), prototypes: options.integer("out_dim"))
    func number(_ name: String) -> Float { Float(options.number(name)) }
    return DINO(
      shape, temperatures: (student: number("student_temp"), teacher: number("teacher_temp")),
      decay: number("center_momentum"), weight: number("weight"), random: random)
  }
}
