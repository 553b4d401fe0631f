import Foundation
import TestSupport
import Testing

/// `scripts/core-fingerprint`, run on a small core of its own.
@Suite struct FingerprintTests {
  private func run(_ root: String, _ arguments: String...) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [root + "/scripts/core-fingerprint"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// A tree as the script expects it, with one source.
  private func withTree<Result>(_ body: (String) throws -> Result) throws -> Result {
    try withTemporaryFolder { root in
      let files = FileManager.default
      let include = root + "/Sources/CoreTensor/CPluginInterface/include"
      try files.createDirectory(atPath: include, withIntermediateDirectories: true)
      try files.createDirectory(atPath: root + "/scripts", withIntermediateDirectories: true)
      let script = "/scripts/core-fingerprint"
      try files.copyItem(atPath: BuildFolder.repository + script, toPath: root + script)
      try "".write(toFile: include + "/plugin_interface.h", atomically: true, encoding: .utf8)
      try "let a = 1".write(
        toFile: root + "/Sources/CoreTensor/a b.swift", atomically: true, encoding: .utf8)
      return try body(root)
    }
  }

  @Test func writesOnceAndTellsWhatIsStale() throws {
    try withTree { root in
      let header = root + "/Sources/CoreTensor/CPluginInterface/include/core_fingerprint.h"
      let missing = try run(root, "--check")
      #expect(
        missing.status == 1 && missing.text.contains("found no such file; run scripts/core-fingerprint"))
      #expect(try run(root).status == 0)
      let first = try String(contentsOfFile: header, encoding: .utf8)
      let printed = try run(root, "--print").text.trimmingCharacters(in: .newlines)
      #expect(printed.count == 64 && first.contains("#define CHEX_CORE_FINGERPRINT \"\(printed)\""))
      #expect(try run(root, "--check").status == 0)

      // Written again it would be new to the build.
      let old = Date(timeIntervalSince1970: 1_000_000_000)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: header)
      #expect(try run(root).status == 0)
      let date = try FileManager.default.attributesOfItem(atPath: header)[.modificationDate] as? Date
      #expect(date == old)

      let source = root + "/Sources/CoreTensor/a b.swift"
      try "let a = 2".write(toFile: source, atomically: true, encoding: .utf8)
      let stale = try run(root, "--check")
      #expect(stale.status == 1 && stale.text.contains("is stale"))
      #expect(try run(root).status == 0)
      let second = try String(contentsOfFile: header, encoding: .utf8)
      #expect(second != first)

      try FileManager.default.moveItem(atPath: source, toPath: root + "/Sources/CoreTensor/b.swift")
      #expect(try run(root, "--check").status == 1, "a renamed source is another core")
    }
  }

  @Test func ignoresWhatIsBuilt() throws {
    try withTree { root in
      #expect(try run(root).status == 0)
      let build = root + "/Sources/CoreTensor/.build/release"
      try FileManager.default.createDirectory(atPath: build, withIntermediateDirectories: true)
      try "x".write(toFile: build + "/a.swift", atomically: true, encoding: .utf8)
      #expect(try run(root, "--check").status == 0)
    }
  }

  @Test func refusesOtherArguments() throws {
    try withTree { root in
      let unknown = try run(root, "--verify")
      #expect(unknown.status == 1 && unknown.text.contains("found --verify"))
      #expect(try run(root, "--check", "--print").status == 1)
    }
  }
}
