import Foundation
import Testing

extension EndToEnd {
  /// What the program does where the world around it fails.
  @Suite struct Faults {
    /// The program by a shell, which gives it the standard streams of a test.
    private func shell(_ line: String, in scratch: Scratch) throws -> RunnerProcess.Outcome {
      let process = Process()
      let name = UUID().uuidString
      let (output, errors) = ("\(scratch.path)/.out-\(name)", "\(scratch.path)/.err-\(name)")
      process.executableURL = URL(fileURLWithPath: "/bin/bash")
      process.arguments = [
        "-c", "exec >\(output) 2>\(errors); set -o pipefail; RUNNER='\(try Repository.runner())'; \(line)",
      ]
      process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
      process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) {
        $1
      }
      try process.run()
      process.waitUntilExit()
      return .init(
        status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
        output: try String(contentsOfFile: output, encoding: .utf8),
        errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    private static let quick = Scratch.small.map { "'\($0)'" }.joined(separator: " ")

    // MARK: Standard streams

    @Test(arguments: ["--help", "doctor", "doctor --json", "plugins --plugins '\(Repository.plugins)'"])
    func anOutputThatIsLostIsAFailure(words: String) throws {
      let outcome = try shell("$RUNNER \(words) >/dev/full", in: try Scratch())
      #expect(outcome.status == 1 && !outcome.wasKilled)
      #expect(outcome.errors == "chex-runner: the output could not be written: No space left on device\n")
    }

    @Test func aReaderThatLeavesIsNoReasonToComplain() throws {
      let outcome = try shell(
        "$RUNNER doctor | head -1 >/dev/null; echo ${PIPESTATUS[0]}; $RUNNER --help | true", in: Scratch())
      #expect(outcome.errors == "" && ["0\n", "1\n"].contains(outcome.output), "\(outcome.everything)")
    }

    /// A run's lines are a courtesy: it trains on, and none of them lands in a file that has a closed stream's number.
    @Test(arguments: [">/dev/full 2>/dev/full", ">&- 2>&-", "</dev/null >&- 2>&-"])
    func aRunGoesOnWithoutItsOutput(streams: String) throws {
      let scratch = try Scratch()
      let outcome = try shell(
        "$RUNNER pretrain --batch 8 \(Self.quick) --steps 6 --out run \(streams)", in: scratch)
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(scratch.has("run/summary.json") && scratch.has("run/checkpoints/step-000006"))
      for line in try scratch.text("run/metrics.jsonl").split(separator: "\n") {
        _ = try parsed(String(line), as: [String: Any].self)
      }
    }

    // MARK: Signals

    /// A lost connection and a batch system's warnings stop a run as Ctrl-C does.
    @Test(arguments: [SIGHUP, SIGUSR1, SIGXCPU])
    func aWarningSavesTheRun(signal: Int32) throws {
      let scratch = try Scratch()
      let process = try scratch.start([
        "--steps", "4000", "--out", "run",
      ])
      try scratch.wait(for: 5, of: "run", process)
      process.send(signal)
      let outcome = try process.wait()
      #expect(outcome.status == 130 && !outcome.wasKilled, "\(outcome.everything)")
      // Checkpoints come every four steps; the one of the stop is another, or one of these.
      let step = try #require(try scratch.names("run/checkpoints").last)
      #expect(
        outcome.everything.contains("stopped and saved at step \(Int(step.dropFirst(5)) ?? -1)"),
        "\(outcome.everything)")
    }

    // MARK: Memory

    @Test func noMemoryIsASentence() throws {
      let scratch = try Scratch()
      // Tensors, and then OpenBLAS, which would ask for ever.
      for limit in [600_000, 1_600_000] {
        let outcome = try shell(
          "ulimit -v \(limit); timeout 100 $RUNNER pretrain --preset quick --plugins '\(Repository.plugins)' "
            + "--set phantom.images=64 --steps 2 --out run-\(limit)", in: scratch)
        #expect(outcome.status == 1 && !outcome.wasKilled, "\(limit): \(outcome.everything)")
        #expect(outcome.errors.contains("chex-runner: out of memory"), "\(limit): \(outcome.everything)")
        #expect(!outcome.errors.contains("backtrace"), "\(limit): \(outcome.everything)")
      }
    }

