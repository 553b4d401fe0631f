import Console

/// A set of values that is built in, written as a file of settings would be.
public struct Preset: Sendable, Equatable {
  public let name: String
  /// One line for help.
  public let summary: String
  /// TOML, read by the same path as a file.
  public let text: String

  /// What is used where no `--preset` is given: a model that one workstation can train.
  public static let standardName = "small"

  public static let all = [paper, small, quick]

  /// - Throws: `SettingsError` with the nearest name.
  public static func named(_ name: String) throws -> Preset {
    if let preset = all.first(where: { $0.name == name }) { return preset }
    let names = all.map(\.name)
    throw SettingsError(
      place: "--preset", subject: "\"\(name)\"", problem: "there is no such preset",
      remedy: "allowed: \(names.joined(separator: ", "))" + Suggestions.clause(for: name, in: names))
  }

  /// Nothing differs: the defaults are the paper's numbers.
  static let paper = Preset(
    name: "paper",
    summary: "every number as the paper has it: ViT-B/16, 224 px, 300 epochs of batches of 2048",
    text: """
      # Defaults are the paper's recipe; this preset changes none of them.
      """)

  static let small = Preset(
    name: "small",
    summary: "ViT-S/16 at 224 px in batches of 64, for one workstation and thousands of radiographs",
    text: """
      [model]
      size = "small"
      predictor_width = 192
      predictor_depth = 4
      predictor_heads = 6
      [training]
      epochs = 100
      batch_size = 64
      learning_rate = 2e-4
      warmup_epochs = 10
      [diagnostics]
      every_epochs = 5
      """)

  /// How many radiographs a data plugin has in a quick run it says itself (`DataSourceDefinition.presets`); of the 1536
  /// of the shipped registry's, with a quarter of the patients held out, 40 epochs are 46,000 radiographs. A small
  /// model that sees many predicts more after three minutes than a larger one that sees few (docs/results.md).
  static let quick = Preset(
    name: "quick",
    summary:
      "96 px, width 96, 3 blocks, 40 epochs, on built-in radiographs about three minutes on two cores",
    text: """
      [model]
      size = "custom"
      width = 96
      depth = 3
      heads = 4
      image_size = 96
      predictor_width = 48
      predictor_depth = 2
      predictor_heads = 4
      [data]
      holdout_fraction = 0.25
      [training]
      epochs = 40
      batch_size = 16
      learning_rate = 5e-4
      warmup_epochs = 2
      ema_start = 0.98
      [diagnostics]
      every_epochs = 10
      """)
}
