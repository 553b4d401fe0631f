import CoreTensor
import TorchBoundary
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: TorchBackend.name, version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(TorchBackend.definition)
  }
}

extension TorchBackend {
  static let name = "torch"

  public static let definition = BackendDefinition(
    name: name, summary: "GPUs and the processor through libtorch, which make torch connects",
    options: [
      OptionDeclaration(
        "attention", .choice(default: "fused", of: ["fused", "products"]),
        help: "fused: libtorch's attention kernels where they take the sizes; products: matrix products")
    ],
    status: { _ in status },
    make: { options, request in
      let device = try TorchDevice.at(request.place)
      device.library.table.setThreads(Int32(Compute.threads))
      return TorchBackend(
        device, request.precision ?? device.best, fusesAttention: options.text("attention") == "fused")
    })

  /// For `chex-runner doctor`.
  private static var status: String {
    do {
      let library = try TorchLibrary.shared()
      return "PyTorch \(library.version), \(library.file); devices: "
        + (try library.places()).map { "\(name):\($0)" }.joined(separator: ", ")
    } catch { return "\(error)" }
  }
}
