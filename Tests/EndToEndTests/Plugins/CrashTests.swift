import Foundation
import Testing

extension EndToEnd {
  /// A plugin that traps takes the process down, but not the run; what is left on the terminal is why and whose it was.
  @Suite struct Crashes {
    /// Where the plugin traps, in which code, and what is said of the reason: in release builds a plugin's own
    /// precondition loses its sentence, the core's do not.
    @Test(arguments: [
      ("trap-in-edit", "task \"trap\", editPixels", "TrapTask.swift:"),
      ("trap-in-backward", "task \"trap\", objective", "TrapTask.swift:"),
      ("trap-in-shapes", "task \"trap\", objective", "32] and [3, 5]\nchex-runner: the backtrace"),
    ])
    func crashNamesThePluginAndTheRunResumes(file: String, code: String, reason: String) throws {
      let scratch = try Scratch()
      try Self.register(in: scratch)
      #expect(try Self.run("whole", in: scratch).status == 0)
      try scratch.write(Data(), file)
      let crashed = try Self.run("run", in: scratch, backtraces: true)
      #expect(crashed.wasKilled)
      #expect(crashed.errors.contains("\nchex-runner: add: shapes [4, ") == (file == "trap-in-shapes"))
      let lines = crashed.errors.split(separator: "\n")
      #expect(
        lines.last == "chex-runner: crash in \(code); a plugin must not trap", "\(crashed.errors)")
      #expect(crashed.errors.contains(reason), "\(crashed.errors)")
      #expect(crashed.errors.contains("chex-runner resume run"), "\(crashed.errors)")
      #expect(!crashed.errors.contains("Registers") && lines.count < 20, "\(crashed.errors)")
      let path = try #require(crashed.errors.firstMatch(of: /backtrace is in (.+)\n/)?.1)
      #expect(path.hasSuffix("/run/backtrace.txt"))
      #expect(try scratch.text("run/backtrace.txt").contains("TrapTask"))
      try FileManager.default.removeItem(atPath: scratch.path + "/" + file)
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 0, "\(resumed.everything)")
      func weights(_ run: String) throws -> Data {
        let newest = try #require(try scratch.names(run + "/checkpoints").last)
        return try scratch.bytes("\(run)/checkpoints/\(newest)/model.safetensors")
      }
      #expect(try weights("run") == weights("whole"))
    }

    /// Where the Swift runtime makes no backtrace, the C library does.
    @Test func backtracesAreKeptWithoutTheRuntimes() throws {
      let scratch = try Scratch()
      try Self.register(in: scratch)
      try scratch.write(Data(), "trap-in-edit")
      let crashed = try Self.run("run", in: scratch)
      #expect(crashed.wasKilled && crashed.errors.hasSuffix("editPixels; a plugin must not trap\n"))
      #expect(try scratch.text("run/backtrace.txt").contains("libTrapTask.so"))
    }

    private static func register(in scratch: Scratch) throws {
      let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
      let folder = URL(fileURLWithPath: try Repository.runner()).deletingLastPathComponent().path
      let table = "[[plugin]]\nname = \"trap\"\nkind = \"task\"\nlibrary = \"\(folder)/libTrapTask.so\"\n"
      try scratch.write(Data((registry + table).utf8), "plugins.toml")
    }

    private static func run(
      _ out: String, in scratch: Scratch, backtraces: Bool = false
    ) throws -> RunnerProcess.Outcome {
      let words = ["--tasks", "local,trap", "--steps", "10", "--plugins", "plugins.toml", "--out", out]
      return try RunnerProcess(
        ["pretrain", "--batch", "4"] + Scratch.small.dropLast(2) + words, in: scratch.path,
        environment: backtraces ? ["SWIFT_BACKTRACE": "enable=yes"] : [:]
      ).wait()
    }
  }
}
