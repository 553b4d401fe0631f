import Foundation
import Testing

extension EndToEnd {
  /// Which registry is taken, and what is said of plugins that are in it and cannot be loaded.
  @Suite struct Registries {
    @Test(arguments: [
      (
        "trap/.build/release/libTrapTask.so", "[plugin.options]\nsid = 3\n",
        "expected an option of trap, found \"sid\""
      ),
      ("./none.so", "", "its library \"./none.so\""),
      ("ForeignCorePlugin", "", "expected core fingerprint"),
      ("ThrowingPlugin", "", "expected"),
    ])
    func aTaskThatIsRegisteredAndRefusedSaysWhy(library: String, options: String, reason: String) throws {
      var stand = try PackageStand(options: options, registered: library)
      var name = "trap"
      if library.hasSuffix("Plugin") {
        stand = try PackageStand()
        name = library == "ThrowingPlugin" ? "throwing" : "foreign-core"
        let text = try stand.scratch.text("plugins.toml")
          .replacingOccurrences(of: "name = \"trap\"", with: "name = \"\(name)\"")
          .replacingOccurrences(of: PackageStand.library, with: try Repository.library(library))
        try stand.scratch.write(Data(text.utf8), "plugins.toml")
      }
      for words in [["--tasks", "local,\(name)"], ["--tasks", "local", "--set", "\(name).side=3"]] {
        let outcome = try stand.pretrain(words + ["--dry-run"])
        #expect(outcome.status != 0 && outcome.errors.contains(reason), "\(words): \(outcome.everything)")
        #expect(!outcome.errors.contains("there is no task"))
      }
      let without = try stand.pretrain(["--tasks", "local", "--dry-run"])
      #expect(without.status == 0, "\(without.everything)")
    }

    @Test func theWorkingFoldersComesBeforeTheRuns() throws {
      let stand = try PackageStand()
      let other = try PackageStand()
      let run = other.scratch.path + "/run"
      let trained = try other.pretrain(["--tasks", "local", "--steps", "2", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      // The run's file has a table of the plugin trap, which is not in this registry and which the run does not use.
      let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
      try stand.scratch.write(Data(registry.utf8), "plugins.toml")
      let outcome = try stand.run(["evaluate", run, "--with", "probe"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let began = "the run began with the registry \(other.scratch.path)/plugins.toml"
      #expect(
        outcome.errors.contains(began) && outcome.errors.contains("the working folder's"), "\(outcome.errors)"
      )
      let named = try stand.run([
        "evaluate", run, "--with", "probe", "--plugins", other.scratch.path + "/plugins.toml",
      ])
      #expect(named.status == 0 && !named.errors.contains("began with"), "\(named.everything)")
      // Whatever a run's folder names is not loaded where the rule gives another.
      try other.scratch.write(Data("[[plugin".utf8), "plugins.toml")
      #expect(try stand.run(["evaluate", run, "--with", "probe"]).status == 0)
    }

    @Test func doctorAndHelpTellTheRule() throws {
      let stand = try PackageStand()
      let rows: [[String: String]] = try parsed(stand.run(["doctor", "--json"]).output)
      func value(_ name: String) -> String? { rows.first { $0["name"] == name }?["value"] }
      #expect(value("registry") == stand.scratch.path + "/plugins.toml")
      #expect(value("registry, why")?.hasPrefix("the working folder's; the rule: --plugins; default") == true)
      #expect(value("registry, not used") == Repository.plugins)
      #expect(value("core's package")?.hasSuffix("Sources/CoreTensor") == true)
      for command in [
        "pretrain", "resume", "evaluate", "probe", "new-task", "plugins", "doctor", "weights export",
      ] {
        let help = try stand.run(command.split(separator: " ").map(String.init) + ["--help"])
        let text = help.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(
          text.contains(
            "default plugins.toml of the working folder where there is one, else the program's own"),
          "\(command)")
      }
    }
  }
}
