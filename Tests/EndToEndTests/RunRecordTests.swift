import Foundation
import Testing

extension EndToEnd {
  /// A run goes on only with the settings that it began with.
  @Suite struct RunRecords {
    private func trained(_ words: [String] = []) throws -> Scratch {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--steps", "4", "--out", "run"] + words)
      #expect(outcome.status == 0, "\(outcome.everything)")
      return scratch
    }

    private func change(_ name: String, in scratch: Scratch, _ body: (String) -> String) throws {
      try scratch.write(Data(body(try scratch.text(name)).utf8), name)
    }

    /// Every command that opens a run refuses it, and nothing of it changes.
    private func expectRefusal(_ scratch: Scratch, _ parts: String...) throws {
      let before = try scratch.names("run/checkpoints")
      for words in [["resume", "run"], ["probe", "run"], ["weights", "export", "run", "--out", "export"]] {
        let outcome = try scratch.run(words + ["--plugins", Repository.plugins])
        #expect(outcome.status == 1, "\(words): \(outcome.everything)")
        for part in parts { #expect(outcome.errors.contains(part), "\(words): \(outcome.everything)") }
      }
      #expect(try scratch.names("run/checkpoints") == before && !scratch.has("export"))
    }

    @Test func settingsThatWereCutAreRefusedByName() throws {
      let scratch = try trained()
      try change("run/config.toml", in: scratch) { text in
        text.split(separator: "\n", omittingEmptySubsequences: false)
          .filter { !($0.hasPrefix("batch_size") && $0.contains("= 8 ")) }.joined(separator: "\n")
      }
      try expectRefusal(
        scratch, "run/config.toml: expected the settings that the run began with",
        "training.batch_size is missing, was 8",
        "checkpoints/step-000004/config.toml")
    }

    @Test func aChangedSettingIsRefusedByName() throws {
      let scratch = try trained()
      try change("run/config.toml", in: scratch) {
        $0.replacing("images = 64", with: "images = 65")
      }
      try expectRefusal(scratch, "phantom.images is 65, was 64")
      // The remedy that the message gives.
      try FileManager.default.removeItem(atPath: scratch.path + "/run/config.toml")
      try FileManager.default.copyItem(
        atPath: scratch.path + "/run/checkpoints/step-000004/config.toml",
        toPath: scratch.path + "/run/config.toml")
      let outcome = try scratch.run(["resume", "run", "--plugins", Repository.plugins])
      #expect(outcome.status == 0 && outcome.output.contains("the run is finished"), "\(outcome.everything)")
    }

    @Test func emptySettingsAreCalledSo() throws {
      let scratch = try trained()
      try scratch.write(Data(), "run/config.toml")
      try expectRefusal(scratch, "run/config.toml", "found 0 bytes")
    }

    @Test func theSettingsOfAnotherRunAreRefused() throws {
      let scratch = try trained()
      let other = try scratch.pretrain(["--steps", "4", "--seed", "9", "--out", "other"])
      #expect(other.status == 0, "\(other.everything)")
      for name in ["config.toml", "versions.json"] {
        try scratch.write(try scratch.bytes("other/" + name), "run/" + name)
      }
      try expectRefusal(scratch, "the file of another run", "run.seed is 9, was 0")
    }

    @Test func versionsWithoutAChecksumAreOfAnOlderProgram() throws {
      let scratch = try trained()
      var versions = try scratch.json("run/versions.json")
      versions["settings"] = nil
      try scratch.write(try JSONSerialization.data(withJSONObject: versions), "run/versions.json")
      try expectRefusal(scratch, "run/versions.json", "versions before 0.2.0", "weights import")
    }

    @Test func weightsThatAreNoNumbersAreNamed() throws {
      let scratch = try trained()
      let path = "run/checkpoints/step-000004/"
      var model = try scratch.bytes(path + "model.safetensors")
      let former = Self.checksum(model)
      model.replaceSubrange(model.count - 4..<model.count, with: [0, 0, 0xC0, 0x7F])
      try scratch.write(model, path + "model.safetensors")
      try change(path + "manifest.json", in: scratch) { $0.replacing(former, with: Self.checksum(model)) }
      for words in [["features", "run", "--out", "f.npy"], ["probe", "run"]] {
        let outcome = try scratch.run(words + ["--plugins", Repository.plugins])
        #expect(outcome.status == 1 && !scratch.has("f.npy"), "\(outcome.everything)")
        #expect(outcome.errors.contains("expected finite numbers, found nan"), "\(outcome.everything)")
        #expect(outcome.errors.contains("step-000004/model.safetensors"), "\(outcome.everything)")
      }
    }

    /// CRC-32, bit by bit.
    private static func checksum(_ data: Data) -> String {
      let value = data.reduce(UInt32.max) { sum, byte in
        (0..<8).reduce(sum ^ UInt32(byte)) { bits, _ in bits & 1 == 1 ? bits >> 1 ^ 0xEDB8_8320 : bits >> 1 }
      }
      let digits = String(~value, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }
  }
}
