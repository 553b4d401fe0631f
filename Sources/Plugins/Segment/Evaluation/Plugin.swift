import CoreTensor
import FineTuning
import WorldModel

/// Segmentation as a plugin: `kind = "evaluation"`, `name = "finetune-segment"`.
public let segmentDefinition = EvaluationDefinition(
  name: "finetune-segment",
  summary: "Fine-tune a run's encoder to draw masks, from a share of the labels; test at the best epoch",
  options: SegmentSettings.declarations,
  trial: [
    "seeds": .integer(1), "epochs": .integer(2), "minimum_steps": .integer(4), "decoder": .text("linear"),
  ],
  command: EvaluationCommand(
    verb: "segment",
    examples: [
      EvaluationExample(
        "finetune segment runs/first --data montgomery:/data/montgomery --patients 2,5,10 --out runs/lungs",
        "lungs from few labelled patients, five seeds each"),
      EvaluationExample(
        "finetune segment runs/first --data siim:/data/siim --fraction 0.01,0.1,1",
        "pneumothorax, from shares of the labels, beside what predicting nothing would score"),
      EvaluationExample(
        "finetune segment runs/first --masks effusion,nodule --frozen --decoder linear",
        "what the frozen tokens of the run's own radiographs know of two findings"),
    ], usesAllImages: true,
    folder: { "segment-" + $0.text("from") + ($0.boolean("frozen") ? "-frozen" : "") }),
  presets: SegmentPresets.all,
  makeForModel: { SegmentEvaluation(settings: try SegmentSettings($0)) }
).predicting { try MaskPredictor(try SegmentSettings($0), $1, $2, $3) }
  .timing { options, networks, shape, images in
    let settings = try SegmentSettings(options)
    if let problem = SegmentationNetwork.problem(settings.decoder, shape) {
      throw FineTuneError(problem)
    }
    let network = SegmentationNetwork(
      networks, shape, classes: 1, decoder: settings.decoder, isFrozen: settings.isFrozen, seed: 0,
      trainable: true)
    let noise = TrainingSettings.noise([images, 1, shape.imageSize, shape.imageSize], stream: "bench.masks")
    let masks = Tensor(noise.values.map { $0 < 0.2 ? 1 : 0 }, shape: noise.shape)
    return settings.training.timedStep(network, images: images) { network, images, dropping in
      MaskLoss.diceAndCrossEntropy(
        network(images, dropping: settings.isFrozen ? nil : dropping), masks)
    }
  }

/// What the host looks up in the library.
@c(chex_plugin)
public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "finetune-segment", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(segmentDefinition)
  }
}
