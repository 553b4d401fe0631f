import CoreTensor
import Foundation
import TestSupport
import Testing

/// The pool of threads visits everything once.
@Suite struct ComputeTests {
  @Test(arguments: [0, 1, 2, 7, 1000])
  func everyChunkRunsOnce(count: Int) {
    let visits = Tensor.zeros([max(count, 1)])
    Compute.parallel(count) { visits.pointer[$0] += 1 }
    #expect(visits.values.prefix(count).allSatisfy { $0 == 1 })
    #expect(count > 0 || visits.values == [0])
  }

  @Test(arguments: [(10, 3), (9, 3), (1, 5), (0, 4), (5, 0)])
  func rangesCoverAllItems(count: Int, grain: Int) {
    let visits = Tensor.zeros([max(count, 1)])
    Compute.ranges(count, grain: grain) { range in
      for item in range { visits.pointer[item] += Float(range.count <= max(grain, 1) ? 1 : 100) }
    }
    #expect(visits.values.prefix(count).allSatisfy { $0 == 1 })
  }

  @Test(arguments: [(10, 4), (2, 6), (0, 2), (7, 7), (100, 8)])
  func partsAreAlike(count: Int, parts: Int) {
    let visits = Tensor.zeros([max(count, 1)])
    Compute.parts(count, into: parts) { range in
      #expect(!range.isEmpty && range.count - count / min(parts, count) <= 1)
      for item in range { visits.pointer[item] += 1 }
    }
    #expect(visits.values.prefix(count).allSatisfy { $0 == 1 })
  }

  @Test func nestedCallsFinish() {
    let visits = Tensor.zeros([64])
    Compute.parallel(8) { outer in Compute.parallel(8) { visits.pointer[outer * 8 + $0] += 1 } }
    #expect(visits.values.allSatisfy { $0 == 1 })
  }

  @Test func callersFromManyTasksDoNotDisturbEachOther() async {
    let sums = await withTaskGroup(of: Float.self) { group in
      for caller in 0..<16 {
        group.addTask {
          let x = Tensor([1100, 61], repeating: Float(caller))
          return (0..<5).reduce(0) { sum, _ in sum + (x + x).values.reduce(0, +) / Float(x.count) }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums.sorted() == (0..<16).map { Float($0) * 10 })
  }

  @Test func librariesNameThemselves() {
    #expect(
      Compute.libraryDescription.contains("OpenBLAS") && Compute.libraryDescription.contains("oneDNN 2"))
  }

  @Test func registersMultiplyAtSomeRate() {
    let rate = Compute.registerRate()
    #expect(rate > 1e8 && rate < 1e14)
  }

  /// A process whose environment names an instruction set uses that one, any other the best.
  @Test func theInstructionsOfTheEnvironmentAreUsed() {
    let named = ProcessInfo.processInfo.environment["CHEX_INSTRUCTIONS"].flatMap(
      InstructionSet.init(rawValue:))
    #expect(InstructionSet.current == named ?? InstructionSet.best)
    #expect(InstructionSet.executable.last == InstructionSet.best && InstructionSet.best.environment == [:])
    #expect(InstructionSet.allCases.map(\.rawValue) == ["portable", "avx2", "avx512", "avx512_bf16"])
  }
}
