import Foundation
import Testing

extension EndToEnd {
  /// Several processes that train one run, started by mpirun.
  @Suite struct Processes {
    private static let steps = [
      "--steps", "8", "--set", "training.accumulation=6", "--set", "run.evaluations=none",
    ]
    private static let last = "run/checkpoints/step-000008/"

    private func start(
      _ ranks: Int, _ words: [String], _ scratch: Scratch, batch: Int = 4
    ) throws -> RunnerProcess {
      try RunnerProcess(
        ["pretrain", "--batch", "\(batch)"] + Scratch.small + words + ["--out", "run"], in: scratch.path,
        ranks: ranks)
    }

    private func bits(_ scratch: Scratch) throws -> [Data] {
      try ["model.safetensors", "optimizer.safetensors"].map { try scratch.bytes(Self.last + $0) }
    }

    /// What a line of metrics says, without times.
    private func metrics(_ scratch: Scratch) throws -> [[String: Double]] {
      try scratch.text("run/metrics.jsonl").split(separator: "\n").map { line in
        let all: [String: Any] = try parsed(String(line))
        return all.compactMapValues { $0 as? Double }.filter { name, _ in
          !name.contains("seconds") && !name.contains("_per_") && name != "data_wait_share"
        }
      }
    }

    /// One, two and three processes, and one that is resumed by another number, end with the same bits.
    @Test func theNumberOfProcessesChangesNoBit() throws {
      let alone = try Scratch()
      let outcome = try start(0, Self.steps, alone).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      let expected = try bits(alone)
      #expect(expected.allSatisfy { $0.count > 10_000 })
      for ranks in [2, 3] {
        let shared = try Scratch()
        let outcome = try start(ranks, Self.steps, shared).wait()
        #expect(outcome.status == 0, "\(outcome.everything)")
        #expect(outcome.output.contains("\(ranks) processes (mpi), which share 6 micro-batches of 4"))
        // The first process speaks alone.
        #expect(outcome.output.components(separatedBy: "run: run").count == 2)
        #expect(try bits(shared) == expected)
        #expect(try metrics(shared) == metrics(alone))
      }
      let resumed = try Scratch()
      let stopped = try start(3, Self.steps, resumed)
      try resumed.wait(for: 4, of: "run", stopped)
      stopped.send(SIGUSR1)
      #expect(try stopped.wait().everything.contains("go on with: chex-runner resume run"))
      let five = try RunnerProcess(["resume", "run"], in: resumed.path, ranks: 5).wait()
      #expect(five.status != 0)
      #expect(five.everything.contains("which 5 processes cannot share; go on with 1, 2, 3, 6 processes"))
      let end = try RunnerProcess(["resume", "run"], in: resumed.path, ranks: 2).wait()
      #expect(end.status == 0, "\(end.everything)")
      #expect(try bits(resumed) == expected)
      try featuresAreShared(resumed)
    }

