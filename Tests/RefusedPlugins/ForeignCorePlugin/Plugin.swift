import WorldModel

/// A plugin that was compiled against other sources of the core.
@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(
    name: "foreign-core", version: "1.0.0",
    compiledAgainst: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  ) { _ in
    fatalError("the host must refuse this plugin before it registers")
  }
}
