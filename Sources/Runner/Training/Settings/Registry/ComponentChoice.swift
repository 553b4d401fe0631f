import Console
import CoreTensor
import NeuralNetworks
import PluginHost
import WorldModel

/// Encoder, predictor, optimiser and schedule as a configuration names them: those that are shipped, or a plugin's.
package struct ComponentChoice {
  package static let standardNetwork = "vit"
  static let standardOptimizer = "adamw"
  static let standardSchedule = "cosine"
  /// Settings that name a component.
  package static let keys = [
    SettingKey("model", "encoder"), SettingKey("model", "predictor"), SettingKey("training", "optimizer"),
    SettingKey("training", "schedule"),
  ]

  private let configuration: RunConfiguration
  private let components: [ComponentDefinition]
  private let registry: String

  package init(_ configuration: RunConfiguration, plugins: [LoadedPlugin], registry: String) {
    (self.configuration, self.registry) = (configuration, registry)
    components = plugins.flatMap(\.allComponents)
  }

  /// How encoder and predictor are made.
  /// - Throws: `SettingsError` where there is none of the name, and what a component throws.
  package func networks() throws -> Networks {
    let (model, standard) = (configuration.model, Networks.standard)
    let encoder: Networks.EncoderMaker? = try chosen(
      model.encoderName, "encoder", unless: Self.standardNetwork
    ) {
      component, options in
      guard case .encoder(let own) = component else { return nil }
      return try own.make(options)
    }
    let predictor: Networks.PredictorMaker? = try chosen(
      model.predictorName, "predictor", unless: Self.standardNetwork
    ) {
      component, options in
      guard case .predictor(let own) = component else { return nil }
      return try own.make(options)
    }
    return Networks(
      makeEncoder: encoder ?? standard.makeEncoder, makePredictor: predictor ?? standard.makePredictor)
  }

  package func optimizer(_ model: WorldModel) throws -> any Optimizer {
    let training = configuration.training
    let request = OptimizerRequest(
      parameters: model.trainable, averages: model.averages, weightDecay: training.weightDecay,
      clipNorm: training.clipNorm)
    let own: (any Optimizer)? = try chosen(training.optimizer, "optimizer", unless: Self.standardOptimizer) {
      component, options in
      guard case .optimizer(let own) = component else { return nil }
      return try own.make(options, request)
    }
    let (decay, frozen) = (training.layerDecay, training.frozenEncoderSteps)
    guard own == nil || decay == 1 && frozen == 0 else {
      throw SettingsError(
        place: "[training]", subject: decay == 1 ? "frozen_encoder_steps" : "layer_decay",
        problem: "the optimiser \(training.optimizer) of a plugin moves every parameter alike",
        remedy: "take training.optimizer = \"\(Self.standardOptimizer)\", or leave the setting out")
    }
    let rates = decay == 1 ? [:] : model.encoder.learningRateScales(decay: decay)
    let encoder = Set(model.encoder.entries.map { ObjectIdentifier($0.parameter) })
    return own
      ?? AdamW(request.parameters, averages: request.averages, settings: training.adamW) { parameter in
        var scale = UpdateScale.standard(for: parameter)
        scale.learningRate = rates[ObjectIdentifier(parameter)] ?? 1
        scale.frozenUpdates = encoder.contains(ObjectIdentifier(parameter)) ? frozen : 0
        return scale
      }
  }

  package func schedule(totalSteps: Int) throws -> any Schedule {
    let training = configuration.training
    let request = ScheduleRequest(
      totalSteps: totalSteps, warmupSteps: training.warmupSteps(totalSteps: totalSteps),
      learningRate: training.learningRate, finalLearningRate: training.finalLearningRate,
      emaDecayStart: training.emaDecayStart, emaDecayEnd: training.emaDecayEnd)
    let own: (any Schedule)? = try chosen(training.scheduleName, "schedule", unless: Self.standardSchedule) {
      component, options in
      guard case .schedule(let own) = component else { return nil }
      return try own.make(options, request)
    }
    return own ?? training.schedule(totalSteps: totalSteps)
  }

  /// What `make` gives for the component of a name; it gives nil for those of another role.
  /// - Parameters:
  ///   - role: also the setting's name.
  ///   - standard: the name of what is shipped, for which the result is nil.
  private func chosen<Made>(
    _ name: String, _ role: String, unless standard: String,
    make: (ComponentDefinition, Options) throws -> Made?
  ) throws -> Made? {
    guard name != standard else { return nil }
    for component in components where component.name == name {
      let options = configuration.options(of: name, declared: component.options)
      let code = PluginCode("\(component.role) \"\(name)\"", "make")
      if let made = try code.run({ try make(component, options) }) { return made }
    }
    let known = [standard] + components.filter { $0.role == role }.map(\.name)
    throw SettingsError(
      place: Self.keys.first { $0.name == role }.map { "[\($0.table)]" } ?? "", subject: role,
      problem: "expected \(standard), or a name that a plugin of \(registry) registers, found \"\(name)\"",
      remedy: (Suggestions.nearest(to: name, in: known).map { "did you mean \($0)? " } ?? "")
        + "Names of this role: " + known.joined(separator: ", "))
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
  package var adamW: AdamWSettings {
    AdamWSettings(
      beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, clipNorm: clipNorm)
  }
}
