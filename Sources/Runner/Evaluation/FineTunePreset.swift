import WorldModel

/// Settings of fine-tuning that suit a collection, and those that suit an encoder's depth.
///
/// Spec section 9 gives one set of numbers for a ViT-B, and another for CheXpert. What a collection lacks of the
/// paper's recipe it inherits from the plugin's defaults, which are the former.
struct FineTunePreset {
  let name: String
  /// Why, for a note.
  let reason: String
  let values: [(name: String, value: OptionValue)]

  static let collections = [
    FineTunePreset(
      name: "chexpert",
      reason: "many films with labels read from reports: one epoch, little left of lower blocks",
      values: [
        ("learning_rate", .number(1e-2)), ("layer_decay", .number(0.55)), ("drop_path", .number(0.1)),
        ("weight_decay", .number(0.4)), ("epochs", .integer(1)), ("warmup_epochs", .number(0.05)),
      ]),
    FineTunePreset(
      name: "rsna", reason: "three classes, each film of one", values: [("loss", .text("cross-entropy"))]),
    FineTunePreset(name: "vindr", reason: "the defaults, which are the paper's", values: []),
    FineTunePreset(name: "nih", reason: "the defaults, which are the paper's", values: []),
    FineTunePreset(name: "shenzhen", reason: "the defaults, which are the paper's", values: []),
    FineTunePreset(name: "medfmc", reason: "the defaults, which are the paper's", values: []),
  ]

  /// For encoders of fewer blocks and narrower than the paper's, which learn too little at its numbers.
  static let small = FineTunePreset(
    name: "small encoder", reason: "fewer than 12 blocks, or narrower than 384",
    values: [
      ("learning_rate", .number(1e-3)), ("drop_path", .number(0)), ("epochs", .integer(50)),
      ("crop_area", .list([.number(0.7), .number(1)])), ("jitter", .number(0.2)),
    ])

  /// The name that no preset has: the plugin's defaults and nothing else.
  static let none = "none"

  /// What is taken of its own accord: of the collection where all sources are of one, and of the encoder.
  /// - Parameters:
  ///   - sources: as `--data` names them.
  ///   - chosen: what `--preset-for` says.
  static func presets(
    sources: [String], depth: Int, width: Int, chosen: String?
  ) -> [FineTunePreset] {
    if chosen == none { return [] }
    let names = Set(
      sources.map { source in source.split(separator: ":", maxSplits: 1).first.map(String.init) ?? "" })
    let name = chosen ?? (names.count == 1 && sources.allSatisfy { $0.contains(":") } ? names.first : nil)
    let collection = collections.filter { $0.name == name }
    let own = depth < 12 || width < 384 ? [small] : []
    // A collection's own numbers say more than a depth does.
    return own + collection
  }
}
