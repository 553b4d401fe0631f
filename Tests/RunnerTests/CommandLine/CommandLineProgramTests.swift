import Foundation
import Synchronization
import Testing

@testable import Commands
@testable import Console
@testable import Training

/// Keeps what a program writes.
final class RecordingConsole: Sendable {
  private let text = Mutex((out: "", error: ""))
  var out: String { text.withLock { $0.out } }
  var error: String { text.withLock { $0.error } }

  var console: Program.Streams {
    .init(
      write: { line in self.text.withLock { $0.out += line + "\n" } },
      writeError: { line in self.text.withLock { $0.error += line + "\n" } })
  }
}

@Suite("The program and its commands")
struct CommandLineProgramTests {
  struct Broken: Error, CustomStringConvertible { let description = "the disk is full" }

  static let program = Program(
    name: "chex-runner", version: "9.8.7", summary: "Trains.",
    commands: [
      Command(
        name: "pretrain", summary: "train a model", options: SettingFlag.options,
        examples: [CommandExample("chex-runner --preset quick", "three minutes on two cores")],
        run: { $0.value("--seed") == "1" ? 0 : 7 }),
      Command(
        name: "resume", summary: "go on with a run", arguments: [CommandArgument("RUN", help: "its folder")],
        run: { _ in throw Broken() }),
      Command(
        name: "verify", summary: "compare", run: { _ in throw UsageError("there is no case here") }),
      Command(
        name: "imagine", summary: "in words", arguments: [.init("RUN", help: "its folder")], run: { _ in 3 }),
      Command(
        name: "imagine pixels", summary: "in pixels", arguments: [.init("RUN", help: "its folder")],
        run: { _ in 4 }),
      Command(name: "weights show", summary: "list", run: { _ in 5 }),
    ], defaultCommand: "pretrain")

  static func run(_ words: String...) -> (status: Int32, out: String, error: String) {
    let recording = RecordingConsole()
    let status = program.run(words, console: recording.console)
    return (status, recording.out, recording.error)
  }

  @Test func flagsWithoutACommandMeanTheDefault() {
    #expect(Self.run("--seed", "1").status == 0)
    #expect(Self.run("pretrain", "--seed", "1").status == 0)
    #expect(Self.run("--seed", "2").status == 7)
  }

  @Test func aCommandMayStandBesideThoseThatBeginWithIt() {
    #expect(Self.run("imagine", "run").status == 3)
    #expect(Self.run("imagine", "pixels", "run").status == 4)
    #expect(Self.run("imagine", "--help").out.contains("in words"))
    let family = Self.run("weights")
    #expect(family.status == 2 && family.error.contains("one of these is meant: weights show"))
  }

  @Test func nothingAtAllPrintsHelp() {
    let result = Self.run()
    #expect(result.status == 0 && result.error.isEmpty)
    for name in ["pretrain", "resume", "verify", "--version"] { #expect(result.out.contains(name)) }
    #expect(result.out == Self.run("--help").out && result.out == Self.run("help").out)
  }

  /// A program whose plugins bring one command, or cannot be read.
  private static func plugged(_ words: String..., fault: Broken? = nil) -> (
    status: Int32, out: String, error: String
  ) {
    let own = Command(
      name: "ellipses", summary: "write drawn radiographs",
      options: [CommandOption("--count", .value("N"), help: "Radiographs.")],
      run: { $0.value("--count") == "3" ? 0 : 5 })
    let program = Program(
      name: "chex-runner", version: "1", summary: "Trains.", commands: program.commands,
      defaultCommand: "pretrain",
      search: { _, name in
        if let fault { throw fault }
        return name == nil || name == own.name ? [own] : []
      })
    let recording = RecordingConsole()
    let status = program.run(words, console: recording.console)
    return (status, recording.out, recording.error)
  }

  @Test func pluginsBringCommands() {
    #expect(Self.plugged("ellipses", "--count", "3").status == 0)
    #expect(Self.plugged("ellipses", "--count=4").status == 5)
    #expect(Self.plugged("ellipses", "--help").out.contains("write drawn radiographs"))
    #expect(Self.plugged("--help").out.contains("Commands of plugins:\n  ellipses "))
    #expect(Self.plugged("elipses").error.contains("did you mean ellipses?"))
    #expect(!Self.run("--help").out.contains("Commands of plugins"))
  }

  @Test func pluginsThatCannotBeReadAreNamed() {
    #expect(Self.plugged("verify", fault: Broken()).error.contains("there is no case here"))
    #expect(Self.plugged("--help", fault: Broken()).status == 0)
    let unknown = Self.plugged("ellipses", fault: Broken())
    #expect(unknown.status == 2 && unknown.error.contains("there is no command \"ellipses\""))
    #expect(unknown.error.contains("the disk is full"))
  }

  @Test func versionIsPrinted() {
    #expect(Self.run("--version").out == "chex-runner 9.8.7\n")
    #expect(Self.run("--version").status == 0)
  }

  @Test func helpOfACommandListsEveryFlagAndExample() {
    let result = Self.run("pretrain", "--help")
    #expect(result.status == 0)
    for option in SettingFlag.options {
      for spelling in option.spellings { #expect(result.out.contains(spelling), "\(spelling)") }
    }
    #expect(result.out.contains("three minutes on two cores"))
    #expect(result.out.contains("  chex-runner --preset quick"))
    #expect(result.out.split(separator: "\n").allSatisfy { $0.count <= 110 })
    #expect(Self.run("--seed", "3", "-h").out == result.out)
    #expect(Self.run("help", "pretrain").out == result.out)
    #expect(Self.run("resume", "--help").out.contains("Usage: chex-runner resume RUN"))
  }

  @Test func helpStatesDefaultAndRangeOfASetting() throws {
    let words = Self.run("pretrain", "--help").out.split(whereSeparator: \.isWhitespace).joined(
      separator: " ")
    #expect(words.contains("(training.epochs: integer from 1 to 1000000; default 300)"))
  }

  @Test func whatCannotBeUnderstoodExitsWithTwoOnStandardError() {
    let unknown = Self.run("pretain")
    #expect(unknown.status == 2 && unknown.out.isEmpty)
    #expect(unknown.error.contains("there is no command \"pretain\"; did you mean pretrain?"))
    let flag = Self.run("resume", "--sede", "1")
    #expect(flag.status == 2 && flag.error.contains("See chex-runner resume --help."))
    #expect(Self.run("help", "nothing").status == 2)
    #expect(Self.run("verify").status == 2)
    #expect(Self.run("--seed", "1", "resume").error.contains("the command comes first"))
  }

  @Test func aRunThatFailsExitsWithOne() {
    let result = Self.run("resume", "runs/first")
    #expect(result.status == 1 && result.out.isEmpty)
    #expect(result.error == "chex-runner: the disk is full\n")
  }

  @Test func theRealProgramHasAVersion() {
    let recording = RecordingConsole()
    #expect(CommandLineProgram.program.run(["--version"], console: recording.console) == 0)
    #expect(recording.out == "chex-runner \(CommandLineProgram.version)\n")
  }
}
