import Foundation
import Testing

/// Other people's methods, trained as a user would: tasks that the registry has, not enabled.
extension Scratch {
  /// Of `trainMethod`'s runs.
  static let lastModel = "checkpoints/step-000012/model.safetensors"

  /// Twelve steps.
  func trainMethod(_ tasks: String, _ words: [String], out: String) throws {
    let outcome = try pretrain(
      ["--tasks", tasks, "--steps", "12", "--out", out, "--set", "training.learning_rate=2e-3"]
        + ["--set", "training.warmup_epochs=0", "--set", "run.evaluations=none"] + words)
    #expect(outcome.status == 0, "\(outcome.everything)")
  }

  func losses(of run: String) throws -> [Double] {
    try text(run + "/metrics.jsonl").split(separator: "\n").map {
      try #require(try parsed(String($0), as: [String: Any].self)["loss"] as? Double)
    }
  }

  /// The loss falls, the seed decides every bit whatever threads there are, and a run that goes on from a step ends where it
  /// did.
  func checkMethod(_ tasks: String, _ words: [String]) throws {
    try trainMethod(tasks, words, out: "run")
    let losses = try losses(of: "run")
    #expect(losses.suffix(3).reduce(0, +) < losses.prefix(3).reduce(0, +), "\(losses)")
    let expected = try bytes("run/" + Self.lastModel)
    try trainMethod(tasks, words + ["--loader-threads", "3", "--threads", "2"], out: "again")
    #expect(try bytes("again/" + Self.lastModel) == expected)
    try FileManager.default.removeItem(atPath: path + "/again/checkpoints/step-000012")
    let resumed = try run(["resume", "again", "--plugins", Repository.plugins])
    #expect(resumed.status == 0, "\(resumed.everything)")
    #expect(try bytes("again/" + Self.lastModel) == expected)
  }
}
