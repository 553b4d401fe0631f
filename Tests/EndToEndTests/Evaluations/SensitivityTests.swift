import Foundation
import Testing

extension EndToEnd {
  @Suite struct Sensitivity {
    @Test func tableFiguresAndPictures() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--tasks", "local,domain", "--steps", "4", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      let words = [
        "sensitivity", "run", "--plugins", Repository.plugins, "--candidates", "8", "--images", "4",
      ]
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for part in ["with a", "without a", "chance", "recall@5", "0.6250", "recall@5, with a over without a"] {
        #expect(outcome.output.contains(part), "\(part): \(outcome.output)")
      }
      let folder = "run/evaluations/sensitivity"
      for name in ["ranked-1.png", "ranked-3.png", "ranks.csv", "metrics.json"] {
        #expect(scratch.has("\(folder)/\(name)"), "\(name)")
      }
      #expect(!scratch.has("\(folder)/ranked-4.png"))
      // What is done is read again, not done again.
      let again: [String: Any] = try parsed(scratch.run(words + ["--json"]).output)
      let metrics = try #require(again["metrics"] as? [[String: Any]])
      #expect(
        metrics.contains { $0["name"] as? String == "recall@5" && $0["subject"] as? String == "with a" })
      let other = try scratch.run(words + ["--seed", "1"])
      #expect(other.status == 1 && other.errors.contains("request.json"), "\(other.everything)")
    }

    @Test func refusals() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--tasks", "local", "--steps", "2", "--out", "run"]).status == 0)
      let words = ["sensitivity", "run", "--plugins", Repository.plugins]
      let refusals = [
        ([], Int32(1), "no task \"domain\""), (["--candidates", "1"], 2, "from 2 to 1024"),
        (["--images", "few"], 2, "integer from 1"),
        (["--set", "sensitivity.spread=grid", "--candidates", "9"], 1, "8 or 27"),
        (["--set", "sensitivity.spread=cube"], 2, "sequence"),
      ]
      for (index, (given, status, text)) in refusals.enumerated() {
        let outcome = try scratch.run(words + given + ["--out", "out-\(index)"])
        #expect(outcome.status == status && outcome.errors.contains(text), "\(given): \(outcome.everything)")
        #expect(!scratch.has("out-\(index)"), "\(given) left a folder")
      }
    }

    @Test func theMendedCommandIsNotRefused() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--tasks", "local,domain", "--steps", "2", "--out", "run"]).status == 0)
      let words = ["sensitivity", "run", "--plugins", Repository.plugins, "--images", "2"]
      let wrong = try scratch.run(words + ["--set", "sensitivity.spread=grid", "--candidates", "9"])
      #expect(wrong.status == 1 && !scratch.has("run/evaluations/sensitivity"), "\(wrong.everything)")
      // As a call leaves it that is killed before it has done anything.
      let folder = "run/evaluations/sensitivity"
      try scratch.write(Data("{}".utf8), folder + "/request.json")
      try scratch.write(Data("1\n".utf8), folder + "/lock")
      let mended = try scratch.run(words + ["--candidates", "4"])
      #expect(mended.status == 0 && scratch.has(folder + "/metrics.json"), "\(mended.everything)")
    }
  }
}
