import Foundation

/// A change of settings against collapse, tried from a checkpoint before the fall.
package struct CollapseRemedy: Sendable, Equatable {
  /// What it does, as the end of a sentence.
  let purpose: String
  /// Ends the name of the new run's folder.
  let suffix: String
  /// Each as `--set` takes it.
  let settings: [String]

  /// What a configuration leaves to try, the most promising first.
  package static func all(_ configuration: RunConfiguration) -> [CollapseRemedy] {
    let (training, model) = (configuration.training, configuration.model)
    let follows = model.targetEncoder == .follows
    var remedies: [CollapseRemedy] = []
    if !model.normalizesTargets, model.targetEncoder != .absent {
      remedies.append(
        .init(
          purpose: "normalise targets, so that small features make no small error", suffix: "normalized",
          settings: ["model.normalize_targets=true"]))
    }
    var pair = [slowerLearning(training)]
    if follows, training.emaDecayStart < 1 {
      // Above these the other is the likelier cause: docs/results.md tried both.
      let learnsFast = training.learningRate > 1e-3
      let targetIsFast = training.emaDecayStart < 0.99
      pair.insert(slowerTarget(training), at: targetIsFast && !learnsFast ? 0 : 1)
    }
    return remedies + pair
  }

  private static func slowerTarget(_ training: RunConfiguration.Training) -> CollapseRemedy {
    let start = rounded(1 - (1 - training.emaDecayStart) / 5)
    let end = max(training.emaDecayEnd, rounded(1 - (1 - start) / 5))
    return .init(
      purpose: "let the target encoder follow more slowly", suffix: "slower-target",
      settings: ["training.ema_start=\(start)", "training.ema_end=\(end)"])
  }

  private static func slowerLearning(_ training: RunConfiguration.Training) -> CollapseRemedy {
    let share = training.learningRate > 1e-3 ? 10.0 : 3
    let rate = rounded(training.learningRate / share)
    return .init(
      purpose: "learn more slowly", suffix: "slower-learning",
      settings: ["training.learning_rate=\(rate)"]
        + (training.finalLearningRate > rate ? ["training.final_learning_rate=\(rate)"] : []))
  }

  /// Few digits: a distance from 1, or from 0, in two.
  private static func rounded(_ value: Double) -> Double {
    let distance = value > 0.5 ? 1 - value : value
    let short = Double(String(format: "%.2g", distance)) ?? distance
    return value > 0.5 ? Double(String(format: "%.8g", 1 - short)) ?? value : short
  }

  /// The command that goes on from the checkpoint of a step with the change.
  func command(run: String, step: Int) -> String {
    "chex-runner resume \(Self.quoted(run)) --step \(step) "
      + settings.map { "--set \($0) " }.joined() + "--out " + Self.quoted("\(run)-\(suffix)")
  }

  /// A path as a shell takes it for one word.
  static func quoted(_ path: String) -> String {
    let isPlain = path.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789/._-+:,=@%".unicodeScalars.contains($0))
    }
    return isPlain && !path.isEmpty ? path : "'" + path.replacing("'", with: #"'\''"#) + "'"
  }
}
