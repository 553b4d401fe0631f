import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "invert", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(InvertTask.definition)
  }
}

/// Predict a radiograph from its negative, told whether it is one.
public struct InvertTask: WorldTask {
  public static let definition = TaskDefinition(
    name: "invert", summary: "predict a crop from one whose grey may be inverted, told whether it is",
    options: [
      OptionDeclaration("probability", .number(default: 0.5, in: 0...1), help: "of inverting a context")
    ],
    make: { InvertTask(probability: $0.number("probability"), predictorWidth: $1.predictorWidth) })

  public let name = "invert"
  public let requiredViews = 1
  let probability: Double
  let predictorWidth: Int

  public func makeLatents(random: inout RandomStream) -> [any Latent] {
    var initializer = Initializer(random: random)
    return [InvertLatent(tokenWidth: predictorWidth, initializer: &initializer)]
  }
  public func plan(batch: BatchScope) -> any TaskPlan { InvertPlan(probability: probability) }
}

struct InvertPlan: TaskPlan {
  let probability: Double

  func draw(sample: SampleScope) -> any TaskDraw {
    var random = sample.batch.random("invert", sample: sample.index)
    return InvertDraw(inverted: sample.views.map { _ in random.chance(probability) })
  }
}

struct InvertDraw: TaskDraw {
  /// For each view, whether its context is the negative.
  let inverted: [Bool]

  func editPixels(of context: inout any Context) {
    guard inverted[context.view] else { return }
    var pixels = context.pixels
    for index in pixels.pixels.indices { pixels.pixels[index] = 1 - pixels.pixels[index] }
    context.pixels = pixels
  }

  func supervisions(views: [Frame]) -> [Supervision] {
    views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
  }

  func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
    [LatentValue(latent: "invert", numbers: [inverted[context] ? 1 : 0])]
  }

  var record: [String: [Double]] { ["inverted": inverted.map { $0 ? 1 : 0 }] }
}

/// Adds a learned vector to the mask tokens of a prediction whose context is the negative.
///
/// Parameter: `predictor.invert.vector` (dp, 1).
final class InvertLatent: Latent {
  let name = "invert"
  let width = 1
  private let vector: Parameter

  init(tokenWidth: Int, initializer: inout Initializer) {
    vector = initializer.truncatedNormal([tokenWidth, 1])
  }

  /// A dense layer of one number a token: the vector where it is 1, nothing where it is 0.
  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
    tokens + linear(repeatRows(numbers, tokens.shape[1]), weight: vector.tensor, bias: nil)
  }

  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(vector, "vector") }
}
