import Foundation
import WorldModel

@testable import Console
@testable import Training

/// Settings as a run would resolve them, with two tasks and a data plugin loaded.
enum ConfigurationFixture {
  static let plugins = [
    PluginSettings(
      name: "local", isTask: true,
      declarations: [
        OptionDeclaration("blocks", .integer(default: 4, in: 1...16), help: "Blocks."),
        OptionDeclaration("area", .interval(default: 0.15...0.2, in: 0.01...0.9), help: "Area."),
      ]),
    PluginSettings(
      name: "global", isTask: true,
      declarations: [OptionDeclaration("latent", .boolean(default: true), help: "Whether Δ is told.")]),
    PluginSettings(
      name: "phantom", isTask: false,
      declarations: [
        OptionDeclaration("images", .integer(default: 4096, in: 1...1_000_000), help: "Radiographs."),
        OptionDeclaration("size", .integer(default: 256, in: 32...2048), help: "Side."),
      ], presets: ["quick": ["images": .integer(1536), "size": .integer(160)]]),
  ]

  /// As the registry's mark gives it.
  static let defaultSource = SettingAssignment(
    SettingKey("data", "source"), .value(.list([.text("phantom")])), from: .file("plugins.toml", line: 40))

  static func catalogue() throws -> SettingsCatalogue { try SettingsCatalogue(plugins: plugins) }

  static let command = Command(
    name: "pretrain", summary: "trains", options: SettingFlag.options, run: { _ in 0 })

  /// Resolves a command line; without `--preset` on the paper's defaults, so that a test sees one thing at a time.
  static func settings(
    _ words: [String] = [], preset: String? = nil, pluginsFile: [SettingAssignment] = []
  ) throws -> Settings {
    var request = try SettingsRequest(ArgumentParser(command: command).parse(words))
    if !words.contains("--preset") { request.preset = preset }
    return try Settings(
      catalogue: try catalogue(), pluginsFile: [defaultSource] + pluginsFile, request: request)
  }

  static func configuration(_ words: [String] = []) throws -> RunConfiguration {
    try RunConfiguration(try settings(words))
  }

  /// What resolving or checking says, or an empty text where nothing is refused.
  static func refusal(_ words: [String]) -> String {
    do {
      _ = try configuration(words)
      return ""
    } catch { return "\(error)" }
  }

  /// Writes `text` to a file of its own, gives its path to `body`, and removes it.
  static func withFile<Result>(_ text: String, name: String = "run.toml", _ body: (String) throws -> Result)
    throws
    -> Result
  {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chex-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: file)
    return try body(file.path)
  }

  /// The refusal of a configuration file that holds `text`.
  static func refusal(ofFile text: String) throws -> String {
    try withFile(text) { refusal(["--config", $0]) }
  }
}
