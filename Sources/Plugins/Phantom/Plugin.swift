import WorldModel

/// The phantom as a data plugin: `kind = "data"`, `name = "phantom"`.
public let phantomDefinition = DataSourceDefinition(
  name: "phantom", summary: "procedural frontal chest radiographs with findings, masks and landmarks",
  options: [
    OptionDeclaration(
      "images", .integer(default: 1024, in: 1...1_000_000), help: "how many radiographs there are"),
    OptionDeclaration(
      "size", .integer(default: 256, in: 64...1024), help: "rows and columns of a radiograph, in pixels"),
    OptionDeclaration(
      "finding_rate", .number(default: 0.3, in: 0...1), help: "probability of each of the five findings"),
    OptionDeclaration(
      "placement", .number(default: 1, in: 0...1),
      help:
        "how much patients' place, size and lean in the radiograph vary: 1 as in practice, 0 as if each were "
        + "placed in one frame with care"),
  ],
  presets: ["quick": ["images": .integer(1536), "size": .integer(160)]],
  command: DataCommand(
    summary: "Write phantom chest radiographs as PNG, with masks, labels and landmarks",
    flags: ["images": "--count"], values: ["images": .integer(64)],
    examples: [.init("chex-runner phantom --count 64 --out phantoms", "64 radiographs to look at")]),
  make: { options, seed in
    PhantomSource(
      seed: seed, radiographs: options.integer("images"), size: options.integer("size"),
      rate: options.number("finding_rate"), placement: Float(options.number("placement")))
  })

/// What the host looks up in the library.
@c(chex_plugin)
public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "phantom", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(phantomDefinition)
  }
}
