import Foundation
import TestSupport
import Testing

@testable import PluginHost

/// Code is taken only from files that nobody else can change.
@Suite struct TrustTests {
  private func refusal(_ folder: String, _ permissions: [String: Int]) throws -> PluginError? {
    for (path, mode) in permissions {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder + path)
    }
    do {
      let manifest = try PluginManifest(path: folder + "/plugins.toml")
      _ = try PluginHost(manifest: manifest).load()
      return nil
    } catch let error as PluginError { return error }
  }

  /// A registry and a library beside it, for `body` to change.
  private func withPlugin(_ body: (_ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      try FileManager.default.copyItem(
        atPath: BuildFolder.library("LocalTask"), toPath: folder + "/any.so")
      try plugin("local", "./any.so").write(
        toFile: folder + "/plugins.toml", atomically: true, encoding: .utf8)
      for path in ["", "/any.so", "/plugins.toml"] {
        try FileManager.default.setAttributes(
          [.posixPermissions: path.isEmpty ? 0o755 : 0o644], ofItemAtPath: folder + path)
      }
      try body(folder)
    }
  }

  @Test func filesOfTheirOwnerAreTaken() throws {
    try withPlugin { folder in
      let (own, group) = (try refusal(folder, [:]), try refusal(folder, ["/any.so": 0o664, "": 0o775]))
      #expect(own == nil && group == nil)
    }
  }

  @Test func filesThatEverybodyMayChangeAreRefused() throws {
    try withPlugin { folder in
      let registry = try refusal(folder, ["/plugins.toml": 0o666])
      #expect(
        "\(try #require(registry))".contains("\(folder)/plugins.toml: expected a file that only its owner"))
      let library = try refusal(folder, ["/plugins.toml": 0o644, "/any.so": 0o757])
      #expect("\(try #require(library))".contains("plugin local: \(folder)/any.so"))
      #expect("\(try #require(library))".contains("chmod o-w"))
    }
  }

  @Test func filesThatEverybodyMayReplaceAreRefused() throws {
    try withPlugin { folder in
      let open = try #require(try refusal(folder, ["": 0o777]))
      expect(open, "all may write to its folder")
      // As in /tmp, where files stay their owners'.
      let sticky = try refusal(folder, ["": 0o1777])
      #expect(sticky == nil)
    }
  }

  @Test func ownersAreNamedWhereTheyAreOthers() throws {
    try withPlugin { folder in
      #expect(FileTrust.foreignOwner(of: folder + "/any.so") == nil)
      guard geteuid() == 0 else { return }
      #expect(chown(folder + "/any.so", 54321, 54321) == 0)
      #expect(FileTrust.foreignOwner(of: folder + "/any.so") == "user 54321")
      let host = PluginHost(manifest: try PluginManifest(path: folder + "/plugins.toml"))
      let warnings = host.ownerWarnings(libraries: try host.load().map(\.libraryPath))
      #expect(warnings.count == 1 && warnings[0].contains("any.so belongs to user 54321"))
    }
  }

  /// A library of another core is refused by what its file says, before anything of it can run.
  @Test func theFingerprintIsReadFromTheFile() throws {
    let own = try ElfLibrary(path: BuildFolder.library("LocalTask"))
    #expect(own.fingerprints.contains(PluginHost.coreFingerprint) || PluginHost.coreFingerprint == "unset")
    let foreign = try BuildFolder.library("ForeignCorePlugin")
    #expect(
      try ElfLibrary(path: foreign).fingerprints == [String(repeating: "0123456789abcdef", count: 4)])
    #expect(throws: PluginError.self) {
      try PluginLibrary(plugin: "foreign-core", file: foreign).checkFile()
    }
  }
}
