import WorldModel

/// Settings of fine-tuning that suit a collection, and those that suit an encoder's depth.
///
/// The paper gives one set of numbers for a ViT-B, and another for CheXpert. What a collection lacks of the paper's
/// recipe it inherits from the options' defaults, which are the former.
enum FineTunePresets {
  private static let paper = "the defaults, which are the paper's"

  // A collection's own numbers say more than a depth does, so that they come last.
  static let all =
    [small]
    + [
      EvaluationPreset(
        name: "chexpert",
        reason: "many images with labels read from reports: one epoch, little left of lower blocks",
        values: [
          ("learning_rate", .number(1e-2)), ("layer_decay", .number(0.55)), ("drop_path", .number(0.1)),
          ("weight_decay", .number(0.4)), ("epochs", .integer(1)), ("warmup_epochs", .number(0.05)),
        ]),
      EvaluationPreset(
        name: "rsna", reason: "three classes, each image of one", values: [("loss", .text("cross-entropy"))]),
    ] + ["vindr", "nih", "shenzhen", "medfmc"].map { EvaluationPreset(name: $0, reason: paper, values: []) }

  /// For encoders of fewer blocks and narrower than the paper's, which learn too little at its numbers.
  private static let small = EvaluationPreset(
    name: "small encoder", reason: "fewer than 12 blocks, or narrower than 384",
    occasion: .encoder { depth, width in depth < 12 || width < 384 },
    values: [
      ("learning_rate", .number(1e-3)), ("drop_path", .number(0)), ("epochs", .integer(50)),
      ("crop_area", .list([.number(0.7), .number(1)])), ("jitter", .number(0.2)),
    ])
}
