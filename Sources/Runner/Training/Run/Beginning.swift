import CoreTensor
import NeuralNetworks
import Runs
import WorldModel

/// Begins a run with another's networks, imported ones among them (`model.from`): the encoder and the target encoder with
/// the one that the other run was for, the predictor where it is asked for. A run that goes on has them in its checkpoints.
enum Beginning {
  /// Settings of the other run's model that decide nothing of its encoder.
  private static let others: Set = ["target_encoder", "normalize_targets", "from", "from_predictor"]

  /// Settings that the other run's encoder has, where the command line and its file say nothing: another size of image or
  /// patch may be given, for which positions and patches are resampled.
  /// - Parameter given: what was given.
  /// - Throws: `StorageError` where it is no run.
  static func settings(
    from path: String, withPredictor: Bool, given: Set<SettingKey>
  ) throws -> [SettingAssignment] {
    let run = try RunSettings(of: RunFolder.open(at: path))
    let model = RunConfiguration.Model.table.declared.declarations.map(\.name)
      .filter { !others.contains($0) && (withPredictor || !$0.hasPrefix("predictor")) }
      .map { SettingKey("model", $0) }
    return (model + [SettingKey("run", "compatibility")]).compactMap { key in
      guard !given.contains(key), let value = run["\(key.table).\(key.name)"] else { return nil }
      return SettingAssignment(key, .text(value, isToml: true), from: .run(path))
    }
  }

  /// - Throws: `BeginningError` where the encoders are of different makes; `StorageError` where it cannot be read.
  static func take(into parts: RunParts) throws {
    let (configuration, model) = (parts.setup.configuration.model, parts.optimization.model)
    guard let path = configuration.from.nonEmpty else { return }
    let other = try OtherRun(path: path)
    if let (setting, expected, found) = other.difference(from: parts.setup, resampled: true) {
      throw BeginningError.differs(path: path, setting: setting, expected: expected, found: found)
    }
    var shape = model.shape.encoder
    (shape.imageSize, shape.patchSize) = (
      other.number("model.image_size"), other.number("model.patch_size")
    )
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights.other"), trainable: false)
    let encoder = parts.setup.networks.makeEncoder(shape, &initializer)
    try other.loadEncoder(into: encoder)
    for own in [model.encoder] + [model.targetEncoder].compactMap({ $0 }) where !own.adopt(encoder) {
      throw BeginningError.fixedSize(path: path)
    }
    if configuration.takesPredictor { try other.loadPredictor(into: model.predictor) }
  }
}

enum BeginningError: Error, CustomStringConvertible {
  case differs(path: String, setting: String, expected: String, found: String)
  case fixedSize(path: String)

  var description: String {
    switch self {
    case .differs(let path, let setting, let expected, let found):
      "--from \(path): its encoder has another \(setting) than this run's: expected \(expected), found \(found); leave the "
        + "settings of [model] to --from"
    case .fixedSize(let path):
      "--from \(path): its encoder is one of a plugin that knows no other size of image or patch than its own; leave "
        + "model.image_size and model.patch_size to --from"
    }
  }
}
