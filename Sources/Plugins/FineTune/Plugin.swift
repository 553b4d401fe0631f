import WorldModel

/// Fine-tuned classification as a plugin: `kind = "evaluation"`, `name = "finetune"`.
public let fineTuneDefinition = EvaluationDefinition(
  name: "finetune",
  summary: "fine-tunes the encoder on labels, from 1% of them to all, and tests once at the best epoch",
  options: FineTuneSettings.declarations,
  trial: ["seeds": .integer(1), "draws": .integer(1), "epochs": .integer(2), "minimum_steps": .integer(8)],
  makeForModel: { FineTuneEvaluation(settings: try FineTuneSettings($0)) })

/// What the host looks up in the library.
@c(chex_plugin)
public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "finetune", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(fineTuneDefinition)
  }
}
