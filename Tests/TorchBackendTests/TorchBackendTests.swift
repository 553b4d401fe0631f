import CoreTensor
import PluginChecks
import Testing
import WorldModel

@testable import TorchBackend
@testable import TorchBoundary

private let isThere = (try? TorchLibrary.shared()) != nil

/// The backend beside the processor's. Without the library of `make torch` there is nothing to test.
@Suite(.serialized, .enabled(if: isThere, "make torch builds what these need"))
struct TorchBackendTests {
  private func backend(_ type: ElementType = .float32, fused: Bool = true) throws -> TorchBackend {
    TorchBackend(try TorchDevice.at("cpu"), type, fusesAttention: fused)
  }

  @Test func keepsEveryPromise() {
    #expect(checkBackend(TorchBackend.definition).filter { !$0.isKept } == [])
  }

  @Test func keepsEveryPromiseWithAttentionAsProducts() {
    #expect(
      checkBackend(TorchBackend.definition, options: ["attention": .text("products")]).filter { !$0.isKept }
        == [])
  }

  private func numbers(_ shape: [Int], _ stream: String) -> [Float] {
    var random = RandomStream(seed: 3, stream: stream)
    return (0..<shape.reduce(1, *)).map { _ in Float(random.normal()) }
  }

  /// Kernels of attention meet other sizes than heads of 64: few tokens, many, and none that divide anything.
  @Test(arguments: [(2, 5, 5, 2, 4), (1, 61, 196, 3, 64), (3, 33, 7, 1, 12)])
  func fusedAttentionIsAttention(batch: Int, queries: Int, keys: Int, heads: Int, width: Int) throws {
    func results(_ backend: any Backend) -> [[Float]] {
      let device = backend.device
      func random(_ shape: [Int], _ stream: String) -> Tensor {
        Tensor(numbers(shape, stream), shape: shape, on: device)
      }
      let model = heads * width
      let operands = AttentionOperands(
        queries: random([batch, queries, model], "q"), keysValues: random([batch, keys, 2 * model], "kv"),
        heads: heads)
      let (out, sums) = (backend.empty([batch, queries, model]), backend.empty([batch, heads, queries]))
      backend.attention(operands, into: out, logSums: sums)
      let gradients = AttentionOperands(
        queries: backend.empty([batch, queries, model]), keysValues: backend.empty([batch, keys, 2 * model]),
        heads: heads)
      backend.attentionGradient(
        operands, out: out, logSums: sums, outputGradient: random([batch, queries, model], "up"),
        into: gradients)
      return [out, sums, gradients.queries, gradients.keysValues].map(\.values)
    }
    let expected = results(CPUDevice.shared.backend)
    for fused in [true, false] {
      for (found, right) in zip(results(try backend(fused: fused)), expected) {
        #expect(zip(found, right).allSatisfy { abs($0 - $1) < 1e-4 })
      }
    }
  }

  /// Sums of products are float32 whatever is multiplied, so that bfloat16 leads astray by its rounding alone.
  @Test func productsOfBFloat16() throws {
    let (backend, exact) = (try backend(.bfloat16), CPUBackend(.float32))
    let (x, weight) = (numbers([37, 65], "x"), numbers([21, 65], "weight"))
    func results(_ backend: any Backend) -> [[Float]] {
      let (x, weight) = (
        Tensor(x, shape: [37, 65], on: backend.device), Tensor(weight, shape: [21, 65], on: backend.device)
      )
      let (forward, back) = (backend.empty([37, 21]), backend.empty([37, 65]))
      backend.product(x, weight, .forward, into: forward, then: .none)
      backend.product(forward, weight, .backward, into: back, then: .none)
      let gradient = Tensor([21, 65], repeating: 1, on: backend.device)
      backend.weightGradient(forward, x, into: gradient, accumulate: true)
      return [forward, back, gradient].map(\.values)
    }
    for (found, right) in zip(results(backend), results(exact)) {
      let largest = right.map(abs).max()!
      #expect(zip(found, right).allSatisfy { abs($0 - $1) < 2e-2 * largest })
    }
  }

  /// The factor of clipping, decay, moments and averages as the processor has them, in groups of several rates.
  @Test(arguments: [Float(1), 0])
  func updatesAsTheProcessor(isFinite: Float) throws {
    func results(_ backend: any Backend) -> [[Float]] {
      let updates = (0..<4).map { index in
        func random(_ name: String) -> Tensor {
          let values = numbers([7, 5], "\(name) \(index)").map { name == "second" ? abs($0) : $0 }
          return Tensor(values, shape: [7, 5], on: backend.device)
        }
        return ParameterUpdate(
          parameter: random("parameter"), gradient: index == 2 ? nil : random("gradient"),
          first: random("first"), second: random("second"), average: index == 1 ? nil : random("average"),
          learningRate: index == 0 ? 1e-2 : 1e-3, weightDecay: index == 3 ? 0.05 : 0)
      }
      let step = AdamWStep(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, count: 3, averageDecay: 0.9)
      backend.adamW(
        updates, step, scale: Tensor([2, 0.25, isFinite], shape: [3], on: backend.device))
      return updates.flatMap { [$0.parameter, $0.first, $0.second, $0.average].compactMap(\.?.values) }
    }
    for (found, right) in zip(results(try backend()), results(CPUDevice.shared.backend)) {
      #expect(zip(found, right).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  /// What libtorch refuses becomes a sentence that names the device.
  @Test func anErrorOfLibtorchIsASentence() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let device = try TorchDevice.at("cpu")
      let x = Tensor([1, 2, 3], shape: [3], on: device)
      device.backend.gatherRows(
        Tensor([1, 2, 3, 4], shape: [2, 2], on: device), [5], into: Tensor.zeros([1, 2], on: device))
      print(x.values)
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("torch:cpu") && text.contains("index"))
  }
}
