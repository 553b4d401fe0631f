import WorldModel

private struct NeverMade: Error {}

/// A plugin that registers its task twice.
@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "duplicate", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    let task = TaskDefinition(name: "duplicate", summary: "registered twice", options: []) { _, _ in
      throw NeverMade()
    }
    $0.register(task)
    $0.register(task)
  }
}
