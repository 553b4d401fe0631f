import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// Parity cases of an independent implementation, where they lie beside the repository.
  @Suite struct Verifying {
    static let cases: [String] = {
      let folder = BuildFolder.shared + "/golden"
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder).sorted()) ?? []
      return names.map { folder + "/" + $0 }.filter {
        FileManager.default.fileExists(atPath: $0 + "/case.json")
      }
    }()

    @Test(.enabled(if: !cases.isEmpty, "no parity cases in ../shared/golden")) func casesPass() throws {
      let outcome = try Scratch().run(["verify", "--plugins", Repository.plugins] + Self.cases)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for path in Self.cases { #expect(outcome.output.contains("\(path): PASSED")) }
    }

    @Test(
      .enabled(if: !cases.isEmpty, "no parity cases in ../shared/golden"), arguments: ["portable", "avx2"])
    func casesPassWithFewerInstructions(set: String) throws {
      let words = ["verify", "--instructions", set, "--plugins", Repository.plugins]
      let outcome = try Scratch().run(words + Self.cases)
      #expect(outcome.status == 0, "\(outcome.everything)")
      for path in Self.cases { #expect(outcome.output.contains("\(path): PASSED")) }
    }

    /// Features in bfloat16, in hardware where there is some, and emulated.
    @Test(
      .enabled(if: !cases.isEmpty, "no parity cases in ../shared/golden"),
      arguments: [[], ["--instructions", "avx2"]])
    func featuresInBFloat16(words: [String]) throws {
      let outcome = try Scratch().run(
        ["verify", "--precision", "bf16", "--json", "--plugins", Repository.plugins] + words + Self.cases)
      #expect(outcome.status == 0, "\(outcome.everything)")
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count == Self.cases.count)
      for line in lines {
        let report: [String: Any] = try parsed(String(line))
        let tensors = try #require(report["tensors"] as? [[String: Any]])
        #expect(tensors.count == 13 && tensors.allSatisfy { $0["tolerance"] as? Double == 2e-2 })
        // Rounding must show, else float32 was used.
        #expect(tensors.contains { $0["relative_error"] as? Double ?? 0 > 1e-4 })
      }
    }

    @Test(.enabled(if: !cases.isEmpty, "no parity cases in ../shared/golden")) func changedCaseFails() throws
    {
      let scratch = try Scratch()
      try FileManager.default.copyItem(atPath: Self.cases[0], toPath: scratch.path + "/case")
      var bytes = try scratch.bytes("case/expected.safetensors")
      let headerSize = bytes.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
      let header: [String: Any] = try parsed(String(decoding: bytes[8..<8 + headerSize], as: UTF8.self))
      let place = try #require(((header["t1"] as? [String: Any])?["data_offsets"] as? [Int])?.first)
      // The exponent of the first value of t1.
      bytes[8 + headerSize + place + 3] ^= 0x01
      try scratch.write(bytes, "case/expected.safetensors")
      let outcome = try scratch.run(["verify", "case", "--json", "--plugins", Repository.plugins])
      #expect(outcome.status == 1, "\(outcome.errors)")
      let report: [String: Any] = try parsed(outcome.output)
      #expect(report["passed"] as? Bool == false)
      let failed = (report["tensors"] as? [[String: Any]])?.filter { $0["passed"] as? Bool == false }
      #expect(failed?.compactMap { $0["name"] as? String } == ["t1"])
    }

    /// A switch of the method that no task implements is refused; other keys are the case's own.
    @Test(.enabled(if: !cases.isEmpty, "no parity cases in ../shared/golden")) func unknownSwitch() throws {
      let scratch = try Scratch()
      try FileManager.default.copyItem(atPath: Self.cases[0], toPath: scratch.path + "/case")
      let text = try scratch.text("case/case.json")
      func outcome(_ key: String) throws -> RunnerProcess.Outcome {
        try scratch.write(
          Data(text.replacing("\"use_offset\"", with: "\(key), \"use_offset\"").utf8), "case/case.json")
        return try scratch.run(["verify", "case", "--plugins", Repository.plugins])
      }
      #expect(try outcome("\"note\": \"made by hand\", \"seed\": 4").status == 0)
      let refused = try outcome("\"use_depth\": true")
      #expect(
        refused.status == 1 && refused.errors.contains("use_depth is true, and no task"), "\(refused.errors)")
      #expect(refused.errors.contains("use_offset"))
      try scratch.write(
        Data(text.replacing("\"action_dim\": 4", with: "\"action_dim\": \"four\"").utf8), "case/case.json")
      let odd = try scratch.run(["verify", "case", "--plugins", Repository.plugins])
      #expect(odd.status == 1 && odd.errors.contains("action_dim: expected a whole number"), "\(odd.errors)")
    }

    @Test func whatIsNoCase() throws {
      let outcome = try Scratch().run(["verify", ".", "--plugins", Repository.plugins])
      #expect(outcome.status == 1 && outcome.errors.contains("case.json"))
    }
  }
}
