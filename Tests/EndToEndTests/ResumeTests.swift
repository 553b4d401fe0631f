import Foundation
import Testing

extension EndToEnd {
  /// A run that was stopped, however it was stopped, ends with the bits of one that was not.
  @Suite struct Resuming {
    private static let steps = 40
    private static let length = ["--steps", "\(steps)"]
    private static let last = "checkpoints/step-0000\(steps)/"

    /// Weights and moments at the end of an uninterrupted run, made once.
    private static let reference = Result {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(length + ["--out", "run"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try bits(scratch)
    }

    private static func bits(_ scratch: Scratch) throws -> [Data] {
      try ["model.safetensors", "optimizer.safetensors"].map { try scratch.bytes("run/" + last + $0) }
    }

    private func expectSameEnd(_ scratch: Scratch) throws {
      let (found, expected) = (try Self.bits(scratch), try Self.reference.get())
      #expect(expected.allSatisfy { $0.count > 10_000 })
      #expect(found[0] == expected[0], "weights differ")
      #expect(found[1] == expected[1], "moments differ")
      let steps = try scratch.text("run/metrics.jsonl").split(separator: "\n").map {
        try #require(try parsed(String($0), as: [String: Any].self)["step"] as? Int)
      }
      #expect(steps == Array(1...Self.steps))
    }

    /// A run stopped by a signal in its middle.
    private func stopped(_ scratch: Scratch, by signal: Int32, _ words: [String] = [], after steps: Int = 7)
      throws
      -> RunnerProcess.Outcome
    {
      let process = try scratch.start(Self.length + words + ["--out", "run"])
      try scratch.wait(for: steps, of: "run", process)
      process.send(signal)
      return try process.wait()
    }

    @Test(arguments: [0, 1, 3]) func killed(loaderThreads: Int) throws {
      let scratch = try Scratch()
      let outcome = try stopped(scratch, by: SIGKILL, ["--loader-threads", "\(loaderThreads)"])
      #expect(outcome.wasKilled && outcome.status == SIGKILL)
      #expect(!scratch.has("run/" + Self.last))
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      try expectSameEnd(scratch)
    }

    /// What changes only time and memory changes no bit.
    @Test(arguments: [["--threads", "1"], ["--threads", "3"], ["--checkpoint-activations"]])
    func computedOtherwise(words: [String]) throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(Self.length + words + ["--out", "run"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      try expectSameEnd(scratch)
    }

    @Test func interruptedThenFinished() throws {
      let scratch = try Scratch()
      let outcome = try stopped(scratch, by: SIGINT)
      #expect(outcome.status == 130 && !outcome.wasKilled)
      #expect(outcome.everything.contains("chex-runner resume run"))
      #expect(try scratch.run(["resume", "run"]).status == 0)
      try expectSameEnd(scratch)
      let again = try scratch.run(["resume", "run"])
      #expect(again.status == 0)
      #expect(again.output.contains("the run is finished, \(Self.steps) steps; nothing to do"))
      try expectSameEnd(scratch)
    }

    @Test(arguments: ["model.safetensors", "optimizer.safetensors", "state.json"])
    func newestCheckpointDamaged(file: String) throws {
      let scratch = try Scratch()
      #expect(try stopped(scratch, by: SIGTERM, after: 9).status == 130)
      let newest = try #require(try scratch.names("run/checkpoints").last { $0.hasPrefix("step-") })
      let path = "run/checkpoints/\(newest)/\(file)"
      var bytes = try scratch.bytes(path)
      bytes[bytes.count / 2] ^= 0x10
      try scratch.write(bytes, path)
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 0, "\(resumed.errors)")
      #expect(resumed.errors.contains("warning") && resumed.errors.contains(path))
      try expectSameEnd(scratch)
    }

    @Test func everyCheckpointDamaged() throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "4", "--out", "run"]).status == 0)
      for name in try scratch.names("run/checkpoints") {
        try scratch.write(Data(), "run/checkpoints/\(name)/model.safetensors")
      }
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 1)
      #expect(resumed.errors.contains("no checkpoint is intact"))
    }

    @Test func whatIsNoRun() throws {
      let scratch = try Scratch()
      for name in ["absent", "."] {
        let outcome = try scratch.run(["resume", name])
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("expected the folder of a run"))
      }
    }
  }
}
