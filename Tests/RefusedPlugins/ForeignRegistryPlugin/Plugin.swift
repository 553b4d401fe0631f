import WorldModel

/// Stands for the registry of a second copy of the core.
private final class OtherRegistry {}

/// A plugin whose registry is of another core in the same process.
@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(
    name: "foreign-registry", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT,
    registryType: unsafeBitCast(OtherRegistry.self as Any.Type, to: UnsafeRawPointer.self)
  ) { _ in fatalError("the host must refuse this plugin before it registers") }
}
