import CTorch
import CoreTensor
import Foundation
import TorchBoundary
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "c10d", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(TorchCommunicator.definition)
  }
}

/// Moves tensors by libtorch's c10d: Gloo between processors, NCCL between GPUs.
public final class TorchCommunicator: Communicator, @unchecked Sendable {
  public static let definition = CommunicatorDefinition(
    name: "c10d", summary: "c10d of PyTorch: Gloo between processors, NCCL between GPUs",
    suits: { launch, device in launch.launcher == "torchrun" || device !== CPUDevice.shared },
    join: { _, request in try TorchCommunicator(request, ProcessInfo.processInfo.environment) })

  public let name = "c10d"
  public let rank: Int
  public let size: Int
  /// A GPU whose tensors are moved; nil for processors alone.
  private let accelerator: (any Device)?
  private let group: OpaquePointer
  private let table: chex_torch_group_table

  /// Joins the processes that `MASTER_ADDR` and `MASTER_PORT` lead to.
  /// - Throws: `TorchError` where libtorch is missing or the others cannot be reached.
  init(_ request: CommunicatorRequest, _ environment: [String: String]) throws {
    (rank, size) = (request.launch.rank, request.launch.size)
    table = try TorchLibrary.shared().groups()
    let place = TorchCommunicator.accelerator(request.device)
    accelerator = place.isEmpty ? nil : request.device
    group = try Meeting(request.launch, environment).join(table, request.launch, accelerator: place)
  }

  /// `"cuda:0"` of `"torch:cuda:0"`; empty for processors, whatever computes on them.
  private static func accelerator(_ device: any Device) -> String {
    let place = BackendRequest.parts(of: device.name).place
    return device === CPUDevice.shared || place.hasPrefix("cpu") ? "" : place
  }

  public func moves(_ device: any Device) -> Bool {
    device === CPUDevice.shared || device === accelerator || device.name == "torch:cpu"
  }

  public func broadcast(_ x: Tensor, from root: Int) throws {
    try TorchLibrary.check(table.broadcast(group, isAccelerated(x), address(x), bytes(x), Int32(root)))
  }
  public func exchange(_ x: Tensor, into out: Tensor) throws {
    try TorchLibrary.check(table.exchange(group, isAccelerated(x), address(x), address(out), bytes(x) / size))
  }
  public func gather(_ x: Tensor, into out: Tensor) throws {
    try TorchLibrary.check(table.gather(group, isAccelerated(x), address(x), address(out), bytes(x)))
  }
  public func barrier() throws { try TorchLibrary.check(table.barrier(group)) }

  /// The launcher ends the others when one process fails.
  public func abort(status: Int32) -> Never { _exit(status) }

  private func isAccelerated(_ x: Tensor) -> Int32 { x.device === accelerator ? 1 : 0 }
  private func bytes(_ x: Tensor) -> Int { x.count * x.elementType.byteCount }
  private func address(_ x: Tensor) -> UnsafeMutableRawPointer { x.address(on: x.device) }
}

/// Where processes meet, as launchers of PyTorch say it.
struct Meeting: Equatable {
  let address: String
  let port: Int
  let keepsStore: Bool
  let prefix: String

  /// - Throws: `TorchError` where the environment does not say it.
  init(_ launch: LaunchEnvironment, _ environment: [String: String]) throws {
    let isOneMachine = launch.machineSize == launch.size
    guard let address = environment["MASTER_ADDR"] ?? (isOneMachine ? "127.0.0.1" : nil) else {
      throw TorchError(
        "MASTER_ADDR of the environment: expected the address of the machine of rank 0, found none; torchrun sets it, "
          + "\(launch.launcher) passes it on (mpirun -x MASTER_ADDR=HOST -x MASTER_PORT=29500)")
    }
    let text = environment["MASTER_PORT"] ?? "29500"
    guard let port = Int(text), (1...65535).contains(port) else {
      throw TorchError("MASTER_PORT of the environment: expected a port from 1 to 65535, found \"\(text)\"")
    }
    (self.address, self.port) = (address, port)
    // torchrun keeps the store itself, and starts all processes again where one fails.
    let isKept = environment["TORCHELASTIC_USE_AGENT_STORE"] == "True"
    keepsStore = !isKept && launch.rank == 0
    // Each start of all processes meets anew.
    prefix = "chexworld/\(environment["TORCHELASTIC_RESTART_COUNT"] ?? "0")"
  }

  /// - Throws: `TorchError` where the others cannot be reached.
  func join(
    _ table: chex_torch_group_table, _ launch: LaunchEnvironment, accelerator: String
  ) throws -> OpaquePointer {
    var joined: OpaquePointer?
    try address.withCString { address in
      try prefix.withCString { prefix in
        try accelerator.withCString { accelerator in
          var given = chex_torch_meeting(
            address: address, port: Int32(port), rank: Int32(launch.rank), size: Int32(launch.size),
            keepsStore: keepsStore ? 1 : 0, prefix: prefix, accelerator: accelerator)
          try TorchLibrary.check(table.join(&given, &joined))
        }
      }
    }
    guard let joined else { throw TorchError("c10d: joining gave no group") }
    return joined
  }
}
