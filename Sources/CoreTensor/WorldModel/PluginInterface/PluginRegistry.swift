@_exported import CPluginInterface
import Foundation

/// What plugins register themselves into. The host owns it; a plugin sees it only while it registers.
public final class PluginRegistry {
  public private(set) var tasks: [TaskDefinition] = []
  public private(set) var dataSources: [DataSourceDefinition] = []
  public private(set) var evaluations: [EvaluationDefinition] = []
  public private(set) var codecs: [CodecDefinition] = []
  public private(set) var backends: [BackendDefinition] = []
  public private(set) var communicators: [CommunicatorDefinition] = []
  public private(set) var weights: [WeightsDefinition] = []
  public private(set) var components: [ComponentDefinition] = []

  public init() {}

  public func register(_ task: TaskDefinition) { tasks.append(task) }
  public func register(_ source: DataSourceDefinition) { dataSources.append(source) }
  public func register(_ evaluation: EvaluationDefinition) { evaluations.append(evaluation) }
  public func register(_ codec: CodecDefinition) { codecs.append(codec) }
  public func register(_ backend: BackendDefinition) { backends.append(backend) }
  public func register(_ communicator: CommunicatorDefinition) { communicators.append(communicator) }
  public func register(_ weights: WeightsDefinition) { self.weights.append(weights) }
  public func register(_ component: ComponentDefinition) { components.append(component) }

  /// Address of this type's metadata: equal in host and plugin only when both share one core.
  public static var typeAddress: UnsafeRawPointer {
    unsafeBitCast(PluginRegistry.self as Any.Type, to: UnsafeRawPointer.self)
  }
}

/// Makes the structure that a plugin's entry point returns.
///
///     @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
///       pluginInformation(name: "rotation", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
///         $0.register(rotationTask)
///       }
///     }
///
/// - Parameters:
///   - name: the plugin's name, as `plugins.toml` gives it.
///   - version: shown by `chex-runner plugins`.
///   - fingerprint: always `CHEX_CORE_FINGERPRINT`, which the compiler takes from the core's header.
///   - abiVersion: only tests of the refusal give another.
///   - registryType: only tests of the refusal give another.
///   - register: fills the registry; what it throws is shown to the user as the plugin's refusal.
/// - Returns: a structure that lives as long as the process.
public func pluginInformation(
  name: String, version: String, compiledAgainst fingerprint: String,
  abiVersion: Int32 = CHEX_PLUGIN_ABI_VERSION, registryType: UnsafeRawPointer = PluginRegistry.typeAddress,
  register: @escaping @Sendable (PluginRegistry) throws -> Void
) -> UnsafePointer<chex_plugin_information> {
  let information = UnsafeMutablePointer<chex_plugin_information>.allocate(capacity: 1)
  information.initialize(
    to: chex_plugin_information(
      abiVersion: UInt32(abiVersion), name: UnsafePointer(strdup(name)),
      version: UnsafePointer(strdup(version)), coreFingerprint: UnsafePointer(strdup(fingerprint)),
      registryType: registryType,
      context: Unmanaged.passRetained(Registration(register)).toOpaque(),
      registerInto: { context, registry in
        guard let context, let registry else { return strdup("the host gave no registry") }
        let registration = Unmanaged<Registration>.fromOpaque(context).takeUnretainedValue()
        do {
          try registration.register(Unmanaged<PluginRegistry>.fromOpaque(registry).takeUnretainedValue())
          return nil
        } catch { return strdup("\(error)") }
      }))
  return UnsafePointer(information)
}

private final class Registration: Sendable {
  let register: @Sendable (PluginRegistry) throws -> Void
  init(_ register: @escaping @Sendable (PluginRegistry) throws -> Void) { self.register = register }
}
