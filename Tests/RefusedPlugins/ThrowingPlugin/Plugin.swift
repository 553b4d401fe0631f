import WorldModel

/// Why the plugin refuses.
private struct NoScanner: Error, CustomStringConvertible {
  var description: String { "no scanner is attached" }
}

/// A plugin that throws while it registers.
@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "throwing", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) { _ in
    throw NoScanner()
  }
}
