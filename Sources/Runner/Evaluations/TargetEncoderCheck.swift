import Console
import WorldModel

/// Refuses what needs the target encoder of a run that has none.
package enum TargetEncoderCheck {
  /// - Parameters:
  ///   - mode: of the run's model.
  ///   - what: needs it, as the user gave it: `--encoder target`.
  ///   - remedy: what to give in its place.
  /// - Throws: `UsageError` where the target encoder is absent.
  package static func check(_ mode: TargetEncoderMode, _ what: String, remedy: String) throws {
    guard mode == .absent else { return }
    throw UsageError(
      "\(what): expected a run with a target encoder, found one without (model.target_encoder = \"absent\"); "
        + "give \(remedy)")
  }
}
