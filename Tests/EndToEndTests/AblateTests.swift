import Foundation
import Testing

extension EndToEnd {
  @Suite struct Ablating {
    private static let table = """
      title = "Two rows"
      [[row]]
      name = "domain"
      tasks = ["domain"]
      reported.recall = 0.2
      [[row]]
      name = "without a"
      tasks = ["domain"]
      settings = { domain.latent = false }
      reported.recall = 0.1
      [[evaluation]]
      command = "sensitivity --images 4 --candidates 6 --draws 0 --pictures 0"
      metrics = ["recall@1, without a"]
      """

    private func ablate(_ words: [String], out: String = "ablation") -> [String] {
      ["ablate", "--batch", "8"] + Scratch.small + ["--table", "my.toml", "--steps", "6", "--out", out]
        + words
    }

    private func scratch() throws -> Scratch {
      let scratch = try Scratch()
      try scratch.write(Data(Self.table.utf8), "my.toml")
      return scratch
    }

    /// An evaluation that fails in every cell (no radiograph has the finding) is named; the rest is finished, and the
    /// same command tries only what failed.
    @Test func everyRowIsTrainedEvaluatedAndCompared() throws {
      let scratch = try scratch()
      let outcome = try scratch.run(
        ablate(["--seeds", "2", "--jobs", "2", "--then", "probe --label nothing", "--json"]))
      #expect(outcome.status == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("about") && outcome.errors.contains("4 runs (2 rows, 2 seeds)"))
      let results = try parsed(outcome.output, as: [String: Any].self)
      let failures = try #require(results["failures"] as? [[String: Any]])
      #expect(failures.count == 4)
      #expect(
        failures.allSatisfy { ($0["reason"] as? String)?.contains("nothing") == true })
      let columns = try #require(results["columns"] as? [[String: Any]])
      #expect(columns.map { $0["metric"] as? String } == ["recall@1, without a"])
      let cells = try #require(columns[0]["cells"] as? [[String: Any]])
      #expect(cells.allSatisfy { ($0["values"] as? [Double])?.count == 2 })
      #expect((cells[1]["difference"] as? [String: Any])?["low"] is Double)
      let rows = try #require(results["rows"] as? [[String: Any]])
      #expect(rows.allSatisfy { $0["refusal"] == nil })
      #expect(
        Set(try scratch.names("ablation")).isSuperset(of: [
          "results.csv", "results.html", "results.json", "results.tex", "results.txt", "runs", "logs",
        ]))
      let page = try scratch.text("ablation/results.html")
      #expect(page.contains("<svg") && page.contains("What failed") && !page.contains("src=\"http"))
      // What was done is not done again.
      let before = try scratch.bytes("ablation/runs/domain/seed-0/metrics.jsonl")
      let again = try scratch.run(ablate(["--seeds", "2"]))
      #expect(again.status == 0, "\(again.everything)")
      #expect(again.output.contains("Two rows") && !again.errors.contains("done:"))
      #expect(try scratch.bytes("ablation/runs/domain/seed-0/metrics.jsonl") == before)
    }

    /// Stopped, then killed with no warning, then finished: the same as at one go.
    @Test func whatIsInterruptedGoesOnToTheSame() throws {
      let scratch = try scratch()
      let words = ablate(["--set", "training.warmup_epochs=1"])
      #expect(try scratch.run(words).status == 0)
      let other = words.map { $0 == "ablation" ? "stopped" : $0 }
      for signal in [SIGTERM, SIGKILL] {
        let process = try RunnerProcess(other, in: scratch.path)
        let run = "stopped/runs/" + (signal == SIGTERM ? "domain" : "without-a") + "/seed-0/metrics.jsonl"
        for _ in 0..<6000 where process.isRunning {
          if scratch.has(run), try scratch.text(run).contains("\"step\":2,") { break }
          usleep(10_000)
        }
        process.send(signal)
        let outcome = try process.wait()
        if signal == SIGTERM {
          #expect(
            outcome.status == 130 && outcome.errors.contains("the same command goes on"),
            "\(outcome.everything)")
        } else {
          #expect(outcome.wasKilled)
        }
      }
      let last = try scratch.run(other)
      #expect(last.status == 0, "\(last.everything)")
      for row in ["domain", "without-a"] {
        let model = "runs/\(row)/seed-0/checkpoints/step-000006/model.safetensors"
        #expect(try scratch.bytes("ablation/" + model) == scratch.bytes("stopped/" + model), "\(row)")
      }
      #expect(try scratch.bytes("ablation/results.csv") == scratch.bytes("stopped/results.csv"))
    }

    /// Each row is given the first row's time; a row that sets its steps keeps them, and the same command goes on with
    /// the same steps.
    @Test func rowsOfEqualCompute() throws {
      let scratch = try scratch()
      let table = """
        [[row]]
        name = "domain"
        tasks = ["domain"]
        [[row]]
        name = "all"
        tasks = ["local", "global", "domain"]
        [[row]]
        name = "scratch"
        tasks = ["domain"]
        settings = { training.steps = 1, training.learning_rate = 0, training.final_learning_rate = 0 }
        """
      try scratch.write(Data(table.utf8), "my.toml")
      let words = ablate(["--equal", "compute", "--threads", "1", "--json"])
      let early = try scratch.run(words + ["--dry-run"])
      #expect(early.status == 2 && early.errors.contains("begin without --dry-run"), "\(early.everything)")
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0, "\(outcome.everything)")
      let results = try parsed(outcome.output, as: [String: Any].self)
      let rows = try #require(results["rows"] as? [[String: Any]])
      let costs = rows.map { ($0["costs"] as? [[String: Any]])?.first?["steps"] as? Int }
      #expect(costs[0] == 6 && costs[2] == 1)
      let steps = try #require(costs[1])
      #expect(rows.allSatisfy { $0["refusal"] == nil })
      let lines = try scratch.run(words + ["--dry-run"]).output
      #expect(lines.contains("training.steps=\(steps) "), "\(lines)")
      let again = try scratch.run(words)
      #expect(again.status == 0 && !again.errors.contains("measuring"), "\(again.everything)")
    }

    @Test func commandLinesForAScheduler() throws {
      let scratch = try scratch()
      let outcome = try scratch.run(ablate(["--dry-run", "--seeds", "2", "--then", "probe --neighbours 5"]))
      let lines = outcome.output.split(separator: "\n")
      #expect(outcome.status == 0 && lines.count == 12, "\(outcome.everything)")
      #expect(lines[0].hasPrefix("chex-runner pretrain ") && lines[0].contains("--seed=0"))
      #expect(lines[2].contains("probe --neighbours 5 ablation/runs/domain/seed-0"))
      #expect(!scratch.has("ablation"))
    }

    @Test(arguments: [
      (["--then", "prob"], "expected an evaluation's command, one of"),
      (["--then", "probe --neighbors 5"], "--neighbours"),
      (["--then", "probe --out x"], "--out is the ablation's own"),
      (["--grid", "domain.latent=true,false"], "set by the row"),
      (["--set", "training.stepz=5"], "did you mean steps"),
      (["--tasks-subsets"], "keep one of them"),
      (["--equal", "time"], "--equal: expected radiographs or compute"),
      (["--seeds", "0"], "--seeds: expected an integer from 1"),
    ])
    func mistakesAreFoundBeforeAnythingIsTrained(words: [String], says: String) throws {
      let scratch = try scratch()
      let outcome = try scratch.run(ablate(words))
      #expect(outcome.status == 2 && outcome.errors.contains(says), "\(outcome.everything)")
      #expect(!scratch.has("ablation"))
    }

    @Test func aRowOfOtherWordsIsRefused() throws {
      let scratch = try scratch()
      let first = try scratch.run(ablate([]).filter { $0 != "--steps" && $0 != "6" } + ["--steps", "1"])
      #expect(first.status == 0, "\(first.everything)")
      let other = try scratch.run(ablate([]).filter { $0 != "--steps" && $0 != "6" } + ["--steps", "2"])
      #expect(
        other.status == 1 && other.errors.contains("begun by other words: --steps=1 then, --steps=2 now"))
      try scratch.write(Data("mine".utf8), "other/notes.txt")
      let foreign = try scratch.run(ablate([], out: "other"))
      #expect(foreign.status == 1 && foreign.errors.contains("expected an empty folder or an ablation's"))
    }
  }
}
