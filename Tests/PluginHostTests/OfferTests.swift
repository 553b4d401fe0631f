import Testing
import WorldModel

@testable import PluginHost

/// What a definition gives its own options, under presets and for its command, must be declared and allowed.
@Suite struct OfferTests {
  private static let declared = [
    OptionDeclaration("images", .integer(default: 4, in: 1...9), help: "Radiographs.")
  ]

  private func refusal(
    presets: [String: [String: OptionValue]] = [:], command: DataCommand? = nil
  ) -> String {
    let entry = PluginManifest.Entry(name: "clinic", kind: .data, library: "Clinic")
    let definition = DataSourceDefinition(
      name: "clinic", summary: "radiographs of a clinic", options: Self.declared, presets: presets,
      command: command, make: { _, _ in throw UnusableRadiograph(identifier: "none", reason: "never made") })
    do {
      try OptionCheck(entry: entry, manifest: "p.toml", file: "libClinic.so").declarations(
        of: .data(definition))
      return ""
    } catch { return "\(error)" }
  }

  @Test func whatIsDeclaredPasses() {
    let command = DataCommand(
      summary: "Write radiographs", flags: ["images": "--count"], values: ["images": .integer(9)])
    #expect(refusal(presets: ["quick": ["images": .integer(1)]], command: command).isEmpty)
  }

  @Test func whatIsNotIsRefusedByName() {
    let unknown = refusal(presets: ["quick": ["size": .integer(1)]])
    #expect(unknown.contains("option \"size\": expected a declared option, found 1 of preset \"quick\""))
    let outside = refusal(presets: ["quick": ["images": .integer(10)]])
    #expect(outside.contains("expected integer from 1 to 9, found 10 of preset \"quick\""))
    let value = refusal(command: DataCommand(summary: "Write radiographs", values: ["images": .text("two")]))
    #expect(value.contains("found \"two\" of its command"))
    let flag = refusal(command: DataCommand(summary: "Write radiographs", flags: ["size": "--side"]))
    #expect(flag.contains("option \"size\": expected flags of declared options"))
  }
}
