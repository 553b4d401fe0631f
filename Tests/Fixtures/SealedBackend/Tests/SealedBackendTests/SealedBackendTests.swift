import CoreTensor
import NeuralNetworks
import SealedBackend
import PluginChecks
import Testing
import WorldModel

@Suite(.serialized) struct SealedBackendTests {
  @Test func keepsEveryPromise() {
    #expect(checkBackend(SealedBackend.definition).filter { !$0.isKept } == [])
  }

  /// The seal is real: an address of the device cannot be read.
  @Test func whoReadsPastTheSeamDies() async {
    await #expect(processExitsWith: .failure) {
      let device = try SealedDevice.at("")
      let tensor = Tensor([1, 2, 3], shape: [3], on: device)
      print(tensor.address(on: device).load(as: Float.self))
    }
    await #expect(processExitsWith: .success) {
      let tensor = Tensor([1, 2, 3], shape: [3], on: try SealedDevice.at(""))
      #expect((tensor + tensor).values == [2, 4, 6])
    }
  }

  /// Operations run where their operands live, whatever the current device is.
  @Test func operationsFollowTheirOperands() throws {
    let device = try SealedDevice.at("")
    let x = Parameter(Tensor([1, -2, 3, 4], shape: [2, 2], on: device))
    let y = gelu(linear(x.tensor, weight: Tensor([1, 0, 0, 1], shape: [2, 2], on: device), bias: nil))
    #expect(y.device === device && Compute.device === CPUDevice.shared)
    meanSquaredError(y, Tensor.zeros([2, 2], on: device)).backward()
    let own = Parameter(Tensor([1, -2, 3, 4], shape: [2, 2]))
    let expected = gelu(linear(own.tensor, weight: Tensor([1, 0, 0, 1], shape: [2, 2]), bias: nil))
    meanSquaredError(expected, Tensor.zeros([2, 2])).backward()
    for (a, b) in zip(x.gradient!.values, own.gradient!.values) { #expect(abs(a - b) < 1e-5) }
    #expect(x.gradient!.device === device)
  }

  @Test func twoDevicesInOneOperationAreNamed() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let a = Tensor([1, 2], shape: [2], on: try SealedDevice.at("0"))
      let b = Tensor([1, 2], shape: [2], on: try SealedDevice.at("1"))
      _ = a + b
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("sealed:0") && text.contains("sealed:1") && text.contains("moved(to:)"))
  }

  /// Losses, norm, clip and verdict stay on the device until the step's end: then they come in one transfer.
  @Test func aStepReadsItsNumbersOnce() throws {
    let device = try SealedDevice.at("reads")
    let shape = WorldModelConfiguration(
      encoder: VisionTransformerConfiguration(imageSize: 16, patchSize: 4, width: 16, depth: 2, heads: 2),
      predictor: PredictorConfiguration(featureWidth: 16, width: 16, depth: 1, heads: 2, gridSize: 4))
    let model = Compute.$backend.withValue(device.backend) {
      WorldModel(shape, latents: [OffsetLatent()], seed: 1)
    }
    let optimization = Optimization(
      model, settings: AdamWSettings(), reduction: .mean, backend: device.backend)
    let images = Tensor((0..<2 * 3 * 256).map { Float($0 % 17) / 17 }, shape: [2, 3, 16, 16])
    let patches = [[0, 3, 5], [1, 2, 9]]
    let batch = WorldBatch(
      contexts: [.init(images: images, visible: patches), .init(images: images, visible: nil)],
      targets: [images],
      supervisions: [
        .init(name: "z11", context: 0, target: 0, patches: patches, latents: []),
        // Places of mask tokens are the host's work: what moves them must not be read back.
        .init(
          name: "z21", context: 1, target: 0, patches: patches,
          latents: [(OffsetLatent.name, Tensor([0.5, 0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0], shape: [2, 6]))]),
      ])
    for batches in [[batch], [batch, batch]] {
      let before = device.downloads
      let report = try optimization.step(batches, learningRate: 1e-3, emaDecay: 0.9)
      #expect(device.downloads == before + 1)
      #expect(report.loss > 0 && report.gradientNorm > 0 && report.terms.count == 2)
    }
  }
}