    /// One process and three write the same features, token by token.
    private func featuresAreShared(_ scratch: Scratch) throws {
      for ranks in [0, 3] {
        let outcome = try RunnerProcess(
          ["features", "run", "--tokens", "--out", "\(ranks).npy"], in: scratch.path, ranks: ranks
        ).wait()
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      #expect(try scratch.bytes("0.npy").count > 10_000)
      #expect(try scratch.bytes("0.npy") == scratch.bytes("3.npy"))
      #expect(try scratch.bytes("0.npy.images.csv") == scratch.bytes("3.npy.images.csv"))
      let probes = try [0, 3].map { ranks in
        let outcome = try RunnerProcess(["probe", "run", "--json"], in: scratch.path, ranks: ranks).wait()
        #expect(outcome.status == 0, "\(outcome.everything)")
        return outcome.output
      }
      #expect(probes[0].contains("\"random\"") && probes[0] == probes[1])
      let one = try RunnerProcess(
        ["evaluate", "run", "--with", "imagine"], in: scratch.path, ranks: 2
      ).wait()
      #expect(one.status != 0 && one.everything.contains("which processes do not share"), "\(one.everything)")
    }

    /// A store is the same to the byte, whoever makes its shards.
    @Test func aStoreIsPreparedByTwo() throws {
      let scratch = try Scratch()
      for ranks in [0, 2] {
        let outcome = try RunnerProcess(
          [
            "data", "prepare", "--data", "phantom", "--set", "phantom.images=40", "--out", "store\(ranks)",
            "--size", "64", "--sheet-images", "0",
          ], in: scratch.path, ranks: ranks
        ).wait()
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      for name in try scratch.names("store0/shards") + ["../store.json"] {
        #expect(try scratch.bytes("store0/shards/" + name) == scratch.bytes("store2/shards/" + name))
      }
    }

    /// The same radiographs of a step, in as many parts as there are processes.
    @Test func aStepIsDividedAmongProcesses() throws {
      let scratch = try Scratch()
      let outcome = try start(2, ["--steps", "1", "--set", "run.evaluations=none"], scratch, batch: 8).wait()
      #expect(outcome.status == 0, "\(outcome.everything)")
      let settings = try scratch.text("run/config.toml")
      #expect(settings.contains("batch_size = 4") && settings.contains("accumulation = 2"))
      let other = try Scratch()
      let odd = try start(3, ["--steps", "1"], other, batch: 8).wait()
      #expect(odd.everything.contains("which 3 processes cannot share in 3 equal parts; give --batch N"))
      #expect(odd.everything.components(separatedBy: "cannot share").count == 2)
    }

    /// Nobody waits for one who is gone.
    @Test func aProcessThatIsKilledEndsAll() throws {
      let scratch = try Scratch()
      let run = try start(2, ["--steps", "100000", "--set", "training.accumulation=2"], scratch)
      try scratch.wait(for: 3, of: "run", run)
      let second = try #require(try process(rank: 1, in: scratch))
      let began = ContinuousClock.now
      kill(second, SIGKILL)
      let outcome = try run.wait()
      #expect(outcome.status != 0)
      #expect(ContinuousClock.now - began < .seconds(20))
      #expect(try scratch.names("run/checkpoints").contains { $0.hasPrefix("step-") })
    }

    /// A run whose processes nothing joins would be as many runs in one folder.
    @Test func processesThatNothingJoinsAreRefused() throws {
      let scratch = try Scratch()
      let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
      let tables = registry.components(separatedBy: "[[plugin]]").filter { !$0.contains("\"communicator\"") }
      try scratch.write(Data(tables.joined(separator: "[[plugin]]").utf8), "plugins.toml")
      // As mpiexec of another MPI than that of the plugin numbers two processes.
      let launch = ["PMI_RANK": "0", "PMI_SIZE": "2"]
      let words = ["pretrain"] + Scratch.small.dropLast(2) + ["--out", "run"]
      let alone = try scratch.run(words + ["--plugins", "plugins.toml"], environment: launch)
      #expect(alone.status == 1)
      #expect(
        alone.errors.contains("mpiexec started 2 processes, expected a plugin of kind communicator"),
        "\(alone.errors)")
      let foreign = try scratch.run(words + ["--plugins", Repository.plugins], environment: launch)
      #expect(foreign.status == 1)
      #expect(
        foreign.errors.contains("expected rank 0 of 2, as mpiexec says, found rank 0 of 1"),
        "\(foreign.errors)")
      #expect(!scratch.has("run"))
      let imagine = try scratch.run(["imagine", "run"], environment: launch)
      #expect(imagine.status == 2 && imagine.errors.contains("2 processes were started"), "\(imagine.errors)")
    }

    /// MPI, and the package that `new-task --kind communicator` writes, which `scripts/packages` builds.
    @Test(arguments: ["mpi", Repository.root + "/.build/tests/release/libSpotCommunicator.so"])
    func promisesAreKeptAmongThree(plugin: String) throws {
      let scratch = try Scratch()
      let outcome = try RunnerProcess(
        ["plugins", "check", plugin, "--plugins", Repository.plugins], in: scratch.path, ranks: 3
      ).wait()
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(outcome.output.contains("among 3 processes") && outcome.output.contains("all 7 promises kept"))
    }

    /// The process of a rank that works in a folder.
    private func process(rank: Int, in scratch: Scratch) throws -> pid_t? {
      let folder = URL(fileURLWithPath: scratch.path).resolvingSymlinksInPath().path
      return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.first {
        number in
        guard let place = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(number)/cwd"),
          place == folder,
          let variables = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(number)/environ")),
          let name = try? String(contentsOfFile: "/proc/\(number)/comm", encoding: .utf8)
        else { return false }
        return name.hasPrefix("chex-runner")
          && String(decoding: variables, as: UTF8.self).contains("OMPI_COMM_WORLD_RANK=\(rank)\0")
      }
    }
  }
}
