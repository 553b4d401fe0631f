import Console
import NeuralNetworks
import Runs
import WorldModel

/// Another run, whose networks a run takes over.
struct OtherRun {
  let path: String
  let settings: RunSettings
  private let checkpoint: Checkpoint

  /// - Throws: `StorageError` where it is no run, or has no intact checkpoint.
  init(path: String) throws {
    self.path = path
    let folder = try RunFolder.open(at: path)
    settings = try RunSettings(of: folder)
    let found = try folder.savedCheckpoints.latest()
    for warning in found.warnings { StandardStream.error.show("chex-runner: warning: \(warning)\n") }
    checkpoint = found.checkpoint
  }

  var step: Int { checkpoint.step }

  /// A whole number of its settings; 0 where it has none.
  func number(_ key: String) -> Int { settings[key].flatMap { Int($0) } ?? 0 }

  /// The first setting by which its encoder is of another make than a run's. Heads, for instance, do not show in weights, and
  /// would give wrong features without an error.
  /// - Parameter resampled: whether another size of image or patch is none.
  func difference(
    from setup: RunSetup, resampled: Bool = false
  ) -> (setting: String, expected: String, found: String)? {
    let sizes = ["size", "width", "depth", "heads"]
    let others =
      ["target_encoder", "normalize_targets", "from", "from_predictor"]
      + (resampled ? ["image_size", "patch_size"] : [])
    for declaration in RunConfiguration.Model.table.declared.declarations {
      let name = declaration.name
      guard !name.hasPrefix("predictor"), !sizes.contains(name), !others.contains(name) else { continue }
      let (expected, found) = (
        setup.settings["model", name].value.tomlText, settings["model." + name] ?? "nothing"
      )
      if expected != found { return (name, expected, found) }
    }
    let (expected, found) = (setup.configuration.model.encoder, blocks)
    return expected == found ? nil : ("width, depth and heads", expected.text, found.text)
  }

  /// Width, depth and heads, as `model.size` names them or as they are given.
  private var blocks: TransformerConfiguration {
    let size = (settings["model.size"] ?? "").filter { $0 != "\"" }
    let named = ModelSize(rawValue: size)?.blocks ?? TransformerConfiguration(width: 0, depth: 0, heads: 0)
    func chosen(_ name: String, _ named: Int) -> Int {
      let own = number("model." + name)
      return own > 0 ? own : named
    }
    return TransformerConfiguration(
      width: chosen("width", named.width), depth: chosen("depth", named.depth),
      heads: chosen("heads", named.heads))
  }

  /// The encoder that the run was for: the one that evaluations of it judge.
  func loadEncoder(into encoder: any ImageEncoder) throws {
    let follows =
      settings["model.target_encoder"] == OptionValue.text(TargetEncoderMode.follows.rawValue).tomlText
    try ModelCheckpoint.load(
      checkpoint.path(of: Checkpoint.model), named: follows ? "target_encoder" : "encoder", into: encoder)
  }

  /// What was trained of its predictor; tables are those of the new run's sizes.
  func loadPredictor(into predictor: any Predictor) throws {
    try ModelCheckpoint.load(
      checkpoint.path(of: Checkpoint.model), named: "predictor", into: predictor, tables: false)
  }
}

extension TransformerConfiguration {
  fileprivate var text: String { "\(width), \(depth) and \(heads)" }
}
