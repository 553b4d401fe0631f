import Foundation
import Testing

extension EndToEnd {
  /// Runs put beside one another.
  @Suite struct Comparison {
    @Test func twoRuns() throws {
      let scratch = try Scratch()
      for (name, seed) in [("a/run", "1"), ("b/run", "2")] {
        #expect(try scratch.pretrain(["--steps", "6", "--seed", seed, "--out", name]).status == 0)
      }
      let words = ["compare", "a/run", "b/run"]
      let rows: [[String: Any]] = try parsed(scratch.run(words + ["--json"]).output)
      #expect(rows.map { $0["run"] as? String } == ["a/run", "b/run"])
      let summary = try scratch.json("b/run/summary.json")
      #expect(rows[1]["loss"] as? Double == summary["lastLoss"] as? Double)
      #expect(rows[0]["loss"] as? Double != rows[1]["loss"] as? Double)
      #expect(rows.allSatisfy { $0["is_finished"] as? Bool == true && $0["steps"] as? Int == 6 })

      try FileManager.default.removeItem(atPath: scratch.path + "/b/run/summary.json")
      try scratch.write(try scratch.bytes("b/run/metrics.jsonl").dropLast(9), "b/run/metrics.jsonl")
      let drawn = try scratch.run(words + ["--out", "both.png"])
      #expect(drawn.status == 0 && drawn.output.contains("5 so far"), "\(drawn.everything)")
      #expect(try scratch.bytes("both.png").starts(with: [0x89, 0x50, 0x4e, 0x47]))
      let again = try scratch.run(words + ["--out", "both.png"])
      #expect(again.status == 2 && again.errors.contains("exists already"))
      #expect(try scratch.run(words + ["--out", "both.svg"]).status == 0)
      #expect(try scratch.text("both.svg").hasPrefix("<?xml"))
      let other = try scratch.run(words + ["--out", "both.jpg"])
      #expect(other.status == 2 && other.errors.contains("ends in .png or .svg"), "\(other.everything)")
    }

    /// The settings of a run are a file that anybody may have written.
    @Test func aKeyWithoutANameIsNoCrash() throws {
      let scratch = try Scratch()
      for name in ["run", "other"] {
        #expect(try scratch.pretrain(["--steps", "2", "--out", name]).status == 0)
      }
      let settings = try scratch.text("run/config.toml")
      #expect(settings.contains("[data]\n"))
      try scratch.write(
        Data(settings.replacing("[data]\n", with: "[data]\n\"\" = 1\n").utf8), "run/config.toml")
      let outcome = try scratch.run(["compare", "run", "other"])
      #expect(outcome.status == 0, "\(outcome.everything)")
    }

    @Test func lossesOverOtherPatchesAreNotRanked() throws {
      let scratch = try Scratch()
      for (name, words) in [
        ("blocks", ["--tasks", "local"]),
        ("again", ["--tasks", "local", "--seed", "3", "--learning-rate", "1e-4"]),
        ("crops", ["--tasks", "domain"]), ("both", ["--tasks", "local,domain"]),
        ("views", ["--tasks", "global"]),
      ] {
        let outcome = try scratch.pretrain(words + ["--steps", "4", "--out", name])
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      let runs = ["blocks", "again", "crops", "both", "views"]
      let rows: [[String: Any]] = try parsed(scratch.run(["compare"] + runs + ["--json"]).output)
      #expect(rows.map { $0["loss_group"] as? Int } == [1, 1, 2, 1, 3])
      #expect(
        rows.map { $0["tasks"] as? [String] } == [
          ["local"], ["local"], ["domain"], ["local", "domain"], ["global"],
        ])
      let terms = rows.map { ($0["terms"] as? [[String: Any]]) ?? [] }
      // Every patch of an 8 × 8 grid, and the hidden ones.
      #expect(terms[2].first?["patches"] as? Double == 64)
      let hidden = try #require(terms[0].first?["patches"] as? Double)
      #expect(hidden > 5 && hidden < 50)
      let settings = try #require(rows[1]["settings"] as? [String: String])
      #expect(settings["training.learning_rate"] == "0.0001" && settings["run.seed"] == "3")
      #expect(settings["run.out"] == nil && settings["local.blocks"] == nil)

      let table = try scratch.run(["compare"] + runs)
      #expect(table.output.contains("Losses of 3 kinds, which cannot be compared"), "\(table.output)")
      #expect(
        table.output.contains("patches")
          && table.output.contains("2: crops; from 1 it differs since z11 is over 64"))
      #expect(table.output.contains("training.learning_rate"))
      let same = try scratch.run(["compare", "blocks", "again", "both"])
      #expect(!same.output.contains("cannot be compared"), "\(same.output)")
      // Runs that did not record their patches.
      for run in ["blocks", "both"] {
        let lines = try scratch.text(run + "/metrics.jsonl").split(separator: "\n")
        let old = lines.map {
          $0.replacingOccurrences(of: "\"patches.z11\":", with: "\"seconds.z11.none\":") + "\n"
        }
        try scratch.write(Data(old.joined().utf8), run + "/metrics.jsonl")
      }
      let unknown = try scratch.run(["compare", "blocks", "both"])
      #expect(unknown.output.contains("z11 is over an unrecorded number of"), "\(unknown.output)")
      let sizes = try scratch.pretrain([
        "--tasks", "local", "--steps", "2", "--set", "model.predictor_depth=1", "--out", "sizes",
      ])
      #expect(sizes.status == 0)
      let models = try scratch.run(["compare", "blocks", "sizes"])
      #expect(models.output.contains("model.predictor_depth is 1 and 2"), "\(models.output)")
    }

    @Test func whatCannotBeCompared() throws {
      let scratch = try Scratch()
      try FileManager.default.createDirectory(
        atPath: scratch.path + "/empty", withIntermediateDirectories: true)
      let refusals = [
        (["empty"], Int32(2), "two runs or more"), (["empty", "empty"], 2, "named twice"),
        (["empty", "none"], 1, "expected the folder of a run"),
        (["empty", "none", "--out", "x.jpg"], 1, "expected the folder of a run"),
      ]
      for (words, status, text) in refusals {
        let outcome = try scratch.run(["compare"] + words)
        #expect(outcome.status == status && outcome.errors.contains(text), "\(words): \(outcome.everything)")
      }
    }

    @Test func resumedWithOtherInstructions() throws {
      let scratch = try Scratch()
      let environment = ["CHEX_INSTRUCTIONS": "portable"]
      let process = try RunnerProcess(
        ["pretrain", "--batch", "8"] + Scratch.small + ["--steps", "400", "--out", "run"], in: scratch.path,
        environment: environment)
      try scratch.wait(for: 6, of: "run", process)
      process.send(SIGINT)
      #expect(try process.wait().status == 130)
      #expect(try scratch.text("run/versions.json").contains("\"instructions\" : \"portable\""))
      let resumed = try RunnerProcess(
        ["resume", "run"], in: scratch.path, environment: ["CHEX_INSTRUCTIONS": "avx2"])
      // A stop before the first step would end it before it has said anything.
      let taken = try scratch.text("run/metrics.jsonl").split(separator: "\n").count
      try scratch.wait(for: taken + 2, of: "run", resumed)
      resumed.send(SIGINT)
      let outcome = try resumed.wait()
      #expect(
        outcome.errors.contains("began with instructions portable and goes on with avx2"), "\(outcome.errors)"
      )
    }
  }
}
