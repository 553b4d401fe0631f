import Foundation
import Testing

extension EndToEnd {
  /// Parity cases of an independent implementation, where they lie beside the repository.
  @Suite struct Verifying {
    static let cases: [String] = {
      let folder = URL(fileURLWithPath: Repository.root).deletingLastPathComponent().path + "/shared/golden"
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

    @Test func whatIsNoCase() throws {
      let outcome = try Scratch().run(["verify", ".", "--plugins", Repository.plugins])
      #expect(outcome.status == 1 && outcome.errors.contains("case.json"))
    }
  }
}
