import Foundation
import Testing

extension EndToEnd {
  /// A plugin that traps takes the process down, but not the run.
  @Suite struct Crashes {
    @Test(arguments: [
      ("trap-in-edit", "task \"trap\", editPixels"), ("trap-in-backward", "task \"trap\", objective"),
    ])
    func crashNamesThePluginAndTheRunResumes(file: String, code: String) throws {
      let scratch = try Scratch()
      let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
      let folder = URL(fileURLWithPath: try Repository.runner()).deletingLastPathComponent().path
      let table = "[[plugin]]\nname = \"trap\"\nkind = \"task\"\nlibrary = \"\(folder)/libTrapTask.so\"\n"
      try scratch.write(Data((registry + table).utf8), "plugins.toml")
      let words = ["--tasks", "local,trap", "--steps", "10", "--plugins", "plugins.toml"]
      let settings = Array(Scratch.small.dropLast(2))
      func run(_ out: String) throws -> RunnerProcess.Outcome {
        try scratch.run(["pretrain", "--batch", "4"] + settings + words + ["--out", out])
      }
      #expect(try run("whole").status == 0)
      try scratch.write(Data(), file)
      let crashed = try run("run")
      #expect(crashed.wasKilled)
      #expect(crashed.errors.contains("crash in \(code)"), "\(crashed.errors)")
      #expect(crashed.errors.contains("chex-runner resume run"), "\(crashed.errors)")
      try FileManager.default.removeItem(atPath: scratch.path + "/" + file)
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 0, "\(resumed.everything)")
      func weights(_ run: String) throws -> Data {
        let newest = try #require(try scratch.names(run + "/checkpoints").last)
        return try scratch.bytes("\(run)/checkpoints/\(newest)/model.safetensors")
      }
      #expect(try weights("run") == weights("whole"))
    }
  }
}
