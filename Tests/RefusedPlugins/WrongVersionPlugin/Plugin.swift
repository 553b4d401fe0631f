import WorldModel

/// A plugin of a border that does not exist yet.
@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(
    name: "wrong-version", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT,
    abiVersion: CHEX_PLUGIN_ABI_VERSION + 1
  ) { _ in fatalError("the host must refuse this plugin before it registers") }
}
