import Console
import CoreTensor
import Foundation
import PluginHost
import Synchronization
import WorldModel

/// What joins this process to the others of its run: `run.communicator`.
package struct CommunicatorChoice {
  package static let key = SettingKey("run", "communicator")
  /// The first of the registry that suits what started the processes.
  static let automatic = "auto"
  /// Each process is a run of its own.
  static let nothing = "none"

  /// As the settings name it.
  let name: String
  let plugins: [LoadedPlugin]
  let refused: [String: PluginError]
  let registry: PluginManifest

  /// Names of plugins that may be chosen: all communicators, where several processes were started.
  static func candidates(_ manifest: PluginManifest, _ launch: LaunchEnvironment?) -> Set<String> {
    guard launch != nil else { return [] }
    return Set(manifest.entries.filter { $0.enabled && $0.kind == .communicator }.map(\.name))
  }

  /// Joins the other processes.
  /// - Returns: nil where this is the only one.
  /// - Throws: `CommunicationError` where a launcher started several and nothing joins them, so that each would train
  ///   alone; what the plugin says.
  func join(_ launch: LaunchEnvironment?, _ device: any Device) throws -> CommunicationQueue? {
    let isNamed = ![Self.automatic, Self.nothing].contains(name)
    // A launcher may have been asked for one process, whose group is then one of its own.
    let started = try launch ?? (isNamed ? ProcessGroup.launch(countsOne: true) : nil)
    guard name != Self.nothing, let launch = started else {
      guard !isNamed else {
        throw CommunicationError(
          "run.communicator=\(name): expected processes of a launcher, found this one by itself; start the program with "
            + "mpirun, srun or torchrun")
      }
      return nil
    }
    let (plugin, definition) = try find(launch, device)
    let request = CommunicatorRequest(launch: launch, device: device)
    let communicator = try PluginCode("communicator \"\(plugin.name)\"", "join").run {
      try definition.join(plugin.options, request)
    }
    guard communicator.size == launch.size, communicator.rank == launch.rank else {
      throw CommunicationError(
        "\(plugin.name): expected rank \(launch.rank) of \(launch.size), as \(launch.launcher) says, found rank "
          + "\(communicator.rank) of \(communicator.size); the library was built for another launcher: start the processes "
          + "with the library's own, or name another run.communicator")
    }
    guard communicator.moves(device) else {
      throw CommunicationError(
        "run.communicator=\(plugin.name): it does not move tensors of \(device.name); name another communicator, or "
          + "compute on --device cpu")
    }
    return CommunicationQueue(communicator)
  }

  private func find(
    _ launch: LaunchEnvironment, _ device: any Device
  ) throws -> (LoadedPlugin, CommunicatorDefinition) {
    if let error = refused[name] { throw error }
    for plugin in plugins {
      guard case .communicator(let definition) = plugin.definition else { continue }
      if name == plugin.name || name == Self.automatic && definition.suits(launch, device) {
        return (plugin, definition)
      }
    }
    let known = registry.entries.filter { $0.kind == .communicator }.map(\.name)
    let reasons = known.compactMap { refused[$0] }.map { "\n  \($0)" }
    throw CommunicationError(
      "run.communicator=\(name): \(launch.launcher) started \(launch.size) processes, expected a plugin of kind communicator "
        + "in \(registry.path) that joins them on \(device.name), found "
        + (known.isEmpty ? "none" : "only " + known.joined(separator: ", "))
        + reasons.joined()
        + "\nEnable or install one, start one process, or let each train alone with --set run.communicator=none"
    )
  }
}

/// The processes that this one has joined; they end together.
package enum ProcessGroup {
  private static let joined = Mutex<CommunicationQueue?>(nil)

  /// Nil where there are no others.
  package static var current: CommunicationQueue? { joined.withLock { $0 } }
  static func join(_ group: CommunicationQueue?) { joined.withLock { $0 = group } }

  /// How this process is numbered among those that a launcher started; nil where there is one.
  /// - Parameter countsOne: whether one that a launcher started is numbered, too.
  /// - Throws: `CommunicationError`.
  package static func launch(countsOne: Bool = false) throws -> LaunchEnvironment? {
    try LaunchEnvironment(ProcessInfo.processInfo.environment, countsOne: countsOne)
  }

  /// Ends this process's part. A failure of one ends all of them at once; else they leave together.
  package static func leave(status: Int32) {
    guard let group = current else { return }
    // A run that was stopped was stopped on each rank.
    guard status == 0 || status == 130 else { group.abort(status: status) }
    do { try group.barrier() } catch { group.abort(status: Program.runFailure) }
  }

  /// Waits until the first rank ends all, which it does with a message.
  static func waitForEnd(_ group: CommunicationQueue) throws -> Never {
    try group.barrier()
    group.abort(status: Program.runFailure)
  }

  /// Threads that compute where a launcher put several processes on this machine.
  package static func threads(_ launch: LaunchEnvironment?) -> Int {
    let all = Compute.coreCount
    guard let launch else { return all }
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return max(1, min(all, cores / (launch.machineSize ?? 1)))
  }
}
