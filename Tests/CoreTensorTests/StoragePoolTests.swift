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
      #expect(first.peakBytesInUse > before.peakBytesInUse, "the first step took no memory")
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
      let place = tensor?.bytes
      let held = pool.statistics
      tensor = nil
      #expect(pool.statistics.bytesInUse == held.bytesInUse - StoragePool.blockSize(4000))
      // What fits gets the same memory; what does not, other.
      let again = Tensor(uninitialized: [999])
      #expect(again.bytes == place && pool.statistics.bytesInUse == held.bytesInUse)
      var large: Tensor? = Tensor(uninitialized: [300 << 20])
      large?.pointer[1] = 1
      large = nil
      #expect(pool.statistics.systemAllocations == held.systemAllocations + 1)
      pool.trim()
      #expect(pool.statistics.bytesHeld == held.bytesHeld, "\(pool.statistics)")
      pool.resetPeak()
      #expect(pool.statistics.peakBytesInUse == pool.statistics.bytesInUse)
      again.pointer[998] = 1
    }
  }

  @Test func neighboursJoin() async {
    await #expect(processExitsWith: .success) {
      let pool = StoragePool.shared
      // Thirds of a segment of their own, given back in every order, serve as one again.
      for order in [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]] {
        var parts: [Storage?] = (0..<3).map { _ in Storage(byteCount: 341 << 20) }
        let allocations = pool.statistics.systemAllocations
        for index in order { parts[index] = nil }
        for _ in 0..<2 { _ = Storage(byteCount: 512 << 20) }
        #expect(pool.statistics.systemAllocations == allocations, "order \(order)")
        #expect(pool.statistics.bytesInUse == 0)
      }
      pool.trim()
      #expect(pool.statistics.bytesHeld == 0)
    }
  }

  /// Blocks of random sizes, taken and given back at random, keep what was written to them.
  @Test func blocksNeverOverlap() async {
    await #expect(processExitsWith: .success) {
      var random = RandomStream(seed: 1, stream: "pool")
      var held: [(Storage, Int, UInt8)] = []
      for turn in 0..<4000 {
        if held.count > 60 || (held.count > 0 && random.chance(0.4)) {
          let (storage, size, mark) = held.remove(at: random.integer(in: 0...held.count - 1))
          let bytes = UnsafeRawBufferPointer(start: storage.pointer, count: size)
          #expect(bytes.first == mark && bytes.last == mark && bytes.allSatisfy { $0 == mark })
        } else {
          let size = 1 << random.integer(in: 0...19) + random.integer(in: 0...200)
          let storage = Storage(byteCount: size)
          let mark = UInt8(truncatingIfNeeded: turn)
          UnsafeMutableRawBufferPointer(start: storage.pointer, count: size).initializeMemory(
            as: UInt8.self, repeating: mark)
          held.append((storage, size, mark))
        }
      }
      held.removeAll()
      #expect(StoragePool.shared.statistics.bytesInUse == 0)
    }
  }

  @Test(arguments: [1, 64, 65, 1000, 600_000])
  func blocksAreAligned(count: Int) {
    let tensor = Tensor(uninitialized: [count])
    #expect(Int(bitPattern: tensor.bytes) % 64 == 0)
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
