import Foundation
import Testing

extension EndToEnd {
  /// A second device, whose memory the program cannot read, does all that the processor does.
  @Suite struct Devices {
    /// A small run, with another registry than the repository's.
    fileprivate static let small = ["pretrain", "--batch", "8"] + Scratch.small.dropLast(2)

    /// The repository's plugins and the fixture's backend, which `scripts/packages` builds.
    private static func registry(_ scratch: Scratch) throws -> [String] {
      let library = Repository.root + "/.build/tests/release/libSealedBackend.so"
      try #require(FileManager.default.fileExists(atPath: library), "run scripts/packages first")
      let table =
        "\n[[plugin]]\nname = \"sealed\"\nkind = \"backend\"\nlibrary = \"\(library)\"\nenabled = false\n"
      let text = try String(contentsOfFile: Repository.plugins, encoding: .utf8) + table
      try scratch.write(Data(text.utf8), "sealed.toml")
      return ["--plugins", "sealed.toml"]
    }

    private static func losses(_ scratch: Scratch, _ run: String) throws -> [Double] {
      try scratch.text("\(run)/metrics.jsonl").split(separator: "\n").map {
        try #require(try parsed(String($0), as: [String: Any].self)["loss"] as? Double)
      }
    }

    @Test func trainsAndGoesOnAsTheProcessorDoes() throws {
      let scratch = try Scratch()
      let registry = try Self.registry(scratch)
      let length = ["--steps", "8"]
      #expect(try scratch.pretrain(length + ["--out", "own"]).status == 0)
      let words = length + ["--out", "run", "--device", "sealed"] + registry
      let first = try scratch.run(Self.small + words)
      #expect(first.status == 0, "\(first.everything)")
      #expect(first.everything.contains("device: sealed"))
      let (own, sealed) = (try Self.losses(scratch, "own"), try Self.losses(scratch, "run"))
      #expect(own.count == 8 && sealed.count == 8)
      for (a, b) in zip(own, sealed) { #expect(abs(a - b) < 1e-3, "\(a) on the processor, \(b) sealed") }
      let last = "run/checkpoints/step-000008"
      let names = ["model.safetensors", "optimizer.safetensors"]
      let expected = try names.map { try scratch.bytes(last + "/" + $0) }
      for name in [last, "run/summary.json"] {
        try FileManager.default.removeItem(atPath: scratch.path + "/" + name)
      }
      let resumed = try scratch.run(["resume", "run"] + registry)
      #expect(resumed.status == 0, "\(resumed.everything)")
      #expect(try names.map { try scratch.bytes(last + "/" + $0) } == expected, "the bits are others")
      for command in [
        ["probe", "run"], ["features", "run", "--out", "features.npy"],
        [
          "finetune", "classify", "run", "--set", "finetune.epochs=1", "--set", "finetune.minimum_steps=0",
          "--seeds", "1",
        ],
        ["plugins", "check", "sealed"],
      ] {
        let outcome = try scratch.run(command + registry)
        #expect(outcome.status == 0, "\(command): \(outcome.everything)")
      }
    }

    @Test(.enabled(if: !Verifying.cases.isEmpty, "no parity cases in ../shared/golden"))
    func parityCasesPass() throws {
      let scratch = try Scratch()
      let words = ["verify", "--device", "sealed"] + (try Self.registry(scratch))
      let outcome = try scratch.run(words + Verifying.cases)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for path in Verifying.cases { #expect(outcome.output.contains("\(path): PASSED")) }
    }

    @Test func devicesThatAreNotThereAreRefused() throws {
      let scratch = try Scratch()
      let registry = try Self.registry(scratch)
      for (device, text) in [
        ("sealde", "did you mean sealed"), ("local", "which is of kind task"), ("cpu:1", "has no places"),
      ] {
        for command in [Self.small + ["--dry-run"], ["bench", "step", "--model", "tiny"]] {
          let outcome = try scratch.run(command + ["--device", device] + registry)
          #expect(
            outcome.status != 0 && outcome.errors.contains(text),
            "\(command) \(device): \(outcome.everything)")
        }
      }
    }
  }

  /// What plugins register by name is taken by settings.
  @Suite struct Components {
    @Test func anOptimiserOfAPluginTrainsAndGoesOn() throws {
      let scratch = try Scratch()
      // Written by `new-task --kind component`, built by `scripts/packages`.
      let library = Repository.root + "/.build/tests/release/libSpotComponent.so"
      try #require(FileManager.default.fileExists(atPath: library), "run scripts/packages first")
      let table =
        "\n[[plugin]]\nname = \"spot\"\nkind = \"component\"\nlibrary = \"\(library)\"\nenabled = true\n"
      try scratch.write(
        Data((try String(contentsOfFile: Repository.plugins, encoding: .utf8) + table).utf8), "more.toml")
      let own = ["--plugins", "more.toml", "--set", "training.optimizer=spot", "--set", "spot.decay=0.8"]
      let first = try scratch.run(Devices.small + ["--steps", "8", "--out", "run"] + own)
      #expect(first.status == 0, "\(first.everything)")
      let last = "run/checkpoints/step-000008"
      let expected = try scratch.bytes(last + "/model.safetensors")
      #expect(try scratch.text("run/config.toml").contains("optimizer = \"spot\""))
      for name in [last, "run/summary.json"] {
        try FileManager.default.removeItem(atPath: scratch.path + "/" + name)
      }
      let resumed = try scratch.run(["resume", "run", "--plugins", "more.toml"])
      #expect(resumed.status == 0, "\(resumed.everything)")
      #expect(try scratch.bytes(last + "/model.safetensors") == expected)
      let unknown = try scratch.run(
        Devices.small + ["--dry-run", "--plugins", "more.toml", "--set", "training.optimizer=spto"])
      #expect(unknown.status != 0 && unknown.errors.contains("did you mean spot"), "\(unknown.everything)")
    }
  }
}
