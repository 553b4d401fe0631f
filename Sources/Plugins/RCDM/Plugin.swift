import CoreTensor
import WorldModel

/// What the host looks up in the library.
@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "imagine-rcdm", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(rcdmDefinition)
  }
}

/// The evaluation as it registers itself: `kind = "evaluation"`, `name = "imagine-rcdm"`.
let rcdmDefinition = EvaluationDefinition(
  name: "imagine-rcdm",
  summary: "Train a diffusion model on a run's target features; show what its predictions look like",
  options: RCDMSettings.declarations,
  trial: [
    "size": .integer(16), "width": .integer(8), "steps": .integer(2), "batch_size": .integer(4),
    "images": .integer(2), "pictures": .integer(1), "samples": .integer(1), "sampling_steps": .integer(2),
    "resamples": .integer(20),
  ],
  command: EvaluationCommand(
    verb: "rcdm",
    examples: [
      EvaluationExample("imagine rcdm runs/first", "a night on two cores"),
      EvaluationExample(
        "imagine rcdm runs/first --steps 3000 --pictures 2 --out runs/first/rcdm-trial",
        "a trial of about an hour, blurred but telling"),
    ], usesAllImages: true),
  makeForModel: { RCDMEvaluation(settings: try RCDMSettings($0)) }
).timing { options, _, shape, images in
  try DiffusionTraining.timedStep(RCDMSettings(options), features: shape.width, images: images)
}
