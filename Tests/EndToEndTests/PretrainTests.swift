import Foundation
import Testing

extension EndToEnd {
  @Suite struct Pretraining {
    @Test func everyFileOfARun() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--steps", "6", "--out", "run"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(
        Set(try scratch.names("run")).isSuperset(of: [
          "batch.png", "checkpoints", "config.toml", "loss.png", "loss.svg", "metrics.jsonl", "run.log",
          "summary.json", "versions.json",
        ]))
      #expect(!scratch.has("run/failure.json") && !scratch.has("run/skipped.txt"))
      // The two newest, and the last at which features were seen to be well.
      #expect(try scratch.names("run/checkpoints") == ["step-000000", "step-000004", "step-000006"])
      #expect(
        try scratch.names("run/checkpoints/step-000006")
          == [
            "config.toml", "manifest.json", "model.safetensors", "optimizer.safetensors", "state.json",
            "versions.json",
          ])
      #expect(try scratch.json("run/summary.json")["steps"] as? Int == 6)
      for name in ["batch.png", "loss.png"] {
        #expect(try scratch.bytes("run/" + name).starts(with: [0x89, 0x50, 0x4E, 0x47]))
      }
      #expect(try scratch.text("run/loss.svg").contains("<svg "))
      let losses = try scratch.text("run/metrics.jsonl").split(separator: "\n").map {
        try parsed(String($0), as: [String: Any].self)["loss"] as? Double
      }
      #expect(losses.count == 6 && losses.allSatisfy { ($0 ?? .nan).isFinite })
    }

    @Test func aRunEndsWithTheEvaluationsOfTheRegistry() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--steps", "2", "--out", "run"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(outcome.output.contains("imagine of run at step 2"), "\(outcome.output)")
      #expect(scratch.has("run/evaluations/imagine/imagined.png"))
      let none = try scratch.pretrain(["--steps", "2", "--out", "none", "--set", "run.evaluations=none"])
      #expect(none.status == 0 && !scratch.has("none/evaluations"), "\(none.everything)")
      let unknown = try scratch.pretrain(["--steps", "2", "--out", "odd", "--set", "run.evaluations=imagin"])
      #expect(unknown.status == 1 && unknown.errors.contains("no evaluation of that name"))
      #expect(!scratch.has("odd"))
    }

    /// The run is kept, and the user told how to try again.
    @Test func anEvaluationThatFailsAtTheEndIsAWarning() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--steps", "2", "--out", "run", "--holdout", "0"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(outcome.errors.contains("chex-runner evaluate run --with imagine"), "\(outcome.errors)")
    }

    @Test func machineWithoutAFont() throws {
      let scratch = try Scratch()
      try scratch.write(Data("<fontconfig><dir>/no/such/folder</dir></fontconfig>".utf8), "fonts.conf")
      let bare = ["FONTCONFIG_FILE": scratch.path + "/fonts.conf"]
      let outcome = try scratch.run(
        ["pretrain", "--batch", "8"] + Scratch.small + ["--steps", "2", "--out", "run"], environment: bare)
      #expect(outcome.status == 1 && outcome.errors.contains("apt-get install fonts-dejavu-core"))
      #expect(!scratch.has("run"))
      let doctor = try scratch.run(["doctor", "--plugins", Repository.plugins], environment: bare)
      #expect(doctor.status == 1 && doctor.output.contains("figures need a font"), "\(doctor.everything)")
    }

    @Test func folderThatHoldsARun() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "1", "--out", "run"]).status == 0)
      let before = try scratch.bytes("run/metrics.jsonl")
      let again = try scratch.pretrain(["--steps", "1", "--out", "run"])
      #expect(again.status == 1)
      #expect(again.errors.contains("chex-runner resume run") && again.errors.contains("--out"))
      #expect(try scratch.bytes("run/metrics.jsonl") == before)
      try scratch.write(Data("mine".utf8), "other/notes.txt")
      let other = try scratch.pretrain(["--steps", "1", "--out", "other"])
      #expect(other.status == 1 && other.errors.contains("give another --out"))
      #expect(try scratch.names("other") == ["notes.txt"])
    }

    @Test func lossThatIsNoNumber() throws {
      let scratch = try Scratch()
      // Decay of a hundred times the weights, each step: they overflow soon.
      let outcome = try scratch.pretrain([
        "--steps", "80", "--out", "run", "--learning-rate", "10", "--set", "training.warmup_epochs=0",
        "--set", "training.weight_decay=10", "--set", "training.clip_norm=0",
      ])
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("is not finite") && outcome.errors.contains("chex-runner replay run"))
      let failure = try scratch.json("run/failure.json")
      #expect((failure["radiographs"] as? [String])?.count == 8)
      #expect((failure["draws"] as? [[String: Any]])?.count == 8)
      #expect((failure["draws"] as? [[String: Any]])?.allSatisfy { !$0.isEmpty } == true)
      let term = try #require(failure["term"] as? String)
      #expect(outcome.errors.contains(term))
      let (step, kept) = (failure["step"] as? Int ?? -1, failure["checkpointStep"] as? Int ?? -1)
      #expect(kept >= 0 && kept <= step && step < kept + 4)
      let name = "step-" + String(repeating: "0", count: 6 - "\(kept)".count) + "\(kept)"
      #expect(try scratch.names("run/checkpoints").last == name)
      let replay = try scratch.run(["replay", "run"])
      #expect(replay.status == 1)
      #expect(replay.output.contains("the first result that is not finite is"))
      let found = try parsed(scratch.run(["replay", "run", "--json"]).output, as: [String: Any].self)
      #expect((found["operation"] as? String)?.isEmpty == false)
      #expect((found["module"] as? String)?.isEmpty == false)
      #expect(found["radiographs"] as? [String] == failure["radiographs"] as? [String])
    }

    @Test func replayOfARunThatDidNotFail() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "4", "--out", "run"]).status == 0)
      let replay = try scratch.run(["replay", "run"])
      #expect(replay.status == 1 && replay.errors.contains("--step N"))
      let step = try scratch.run(["replay", "run", "--step", "5"])
      #expect(step.status == 0 && step.output.contains("results and gradients are finite"))
    }

    /// Tasks are listed in the order in which they act, whatever order they were asked for in.
    @Test(arguments: ["local", "global", "domain", "global,local", "local,domain", "domain,global"])
    func subset(tasks: String) throws {
      let scratch = try Scratch()
      let report = try dryRun(scratch, ["--tasks", tasks])
      let asked = tasks.split(separator: ",").map(String.init)
      #expect(report["tasks"] as? [String] == ["global", "local", "domain"].filter(asked.contains))
      let predictions = try #require(report["predictions"] as? [[String: Any]])
      #expect(!predictions.isEmpty)
      #expect(predictions.allSatisfy { ($0["error"] as? Double ?? .nan).isFinite })
    }

    @Test func allTasksNaiveAndWithoutLatents() throws {
      let scratch = try Scratch()
      func names(_ words: [String]) throws -> [String] {
        let predictions = try dryRun(scratch, words)["predictions"] as? [[String: Any]]
        return predictions?.compactMap { $0["name"] as? String }.sorted() ?? []
      }
      #expect(try names([]) == ["z11", "z12", "z21", "z22"])
      let naive = try names(["--naive"])
      for task in ["local.", "global.", "domain."] { #expect(naive.contains { $0.hasPrefix(task) }) }
      let off = ["--set", "global.latent=false", "--set", "domain.latent=false"]
      let report = try dryRun(scratch, off)
      let predictions = try #require(report["predictions"] as? [[String: Any]])
      #expect(predictions.allSatisfy { ($0["latents"] as? [String])?.isEmpty == true })
      #expect((report["oddities"] as? [String])?.filter { $0.contains("latent is off") }.count == 2)
      for (index, words) in [["--naive"], off].enumerated() {
        let outcome = try scratch.pretrain(words + ["--steps", "2", "--out", "run\(index)"])
        #expect(outcome.status == 0, "\(outcome.errors)")
      }
    }

    @Test func dryRunInWords() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--dry-run"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      for word in [
        "z12", "tasks: global, local, domain", "trained parameters", "batch sheet: dry-run.png",
        "local: hides ", "global: predicts all patches", "domain: changes the appearance of ",
      ] {
        #expect(outcome.output.contains(word))
      }
      #expect(scratch.has("dry-run.png") && !scratch.has("runs"))
    }

    private func dryRun(_ scratch: Scratch, _ words: [String]) throws -> [String: Any] {
      let outcome = try scratch.pretrain(["--dry-run", "--json"] + words)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try parsed(outcome.output)
    }
  }
}
