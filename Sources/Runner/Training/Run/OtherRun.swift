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
