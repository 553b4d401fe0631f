import WorldModel

/// What the host looks up in the library.
@c(chex_plugin)
public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "probe", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(Probe.definition)
  }
}
