import CMPI
import CoreTensor
import Foundation
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "mpi", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(MPICommunicator.definition)
  }
}

/// Moves tensors in the host's memory between processes by MPI.
public final class MPICommunicator: Communicator {
  public static let definition = CommunicatorDefinition(
    name: "mpi", summary: "MPI between processes that compute on processors, of one machine or many",
    suits: { launch, device in launch.launcher != "torchrun" && device.isHostMemory },
    join: { _, _ in try MPICommunicator() })

  public let name = "mpi"
  public let rank: Int
  public let size: Int

  init() throws {
    var (rank, size): (Int32, Int32) = (0, 1)
    try Self.checked(chex_mpi_join(&rank, &size))
    (self.rank, self.size) = (Int(rank), Int(size))
  }

  public func moves(_ device: any Device) -> Bool { device.isHostMemory }

  public func broadcast(_ x: Tensor, from root: Int) throws {
    try Self.checked(chex_mpi_broadcast(address(x), x.count * x.elementType.byteCount, Int32(root)))
  }

  public func exchange(_ x: Tensor, into out: Tensor) throws {
    try Self.checked(
      chex_mpi_exchange(address(x), address(out), x.count / size * x.elementType.byteCount))
  }

  public func gather(_ x: Tensor, into out: Tensor) throws {
    try Self.checked(chex_mpi_gather(address(x), address(out), x.count * x.elementType.byteCount))
  }

  public func barrier() throws { try Self.checked(chex_mpi_barrier()) }

  public func abort(status: Int32) -> Never { chex_mpi_abort(status) }

  private func address(_ x: Tensor) -> UnsafeMutableRawPointer {
    require(x.device.isHostMemory, "mpi: a tensor of \(x.device.name), whose memory is not the host's")
    x.device.synchronize()
    return x.address(on: x.device)
  }

  private static func checked(_ reason: UnsafeMutablePointer<CChar>?) throws {
    guard let reason else { return }
    defer { free(reason) }
    throw CommunicationError(
      "mpi: \(String(cString: reason)); another process may have ended: its own message says why")
  }
}
