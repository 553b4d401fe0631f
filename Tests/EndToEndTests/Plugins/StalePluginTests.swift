import Foundation
import Testing

extension EndToEnd {
  /// Sources that are newer than the library: yesterday's code is neither checked nor run.
  @Suite struct StalePlugins {
    @Test func aRunBuildsWhatItNeeds() throws {
      let stand = try PackageStand()
      let words = ["--tasks", "local,trap", "--dry-run"]
      #expect(try stand.pretrain(words).status == 0)
      #expect(stand.builds == 0)
      try stand.edit("struct TrapTask { var side = 2 }\n")
      let others = try stand.pretrain(["--tasks", "local", "--dry-run"])
      #expect(others.status == 0 && stand.builds == 0, "\(others.everything)")
      let outcome = try stand.pretrain(words)
      #expect(outcome.status == 0 && stand.builds == 1, "\(outcome.everything)")
      #expect(
        outcome.errors.contains("Sources/TrapTask/TrapTask.swift is newer than libTrapTask.so; building"),
        "\(outcome.errors)")
      try stand.age(PackageStand.source, by: 30)
      #expect(try stand.pretrain(words).status == 0 && stand.builds == 1)
    }

    @Test func aLibraryThatTheCompilerLeavesAsItIsIsNotBuiltForEver() throws {
      let stand = try PackageStand()
      try stand.age(PackageStand.library, by: 3600)
      let words = ["--tasks", "local,trap", "--dry-run"]
      #expect(try stand.pretrain(words).status == 0 && stand.builds == 1)
      try stand.age(PackageStand.library, by: 3600)
      #expect(try stand.pretrain(words).status == 0 && stand.builds == 1)
    }

    @Test func aLibraryThatIsNotThereIsBuilt() throws {
      let stand = try PackageStand()
      try FileManager.default.removeItem(atPath: stand.scratch.path + "/trap/.build")
      let outcome = try stand.pretrain(["--tasks", "local,trap", "--dry-run"])
      #expect(outcome.status == 0 && stand.builds == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("libTrapTask.so is not built"), "\(outcome.errors)")
    }

    @Test func aFailedBuildRunsNothing() throws {
      let stand = try PackageStand()
      try stand.edit("broken\n")
      for _ in 0..<2 {
        let outcome = try stand.pretrain(["--tasks", "local,trap", "--steps", "2", "--out", "run"])
        #expect(
          outcome.status == 1 && outcome.errors.contains("cannot find 'broken'"), "\(outcome.everything)")
        #expect(outcome.errors.contains("does not build, and a library of older sources is not used"))
        #expect(!stand.scratch.has("run"))
      }
      let check = try stand.run(["plugins", "check", "trap"])
      #expect(check.status == 1 && !check.output.contains("kept"), "\(check.everything)")
      #expect(stand.builds == 3)
      // A run that does not need it is not stopped.
      #expect(try stand.pretrain(["--tasks", "local", "--dry-run"]).status == 0)
    }

    @Test func resumeAndEvaluationsBuildToo() throws {
      let stand = try PackageStand()
      let trained = try stand.pretrain(["--tasks", "local,trap", "--steps", "2", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      try stand.edit("broken\n")
      for words in [
        ["resume", "run"], ["probe", "run"], ["evaluate", "run", "--with", "probe"], ["replay", "run"],
      ] {
        let outcome = try stand.run(words)
        #expect(
          outcome.status == 1 && outcome.errors.contains("does not build"), "\(words): \(outcome.everything)")
      }
      try stand.edit("struct TrapTask { var side = 3 }\n")
      let evaluated = try stand.run(["evaluate", "run", "--with", "probe"])
      #expect(evaluated.status == 0 && stand.builds == 5, "\(evaluated.everything)")
    }

    @Test func aPackagesFolderWinsOverAName() throws {
      let stand = try PackageStand()
      let folder = try stand.run(["plugins", "check", "trap"])
      #expect(folder.output.contains("built from trap") && stand.builds == 1, "\(folder.everything)")
      try FileManager.default.moveItem(
        atPath: stand.scratch.path + "/trap", toPath: stand.scratch.path + "/elsewhere")
      let text = try stand.scratch.text("plugins.toml")
      let moved = text.replacingOccurrences(
        of: PackageStand.library, with: "elsewhere/.build/release/libTrapTask.so")
      try stand.scratch.write(Data(moved.utf8), "plugins.toml")
      let name = try stand.run(["plugins", "check", "trap"])
      #expect(name.output.contains("task \"trap\"") && stand.builds == 1, "\(name.everything)")
      let file = stand.scratch.path + "/elsewhere/.build/release/libTrapTask.so"
      try FileManager.default.setAttributes(
        [.modificationDate: Date().addingTimeInterval(-3600)], ofItemAtPath: file)
      try? FileManager.default.removeItem(atPath: file + ".sources-seen")
      let warned = try stand.run(["plugins", "check", file])
      #expect(
        warned.errors.contains("is newer than libTrapTask.so, and is checked as it is"), "\(warned.errors)")
      #expect(stand.builds == 1)
    }

    @Test func listingsSayItAndBuildNothing() throws {
      let stand = try PackageStand()
      try stand.edit("struct TrapTask { var side = 2 }\n")
      for words in [["plugins", "--json"], ["doctor", "--json"]] {
        let outcome = try stand.run(words)
        #expect(outcome.status == 0 && stand.builds == 0)
        #expect(
          outcome.output.contains(
            "is newer than libTrapTask.so, and built by the next command that needs it"),
          "\(words): \(outcome.output)")
      }
    }

    @Test func aNewPackageIsRegisteredAndUsed() throws {
      let stand = try PackageStand()
      // A folder of another name: the script builds the library of `trap`.
      let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
      try stand.scratch.write(Data(registry.utf8), "plugins.toml")
      for name in ["trap/Package.swift", "trap/Sources"] {
        try FileManager.default.removeItem(atPath: stand.scratch.path + "/" + name)
      }
      try stand.scratch.write(Data("broken".utf8), PackageStand.source + ".broken")
      let broken = try stand.scratch.text("bin/swift").replacingOccurrences(
        of: PackageStand.source + "\"", with: PackageStand.source + ".broken\"")
      try stand.scratch.write(Data(broken.utf8), "bin/swift")
      let failed = try stand.run(["new-task", "trap", "own"])
      #expect(
        failed.status == 1 && failed.errors.contains("the same command goes on with own"),
        "\(failed.everything)")
      #expect(try stand.scratch.text("plugins.toml") == registry)
      try stand.scratch.write(Data(), PackageStand.source + ".broken")
      let made = try stand.run(["new-task", "trap", "own"])
      #expect(
        made.status == 0 && made.output.contains("chex-runner plugins check own/"), "\(made.everything)")
      let added = try stand.scratch.text("plugins.toml")
      #expect(added.hasPrefix(registry) && added.contains("library = \"trap/.build/release/libTrapTask.so\""))
      let used = try stand.pretrain(["--tasks", "local,trap", "--dry-run"])
      #expect(used.status == 0 && used.output.contains("tasks: local, trap"), "\(used.everything)")
      let again = try stand.run(["new-task", "trap", "own"])
      #expect(again.status == 1 && again.errors.contains("there is a plugin \"trap\" already"))
    }
  }
}
