import CoreTensor
import FineTuning
import WorldModel

/// Fine-tuned classification as a plugin: `kind = "evaluation"`, `name = "finetune"`.
public let fineTuneDefinition = EvaluationDefinition(
  name: "finetune",
  summary:
    "Fine-tune a run's encoder to classify radiographs, from a share of the labels; test at the best epoch",
  options: FineTuneSettings.declarations,
  trial: ["seeds": .integer(1), "draws": .integer(1), "epochs": .integer(2), "minimum_steps": .integer(8)],
  command: EvaluationCommand(
    verb: "classify",
    examples: [
      EvaluationExample(
        "finetune classify runs/first --data vindr:/data/vindr --fraction 0.01,0.1,1 --out runs/vindr",
        "sample efficiency: 1%, 10% and all of the labels, five seeds each"),
      EvaluationExample(
        "finetune classify runs/first --data rsna:/data/rsna --from scratch --out runs/rsna-scratch",
        "the baseline without pre-training; three classes, accuracy"),
      EvaluationExample(
        "finetune classify runs/first --data labels.csv --shots 1,5,10 --draws 5 --label Effusion",
        "few cases a class, five draws"),
    ],
    // A probe is content with a few thousand images; what is called all labels must be all.
    usesAllImages: true, folder: { "finetune-" + $0.text("from") }),
  presets: FineTunePresets.all,
  makeForModel: { FineTuneEvaluation(settings: try FineTuneSettings($0)) }
).predicting { try ClassPredictor(try FineTuneSettings($0), $1, $2, $3) }
  .timing { options, networks, shape, images in
    let settings = try FineTuneSettings(options)
    let classifier = Classifier(
      networks, shape, classes: timedClasses, pooling: shape.design.hasClassToken ? settings.pooling : .mean,
      seed: 0, trainable: true)
    let truth = [Bool?](repeating: true, count: images * timedClasses)
    return settings.training.timedStep(classifier, images: images) { network, images, dropping in
      binaryCrossEntropy(network.head(network.pooled(images, dropping: dropping)), targets: truth)
    }
  }

/// Findings of a step that is timed, as many as NIH has.
private let timedClasses = 14

/// What the host looks up in the library.
@c(chex_plugin)
public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "finetune", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(fineTuneDefinition)
  }
}
