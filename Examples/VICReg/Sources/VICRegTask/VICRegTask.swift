import CoreTensor
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "vicreg", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(VICRegTask.definition)
  }
}

/// A regulariser against collapse (Bardes et al. 2022, equations 1 to 3, without the invariance term): over the
/// radiographs of a batch, each mean context feature must vary, and no two may vary together.
public struct VICRegTask: WorldTask {
  public static let definition = TaskDefinition(
    name: "vicreg", summary: "keep context features varied and uncorrelated over a batch",
    options: [
      OptionDeclaration(
        "variance", .number(default: 1, in: 0...1000),
        help: "weight of the term on deviations below the target"),
      OptionDeclaration(
        "covariance", .number(default: 0.04, in: 0...1000), help: "weight of the term on covariances"),
      OptionDeclaration(
        "deviation", .number(default: 1, in: 0.001...100), help: "of each feature over a batch, aimed at"),
    ],
    make: { options, _ in VICRegTask(options: options) })

  public let name = "vicreg"
  public let requiredViews = 1
  let objective: Spread

  init(options: Options) {
    objective = Spread(
      variance: Float(options.number("variance")), covariance: Float(options.number("covariance")),
      deviation: Float(options.number("deviation")))
  }

  public func makeObjective(random: inout RandomStream) -> (any Objective)? { objective }
}

/// The two terms. No parameters.
final class Spread: Objective, Sendable {
  let variance: Float
  let covariance: Float
  let deviation: Float

  init(variance: Float, covariance: Float, deviation: Float) {
    (self.variance, self.covariance, self.deviation) = (variance, covariance, deviation)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let pooled = concatenate(input.contexts.map { meanTokens($0.features) })
    return [
      ObjectiveTerm("variance", varianceHinge(pooled, deviation: deviation), weight: variance),
      ObjectiveTerm("covariance", covariancePenalty(pooled), weight: covariance),
    ]
  }

  func visit(_ visitor: inout ParameterVisitor) {}
}
