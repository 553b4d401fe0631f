import WorldModel

/// Settings of segmentation that suit a collection, and those that suit an encoder's size (spec/beyond, section 11).
enum SegmentPresets {
  /// The findings that the phantom draws in lungs.
  private static let findings = ["consolidation", "effusion", "nodule", "pneumothorax"]

  private static func masks(_ names: [String]) -> (name: String, value: OptionValue) {
    ("masks", .list(names.map(OptionValue.text)))
  }

  // A collection's own values say more than an encoder's size does, so that they come last.
  static let all = [
    EvaluationPreset(
      name: "small encoder", reason: "fewer than 12 blocks, or narrower than 384",
      occasion: .encoder { depth, width in depth < 12 || width < 384 },
      values: [("learning_rate", .number(1e-3)), ("drop_path", .number(0))]),
    EvaluationPreset(
      name: "siim", reason: "the paper's recipe; most images are empty", values: [masks(["Pneumothorax"])]),
    EvaluationPreset(
      name: "rsna", reason: "boxes are filled as masks; their outlines are no outlines of findings",
      values: [masks(["Lung Opacity"])]),
    EvaluationPreset(
      name: "montgomery", reason: "both lungs as one mask, few images",
      values: [masks(["lungs"]), ("minimum_steps", .integer(800))]),
    EvaluationPreset(name: "lungs", reason: "both lungs as one mask", values: [masks(["lungs"])]),
    EvaluationPreset(
      name: "shenzhen", reason: "both lungs as one mask", values: [masks(["lungs"])]),
    EvaluationPreset(
      name: "phantom",
      reason: "its findings in lungs, each a class; --masks lungs or cardiomegaly asks for others",
      values: [masks(findings)]),
  ]
}