    // MARK: Names

    @Test func namesThatAreNoTextAreRefused() throws {
      let scratch = try Scratch()
      let other = try shell("$RUNNER pretrain \(Self.quick) --steps 1 --out $'run\\xff'", in: scratch)
      #expect(other.status == 2 && other.errors.contains("expected UTF-8"), "\(other.everything)")
      let escape = try shell("$RUNNER pretrain \(Self.quick) --steps 1 --out $'run\\e[31m'", in: scratch)
      #expect(escape.status == 2 && escape.errors.contains("run\\u{1B}[31m"), "\(escape.everything)")
      #expect(!escape.everything.contains("\u{1B}"))
      #expect(try scratch.names("").allSatisfy { $0.hasPrefix(".") })
    }

    @Test func emptyAndUnreadableSettingsAreToldPlainly() throws {
      let scratch = try Scratch()
      let outcome = try shell("mkfifo pipe; timeout 20 $RUNNER --config pipe --dry-run", in: scratch)
      #expect(
        outcome.status == 2 && outcome.errors.contains("a pipe that nobody writes to"),
        "\(outcome.everything)")
      let empty = try scratch.run(["--plugins", "", "--dry-run"])
      #expect(empty.status == 2 && empty.errors.contains("--plugins needs a value"), "\(empty.everything)")
      let missing = try scratch.run(["--config", "/no/such", "--dry-run"])
      #expect(missing.errors.hasPrefix("chex-runner: /no/such: cannot open"), "\(missing.everything)")
      let short = try scratch.run(["-x"])
      #expect(short.errors.contains("no flag -x\n"), "\(short.everything)")
    }

    // MARK: Outputs

    @Test func twoCommandsDoNotWriteOneFile() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--steps", "2", "--out", "run"])
      #expect(trained.status == 0, "\(trained.everything)")
      let line =
        "$RUNNER features run --plugins '\(Repository.plugins)' --out f.npy & A=$!; "
        + "$RUNNER features run --plugins '\(Repository.plugins)' --out f.npy; B=$?; wait $A; echo $? $B"
      let outcome = try shell(line, in: scratch)
      let states = outcome.output.split(separator: "\n").last.map(String.init) ?? ""
      #expect(states == "0 1" || states == "1 0", "\(outcome.everything)")
      #expect(scratch.has("f.npy") && scratch.has("f.npy.images.csv"))
      #expect(try scratch.names("").contains(".f.npy.claimed") == false)
    }

    @Test func aLockThatIsDeletedStillHolds() throws {
      let scratch = try Scratch()
      let process = try scratch.start(["--steps", "4000", "--out", "run"])
      try scratch.wait(for: 2, of: "run", process)
      try FileManager.default.removeItem(atPath: scratch.path + "/run/lock")
      let second = try scratch.run(["resume", "run", "--plugins", Repository.plugins])
      process.send(SIGKILL)
      _ = try process.wait()
      #expect(
        second.status == 1 && second.errors.contains("is working in this folder"), "\(second.everything)")
    }

    @Test func aFolderThatIsRemovedDoesNotComeBack() throws {
      let scratch = try Scratch()
      let process = try scratch.start(["--steps", "4000", "--out", "run"])
      try scratch.wait(for: 2, of: "run", process)
      try FileManager.default.moveItem(atPath: scratch.path + "/run", toPath: scratch.path + "/gone")
      let outcome = try process.wait()
      #expect(
        outcome.status == 1 && outcome.errors.contains("the folder was removed"), "\(outcome.everything)")
      #expect(!scratch.has("run"))
    }
  }
}
