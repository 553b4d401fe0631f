import Foundation
import Testing

extension EndToEnd {
  /// A new run that goes on from a checkpoint of another, with other settings.
  @Suite struct Branching {
    private func parent(_ scratch: Scratch) throws {
      #expect(
        try scratch.pretrain(
          ["--steps", "12", "--set", "training.keep_checkpoints=5", "--out", "run"]
        ).status == 0)
    }

    @Test func theSameSettingsGiveTheSameBits() throws {
      let scratch = try Scratch()
      try parent(scratch)
      let before = try scratch.text("run/config.toml")
      let branched = try scratch.run(["resume", "run", "--step", "8", "--out", "branch"])
      #expect(branched.status == 0 && !branched.errors.contains("warning"), "\(branched.errors)")
      for file in ["model.safetensors", "optimizer.safetensors"] {
        let path = "/checkpoints/step-000012/" + file
        #expect(try scratch.bytes("run" + path) == scratch.bytes("branch" + path), "\(file)")
      }
      let steps = try scratch.text("branch/metrics.jsonl").split(separator: "\n").count
      #expect(steps == 12 && scratch.has("branch/batch.png") && scratch.has("branch/summary.json"))
      #expect(try scratch.text("run/config.toml") == before && scratch.names("run/checkpoints").count >= 4)
      #expect(try scratch.text("branch/run.log").contains("branched off run at step 8"))
      // The branch is a run like any other.
      #expect(try scratch.run(["resume", "branch"]).output.contains("nothing to do"))
    }

    @Test func anotherSettingHoldsFromThere() throws {
      let scratch = try Scratch()
      try parent(scratch)
      let outcome = try scratch.run([
        "resume", "run", "--step", "4", "--set", "training.learning_rate=1e-5", "--set",
        "training.final_learning_rate=1e-6", "--out", "branch",
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
      func rates(_ run: String) throws -> [Double] {
        try scratch.text(run + "/metrics.jsonl").split(separator: "\n").map {
          try #require(try parsed(String($0), as: [String: Any].self)["learning_rate"] as? Double)
        }
      }
      let (own, other) = (try rates("branch"), try rates("run"))
      #expect(own.prefix(4) == other.prefix(4) && own.dropFirst(4).allSatisfy { $0 <= 1e-5 })
    }

    @Test func whatCannotBeBranchedOff() throws {
      let scratch = try Scratch()
      try parent(scratch)
      let refusals: [([String], Int32, String)] = [
        (["--step", "5", "--out", "b"], 1, "expected a checkpoint of step 5, found those of steps"),
        (["--step", "4"], 2, "give its folder with --out"),
        (["--set", "training.learning_rate=1"], 2, "give its folder with --out"),
        (["--step", "-1", "--out", "b"], 2, "--step"), (["--step", "four", "--out", "b"], 2, "--step"),
        (["--step", "4", "--out", "run"], 1, "already holds a run"),
        (["--step", "12", "--out", "b"], 1, "give an earlier --step"),
        (["--step", "4", "--set", "model.width=64", "--out", "b"], 1, "use the settings it was saved with"),
        (["--step", "4", "--set", "run.out=c", "--out", "b"], 2, "keep --out"),
        (["--step", "4", "--set", "training.learning_rat=1", "--out", "b"], 2, "learning_rate"),
      ]
      for (words, status, text) in refusals {
        let outcome = try scratch.run(["resume", "run"] + words)
        #expect(outcome.status == status && outcome.errors.contains(text), "\(words): \(outcome.everything)")
        #expect(!scratch.has("b"), "\(words)")
      }
    }
  }
}
