import Foundation
import Runs

/// An alarm in words: what was seen, since when, and commands that go on from before it.
struct CollapseMessage {
  private let alarm: Collapse
  private let folder: RunFolder
  private let configuration: RunConfiguration

  init(_ alarm: Collapse, _ folder: RunFolder, _ configuration: RunConfiguration) {
    (self.alarm, self.folder, self.configuration) = (alarm, folder, configuration)
  }

  /// - Throws: where the folder of checkpoints cannot be listed.
  func text() throws -> String {
    let checkpoints = try folder.savedCheckpoints.all()
    let healthy = alarm.lastHealthyStep
    let checkpoint = healthy.flatMap { step in checkpoints.last { $0.step <= step } }
    return ([seen, loss].compactMap { $0 } + remedies(from: checkpoint)).joined(separator: "\n")
  }

  private var seen: String {
    "COLLAPSE: features of held-out radiographs have been falling since step \(alarm.since), seen at step "
      + "\(alarm.seenAt): " + alarm.signs.map(\.text).joined(separator: "; ")
  }

  private var loss: String? {
    guard let before = alarm.errorBefore, let now = alarm.error else { return nil }
    let verb = now < before ? "fell" : "rose"
    return String(format: "  the prediction error \(verb) meanwhile from %.4f to %.4f", before, now)
      + (now < before ? ", which is no good sign: what carries little is easily predicted" : "")
  }

  private func remedies(from checkpoint: Checkpoint?) -> [String] {
    let remedies = CollapseRemedy.all(configuration)
    guard let checkpoint else {
      let when = alarm.lastHealthyStep.map { "of step \($0) or before" } ?? "from before the fall"
      return ["  no checkpoint \(when) is kept; begin anew with other settings, in this order:"]
        + remedies.enumerated().map { index, remedy in
          "  \(index + 1). \(remedy.purpose): " + remedy.settings.map { "--set \($0)" }.joined(separator: " ")
        }
    }
    return [
      "  the checkpoint of step \(checkpoint.step) is from before the fall; go on from it, in this order:"
    ]
      + remedies.enumerated().map { index, remedy in
        "  \(index + 1). \(remedy.purpose):\n     "
          + remedy.command(run: folder.path, step: checkpoint.step)
      }
  }
}
