import TestSupport
import Testing

@testable import CoreTensor

/// The pool is the process's own, so what it counts is looked at in processes of their own.
@Suite struct StoragePoolTests {
  /// One training step with every kind of gradient.
  static func step(_ parameters: [Parameter]) {
    let x = OperationCase.fixed([2, 70, 48])
    let projected = linear(x, weight: parameters[0].tensor, bias: parameters[1].tensor)
    let mixed = attention(projected, heads: 4) + x
    let normal = layerNorm(mixed, weight: nil, bias: nil, epsilon: 1e-5)
    meanSquaredError(gelu(gatherTokens(normal, [[0, 3], [5, 1]])), Tensor.zeros([2, 2, 48])).backward()
    #expect(parameters[0].gradient != nil, "no gradient")
    for parameter in parameters { parameter.clearGradient() }
  }
  static func parameters() -> [Parameter] {
    [Parameter(OperationCase.fixed([144, 48])), Parameter(OperationCase.fixed([144]))]
  }

  @Test func theSecondStepAllocatesNothing() async {
    await #expect(processExitsWith: .success) {
      Compute.threads = 1
      let pool = StoragePool.shared
      let parameters = StoragePoolTests.parameters()
      let before = pool.statistics
      StoragePoolTests.step(parameters)
      let first = pool.statistics
      #expect(first.systemAllocations > before.systemAllocations, "the first step allocated nothing")
      for _ in 0..<3 { StoragePoolTests.step(parameters) }
      #expect(pool.statistics == first, "first \(first), later \(pool.statistics)")
      #expect(first.bytesInUse == before.bytesInUse, "a step kept memory")
      #expect(first.peakBytesInUse > first.bytesInUse && first.bytesHeld >= first.peakBytesInUse)
      withExtendedLifetime(parameters) {}
    }
  }

  @Test func blocksAreUsedAgainAndTrimmed() async {
    await #expect(processExitsWith: .success) {
      let pool = StoragePool.shared
      var tensor: Tensor? = Tensor(uninitialized: [1000])
      let place = tensor?.pointer
      let held = pool.statistics
      tensor = nil
      #expect(pool.statistics.bytesInUse == held.bytesInUse - StoragePool.sizeClass(1000) * 4)
      // A size of the same class gets the same block; another size does not.
      let again = Tensor(uninitialized: [999])
      #expect(again.pointer == place && pool.statistics == held)
      _ = Tensor(uninitialized: [5000])
      #expect(pool.statistics.systemAllocations == held.systemAllocations + 1)
      pool.trim()
      #expect(pool.statistics.bytesHeld == pool.statistics.bytesInUse, "\(pool.statistics)")
      pool.resetPeak()
      #expect(pool.statistics.peakBytesInUse == pool.statistics.bytesInUse)
      again.pointer[998] = 1
    }
  }

  @Test func sizeClassesFitAndWasteLittle() {
    for count in Array(0...5000) + [65_535, 65_537, 1_000_000, 1 << 30] {
      let size = StoragePool.sizeClass(count)
      #expect(size >= count && size >= 64)
      if count > 64 { #expect(Double(size) <= 1.25 * Double(count), "\(count) gets \(size)") }
      #expect(StoragePool.sizeClass(size) == size)
    }
  }

  @Test(arguments: [1, 64, 65, 1000, 600_000])
  func blocksAreAligned(count: Int) {
    let tensor = Tensor(uninitialized: [count])
    let alignment = count * 4 >= 2 << 20 ? 2 << 20 : 64
    #expect(Int(bitPattern: tensor.pointer) % alignment == 0)
    tensor.pointer[count - 1] = 3
    #expect(tensor.values.last == 3)
  }

  @Test func tensorsInUseNeverShareABlock() {
    let tensors = (0..<200).map { Tensor([37], repeating: Float($0)) }
    #expect(Set(tensors.map { Int(bitPattern: $0.pointer) }).count == 200)
    #expect(
      tensors.enumerated().allSatisfy { index, tensor in tensor.values.allSatisfy { $0 == Float(index) } })
  }
}
