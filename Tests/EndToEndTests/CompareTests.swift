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
      let process = try scratch.start(["--steps", "400", "--precision", "f32", "--out", "run"])
      try scratch.wait(for: 6, of: "run", process)
      process.send(SIGINT)
      #expect(try process.wait().status == 130)
      let versions = try scratch.text("run/versions.json")
      #expect(versions.contains("\"precision\" : \"f32\""))
      try scratch.write(
        Data(
          versions.replacingOccurrences(
            of: "\"precision\" : \"f32\"", with: "\"precision\" : \"bf16\""
          )
          .utf8), "run/versions.json")
      let resumed = try RunnerProcess(["resume", "run"], in: scratch.path)
      try scratch.wait(for: 8, of: "run", resumed)
      resumed.send(SIGINT)
      let outcome = try resumed.wait()
      #expect(outcome.errors.contains("began with precision bf16 and goes on with f32"))
    }
  }
}
