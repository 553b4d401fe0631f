import Foundation
import Testing

extension EndToEnd {
  /// What somebody meets who writes a plugin.
  @Suite struct PluginAuthors {
    @Test func checkOfAShippedPlugin() throws {
      let scratch = try Scratch()
      let words = ["plugins", "check", "local", "--plugins", Repository.plugins]
      let report: [String: Any] = try parsed(scratch.run(words + ["--json"]).output)
      #expect(report["plugin"] as? String == "local" && (report["checks"] as? [Any])?.count == 14)
    }

    /// Every plugin of the registry keeps its promises, by its name alone.
    @Test func everyShippedPluginPassesItsCheck() throws {
      let scratch = try Scratch()
      let rows: [[String: Any]] = try parsed(
        scratch.run(["plugins", "--json", "--plugins", Repository.plugins]).output)
      let names = rows.compactMap { $0["name"] as? String }
      #expect(
        Set(names).isSuperset(
          of: [
            "local", "global", "domain", "phantom", "dicom", "probe", "sensitivity", "finetune",
            "public-weights",
          ]))
      // Heads and decoders of the papers' sizes take minutes; their own tests check them with small ones.
      let large: Set = ["mae", "moco-v3", "dino"]
      for name in names where !large.contains(name) {
        let outcome = try scratch.run(["plugins", "check", name, "--plugins", Repository.plugins])
        // What needs PyTorch says so where there is none.
        if outcome.status != 0, outcome.everything.contains("make torch") { continue }
        #expect(outcome.status == 0, "\(name): \(outcome.everything)")
        #expect(
          outcome.output.contains("promises kept") && !outcome.output.contains("BROKEN"),
          "\(outcome.everything)")
      }
    }

    /// An evaluation of a task that is not enabled is tried on a model that has it.
    @Test func theTrialHasTheTaskThatAnEvaluationJudges() throws {
      let scratch = try Scratch()
      let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
      let domain = "library = \"DomainTask\"\nenabled = "
      #expect(registry.contains(domain + "true"))
      try scratch.write(
        Data(registry.replacing(domain + "true", with: domain + "false").utf8), "plugins.toml")
      let outcome = try scratch.run(["plugins", "check", "sensitivity", "--plugins", "plugins.toml"])
      #expect(outcome.status == 0 && outcome.output.contains("all 4 promises kept"), "\(outcome.everything)")
    }

    @Test func checkRefuses() throws {
      let scratch = try Scratch()
      try scratch.write(Data("nothing".utf8), "libNothing.so")
      try FileManager.default.createDirectory(
        atPath: scratch.path + "/empty", withIntermediateDirectories: true)
      let refusals = [
        (["chck"], Int32(2), "expected check"), (["check"], 2, "needs a library"),
        (["check", "lokal"], 1, "lokal"), (["check", "./libNothing.so"], 1, "libNothing.so"),
        (["check", "./missing.so"], 1, "missing.so"), (["check", "empty"], 1, "does not build"),
      ]
      for (words, status, text) in refusals {
        let outcome = try scratch.run(["plugins"] + words + ["--plugins", Repository.plugins])
        #expect(outcome.status == status && outcome.errors.contains(text), "\(words): \(outcome.everything)")
      }
    }

    @Test(arguments: ["task", "data", "evaluation", "codec"]) func newPackage(kind: String) throws {
      let scratch = try Scratch()
      let words = ["new-task", "odd-one", "--kind", kind, "--no-build", "--plugins", Repository.plugins]
      let outcome = try scratch.run(words)
      #expect(outcome.status == 0 && outcome.output.contains("name = \"odd-one\""), "\(outcome.everything)")
      let module = "OddOne" + kind.prefix(1).uppercased() + kind.dropFirst()
      let source = try scratch.text("odd-one/Sources/\(module)/\(module).swift")
      #expect(source.contains("name: \"odd-one\"") && source.split(separator: "\n").count < 110)
      for file in ["Package.swift", "README.md", "Tests/\(module)Tests/\(module)Tests.swift"] {
        let text = try scratch.text("odd-one/" + file)
        #expect(!["{name}", "{module}", "{core}", "{imports}"].contains { text.contains($0) }, "\(file)")
      }
      // The same command goes on with what it wrote, until that is changed.
      let again = try scratch.run(words)
      #expect(again.status == 0, "\(again.everything)")
      try scratch.write(Data("mine".utf8), "odd-one/README.md")
      let changed = try scratch.run(words)
      #expect(
        changed.status == 1 && changed.errors.contains("found README.md in it"), "\(changed.everything)")
      #expect(try scratch.text("odd-one/README.md") == "mine")
    }

    @Test func newPackageRefuses() throws {
      let scratch = try Scratch()
      let refusals = [
        (["local"], Int32(1), "there is a plugin \"local\" already"), (["3d"], 1, "begin with a letter"),
        (["a/b"], 1, "begin with a letter"), ([], 2, "NAME"),
        (["odd", "--kind", "tsk"], 2, "did you mean task"),
      ]
      for (words, status, text) in refusals {
        let outcome = try scratch.run(["new-task"] + words + ["--no-build", "--plugins", Repository.plugins])
        #expect(outcome.status == status && outcome.errors.contains(text), "\(words): \(outcome.everything)")
      }
      #expect(try scratch.names("").filter { !$0.hasPrefix(".") } == [])
    }

    @Test func metricsTellWhatATaskTook() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--tasks", "local,domain", "--steps", "3", "--out", "run"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let line: [String: Any] = try parsed(
        String(try #require(try scratch.text("run/metrics.jsonl").split(separator: "\n").last)))
      for key in ["seconds.local.draw", "seconds.local.edit", "seconds.domain.draw", "seconds.domain.edit"] {
        #expect((line[key] as? Double).map { $0 > 0 && $0 < 10 } == true, "\(key): \(line[key] ?? "none")")
      }
    }
  }
}
