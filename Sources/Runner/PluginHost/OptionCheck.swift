import WorldModel

/// Holds a plugin's declared options against themselves, and what the manifest gives against what is declared.
struct OptionCheck {
  let entry: PluginManifest.Entry
  /// The manifest's path.
  let manifest: String
  /// The plugin's library.
  let file: String

  /// What a definition declares, and the values that it has for options of its own.
  func declarations(of definition: PluginDefinition) throws(PluginError) {
    try declarations(definition.options)
    guard case .data(let source) = definition else { return }
    for (preset, values) in source.presets.sorted(by: { $0.key < $1.key }) {
      try own(values, of: "preset \"\(preset)\"", definition.options)
    }
    guard let command = source.command else { return }
    try own(command.values, of: "its command", definition.options)
    for option in command.flags.keys.sorted() {
      guard definition.options.contains(where: { $0.name == option }) else {
        throw .badDeclaration(
          plugin: entry.name, file: file, option: option, expected: "flags of declared options",
          found: "a flag of another")
      }
    }
  }

  /// Values that the plugin itself gives must be of options that it declares, and allowed.
  private func own(
    _ values: [String: OptionValue], of place: String, _ declarations: [OptionDeclaration]
  ) throws(PluginError) {
    for (option, value) in values.sorted(by: { $0.key < $1.key }) {
      let declaration = declarations.first { $0.name == option }
      guard declaration?.accept(value) == nil else { continue }
      throw .badDeclaration(
        plugin: entry.name, file: file, option: option,
        expected: declaration?.allowed ?? "a declared option", found: "\(value.tomlText) of \(place)")
    }
  }

  /// Names must be unique and writable as TOML keys, defaults within their own range.
  func declarations(_ declarations: [OptionDeclaration]) throws(PluginError) {
    var names: Set<String> = []
    for declaration in declarations {
      let isKey = declaration.name.utf8.allSatisfy {
        (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) || $0 == 0x5f || $0 == 0x2d
      }
      guard isKey, !declaration.name.isEmpty else {
        throw fault(declaration, expected: "a name of ASCII letters, digits, - and _", found: "another name")
      }
      guard names.insert(declaration.name).inserted else {
        throw fault(declaration, expected: "one declaration", found: "two")
      }
      guard declaration.accept(declaration.defaultValue) != nil else {
        throw fault(
          declaration, expected: "a default that is \(declaration.allowed)",
          found: declaration.defaultValue.tomlText)
      }
    }
  }

  /// What the manifest gives, in the declared types.
  func given(_ declarations: [OptionDeclaration]) throws(PluginError) -> [String: GivenOption] {
    var given: [String: GivenOption] = [:]
    for key in entry.options.keys {
      guard let value = entry.options[key] else { continue }
      guard let declaration = declarations.first(where: { $0.name == key }) else {
        throw fault(
          key, value, expected: "an option of \(entry.name)", found: "\"\(key)\"",
          remedy: NearMiss.remedy(for: key, among: declarations.map(\.name), kind: "option"))
      }
      guard let accepted = value.optionValue.flatMap(declaration.accept) else {
        throw fault(
          key, value, expected: declaration.allowed, found: value.found,
          remedy: "the default is \(declaration.defaultValue.tomlText)")
      }
      given[key] = GivenOption(value: accepted, line: value.line)
    }
    return given
  }

  private func fault(_ declaration: OptionDeclaration, expected: String, found: String) -> PluginError {
    .badDeclaration(
      plugin: entry.name, file: file, option: declaration.name, expected: expected, found: found)
  }

  private func fault(
    _ key: String, _ value: TomlValue, expected: String, found: String, remedy: String
  ) -> PluginError {
    .invalidManifest(
      ManifestFault(
        file: manifest, line: value.line, key: "plugin.\(entry.name).options.\(key)", expected: expected,
        found: found, remedy: remedy))
  }
}
