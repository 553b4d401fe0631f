import CoreTensor
import Layers
import PluginHost
import WorldModel

/// Encoder, predictor, optimiser and schedule as a configuration names them: those that are shipped, or a plugin's.
struct ComponentChoice {
  static let standardNetwork = "vit"
  static let standardOptimizer = "adamw"
  static let standardSchedule = "cosine"
  /// Settings that name a component.
  static let keys = [
    SettingKey("model", "encoder"), SettingKey("model", "predictor"), SettingKey("training", "optimizer"),
    SettingKey("training", "schedule"),
  ]

  private let configuration: RunConfiguration
  private let components: [ComponentDefinition]
  private let registry: String

  init(_ configuration: RunConfiguration, plugins: [LoadedPlugin], registry: String) {
    (self.configuration, self.registry) = (configuration, registry)
    components = plugins.flatMap(\.allComponents)
  }

  /// How encoder and predictor are made.
  /// - Throws: `SettingsError` where there is none of the name, and what a component throws.
  func networks() throws -> Networks {
    let model = configuration.model
    var encoder = Networks.standard.makeEncoder
    if model.encoderName != Self.standardNetwork {
      encoder = try find(model.encoderName, .init("model", "encoder"), Self.standardNetwork) { component in
        guard case .encoder(let definition) = component else { return nil }
        return try definition.make(options(component))
      }
    }
    var predictor = Networks.standard.makePredictor
    if model.predictorName != Self.standardNetwork {
      let key = SettingKey("model", "predictor")
      predictor = try find(model.predictorName, key, Self.standardNetwork) { component in
        guard case .predictor(let definition) = component else { return nil }
        return try definition.make(options(component))
      }
    }
    return Networks(makeEncoder: encoder, makePredictor: predictor)
  }

  func optimizer(_ model: WorldModel) throws -> any Optimizer {
    let training = configuration.training
    guard training.optimizer != Self.standardOptimizer else {
      return AdamW(model.trainable, followers: model.followers, settings: training.adamW)
    }
    let request = OptimizerRequest(
      parameters: model.trainable, followers: model.followers, weightDecay: training.weightDecay,
      clipNorm: training.clipNorm)
    let key = SettingKey("training", "optimizer")
    return try find(training.optimizer, key, Self.standardOptimizer) { component in
      guard case .optimizer(let definition) = component else { return nil }
      return try definition.make(options(component), request)
    }
  }

  func schedule(totalSteps: Int) throws -> any Schedule {
    let training = configuration.training
    guard training.scheduleName != Self.standardSchedule else {
      return training.schedule(totalSteps: totalSteps)
    }
    let request = ScheduleRequest(
      totalSteps: totalSteps, warmupSteps: training.warmupSteps(totalSteps: totalSteps),
      learningRate: training.learningRate, finalLearningRate: training.finalLearningRate,
      momentumStart: training.momentumStart, momentumEnd: training.momentumEnd)
    let key = SettingKey("training", "schedule")
    return try find(training.scheduleName, key, Self.standardSchedule) { component in
      guard case .schedule(let definition) = component else { return nil }
      return try definition.make(options(component), request)
    }
  }

  private func options(_ component: ComponentDefinition) -> Options {
    configuration.options(of: component.name, declared: component.options)
  }

  /// What `make` gives for the component of a name; it gives nil for those of another role.
  private func find<Made>(
    _ name: String, _ key: SettingKey, _ standard: String, make: (ComponentDefinition) throws -> Made?
  ) throws -> Made {
    for component in components where component.name == name && component.role == key.name {
      let code = PluginCode("\(component.role) \"\(name)\"", "make")
      if let made = try code.run({ try make(component) }) { return made }
    }
    let known = [standard] + components.filter { $0.role == key.name }.map(\.name)
    throw SettingsError(
      place: "[\(key.table)]", subject: key.name,
      problem:
        "expected \(standard), or the name of an \(key.name) that a plugin of \(registry) registers, found "
        + "\"\(name)\"",
      remedy: (Suggestions.nearest(to: name, in: known).map { "did you mean \($0)? " } ?? "") + "Known: "
        + known.joined(separator: ", "))
  }
}

extension LoadedPlugin {
  /// The component that the plugin is, and those that it brings beside.
  var allComponents: [ComponentDefinition] {
    guard case .component(let own) = definition else { return components }
    return [own] + components
  }
}

extension RunConfiguration.Training {
  /// The numbers of AdamW.
  var adamW: AdamWSettings {
    AdamWSettings(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, clipNorm: clipNorm)
  }
}
