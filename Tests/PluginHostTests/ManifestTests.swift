import TestSupport
import Testing

@testable import PluginHost

@Suite struct ManifestTests {
  @Test func entriesWithDefaults() throws {
    let manifest = try PluginManifest(
      text: """
        [[plugin]]
        name = "local"
        kind = "task"
        library = "LocalTask"
        [[plugin]]
        name = "my-data_2"
        kind = "data"
        library = "plugins/libData.so"
        enabled = false
        [plugin.options]
        images = 3
        """, path: "/a/b/plugins.toml")
    #expect(manifest.folder == "/a/b")
    #expect(manifest.entries.map(\.name) == ["local", "my-data_2"])
    #expect(manifest.entries.map(\.kind) == [.task, .data])
    #expect(manifest.entries.map(\.enabled) == [true, false])
    #expect(manifest.entries.map(\.line) == [1, 5])
    #expect(manifest["my-data_2"]?.options["images"] == TomlValue(.integer(3), line: 11))
    #expect(manifest["other"] == nil)
  }

  @Test func anEmptyManifestHasNoPlugins() throws {
    #expect(try PluginManifest(text: "", path: "p.toml").entries.isEmpty)
  }

  @Test func theRepositorysOwn() throws {
    let manifest = try PluginManifest(path: BuildFolder.repository + "/plugins.toml")
    #expect(
      manifest.entries.map(\.name) == [
        "local", "global", "domain", "mae", "visible", "frozen-teacher", "simmim", "sigreg", "moco-v3",
        "dino", "phantom", "dicom",
        "probe",
        "imagine", "imagine-decoder",
        "imagine-rcdm", "correspondence", "sensitivity", "pca", "surprise", "finetune",
        "finetune-segment",
        "torch", "public-weights", "mpi", "c10d",
      ])
    #expect(
      manifest.entries.map(\.kind) == [
        .task, .task, .task, .task, .task, .task, .task, .task, .task, .task, .data, .codec, .evaluation,
        .evaluation, .evaluation,
        .evaluation, .evaluation,
        .evaluation,
        .evaluation,
        .evaluation, .evaluation, .evaluation, .backend, .weights, .communicator, .communicator,
      ])
    #expect(
      manifest.entries.filter { !$0.enabled }.map(\.name) == [
        "mae", "visible", "frozen-teacher", "simmim", "sigreg", "moco-v3", "dino",
      ])
    #expect(manifest.defaultSource?.name == "phantom")
    #expect(manifest.defaultEvaluations.map(\.name) == ["imagine"])
  }

  private static func source(_ name: String) -> String {
    "name = \"\(name)\"\nkind = \"data\"\nlibrary = \"L\"\ndefault = true\n"
  }

  @Test func theDefaultSourceIsEnabledAndMarked() throws {
    func chosen(_ text: String) throws -> String? {
      try PluginManifest(text: text, path: "p.toml").defaultSource?.name
    }
    let (a, b) = ("[[plugin]]\n\(Self.source("a"))", "[[plugin]]\n\(Self.source("b"))")
    #expect(try chosen(a + "enabled = false\n" + b) == "b")
    #expect(try chosen(a.replacing("default = true", with: "default = false")) == nil)
  }

  @Test func severalEvaluationsMayBeDefaultBesideTheSource() throws {
    func evaluation(_ name: String) -> String {
      "[[plugin]]\nname = \"\(name)\"\nkind = \"evaluation\"\nlibrary = \"L\"\ndefault = true\n"
    }
    let text = evaluation("e") + "[[plugin]]\n\(Self.source("a"))" + evaluation("f") + evaluation("g")
    let manifest = try PluginManifest(text: text + "enabled = false\n", path: "p.toml")
    #expect(manifest.defaultEvaluations.map(\.name) == ["e", "f"])
    #expect(manifest.defaultSource?.name == "a")
  }

  private static let good = "name = \"local\"\nkind = \"task\"\nlibrary = \"L\"\n"

  @Test(arguments: [
    ("[[plugin]]\n\(good)colour = 1", 5, "plugin.local.colour", ["known key", "known: name, kind"]),
    ("[[plugin]]\n\(good)enabeld = true", 5, "plugin.local.enabeld", ["did you mean \"enabled\"?"]),
    ("[[plugin]]\n\(good)enabled = \"yes\"", 5, "plugin.local.enabled", ["true or false", "text \"yes\""]),
    ("[[plugin]]\n\(good)options = 3", 5, "plugin.local.options", ["a table", "integer 3"]),
    ("[[plugin]]\nkind = \"task\"", 1, "plugin.name of table 1", ["found none"]),
    ("[[plugin]]\n\(good)[[plugin]]\nkind = \"task\"", 5, "plugin.name of table 2", ["found none"]),
    ("[[plugin]]\nname = \"a b\"", 2, "plugin.name", ["ASCII", "text \"a b\""]),
    ("[[plugin]]\nname = \"\"", 2, "plugin.name", ["begins with a letter"]),
    ("[[plugin]]\nname = \"2d\"", 2, "plugin.name", ["begins with a letter"]),
    ("[[plugin]]\nname = \"größe\"", 2, "plugin.name", ["ASCII"]),
    ("[[plugin]]\nname = 3", 2, "plugin.name", ["integer 3"]),
    ("[[plugin]]\nname = \"a\"", 1, "plugin.a.kind", ["one of \"task\", \"data\"", "found none"]),
    ("[[plugin]]\nname = \"a\"\nkind = \"taks\"", 3, "plugin.a.kind", ["did you mean \"task\"?"]),
    ("[[plugin]]\nname = \"a\"\nkind = \"segmentation\"", 3, "plugin.a.kind", ["known: task, data"]),
    ("[[plugin]]\nname = \"a\"\nkind = 1979-05-27", 3, "plugin.a.kind", ["date or time 1979-05-27"]),
    ("[[plugin]]\nname = \"a\"\nkind = \"task\"", 1, "plugin.a.library", ["found none"]),
    ("[[plugin]]\nname = \"a\"\nkind = \"task\"\nlibrary = \"\"", 4, "plugin.a.library", ["text \"\""]),
    (
      "[[plugin]]\nname = \"a\"\nkind = \"task\"\nlibrary = \"a\\u0000\"", 4, "plugin.a.library", ["expected"]
    ),
    ("[[plugin]]\n\(good)[[plugin]]\n\(good)", 6, "plugin.name", ["unique", "which line 1 has too"]),
    ("[plugin]\n\(good)", 1, "plugin", ["two brackets"]),
    (
      "[[plugin]]\n\(good)default = true", 5, "plugin.local.default",
      ["kind \"data\"", "found a plugin of kind \"task\""]
    ),
    ("[[plugin]]\n\(source("a"))[[plugin]]\n\(source("b"))", 10, "plugin.b.default", ["\"a\" of line 1"]),
    ("plugin = [1]", 1, "plugin", ["[[plugin]] tables", "integer 1"]),
    ("\nplugins = 1", 2, "plugins", ["only [[plugin]] tables"]),
  ])
  func refuses(text: String, line: Int, key: String, parts: [String]) throws {
    let error = try #require(throws: PluginError.self) { try PluginManifest(text: text, path: "p.toml") }
    guard case .invalidManifest(let fault) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(fault.file == "p.toml")
    #expect(fault.line == line)
    #expect(fault.key == key)
    for part in parts { #expect("\(error)".contains(part), "\(error)") }
    #expect("\(error)".hasPrefix("p.toml:\(line): \(key): expected "))
  }

  @Test func whatIsNoTOMLNamesFileAndLine() throws {
    let error = try #require(throws: PluginError.self) {
      try PluginManifest(text: "\n[[plugin]", path: "p.toml")
    }
    #expect("\(error)".hasPrefix("p.toml:2: expected a readable plugin list in TOML, found "))
    let missing = try #require(throws: PluginError.self) { try PluginManifest(path: "/nowhere/p.toml") }
    #expect("\(missing)".contains("/nowhere/p.toml: expected") && "\(missing)".contains("No such file"))
  }

  @Test func suggestionsAreNear() {
    let names = ["probability", "blocks", "area"]
    #expect(NearMiss.suggestion(for: "probabilty", among: names) == "probability")
    #expect(NearMiss.suggestion(for: "BLOCKS", among: names) == "blocks")
    #expect(NearMiss.suggestion(for: "aera", among: names) == "area")
    #expect(NearMiss.suggestion(for: "contrast", among: names) == nil)
    #expect(NearMiss.suggestion(for: "", among: names) == nil)
    #expect(NearMiss.distance("kitten", "sitting") == 3)
    #expect(NearMiss.distance("ab", "ba") == 1)
  }
}
