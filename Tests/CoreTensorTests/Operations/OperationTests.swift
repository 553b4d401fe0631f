import CoreTensor
import TestSupport
import Testing

/// Every operation against the formula, against finite differences, and against itself on other threads.
@Suite struct OperationTests {
  @Test(arguments: OperationCase.small + OperationCase.large)
  func agreesWithTheReference(operation: OperationCase) {
    let actual = operation.results()
    let expected = Compute.$backend.withValue(ReferenceBackend()) { operation.results() }
    #expect(actual.count == expected.count)
    for (index, (a, e)) in zip(actual, expected).enumerated() {
      let difference = relativeDifference(a, e)
      let what = index == 0 ? "output" : "gradient of input \(index - 1)"
      #expect(difference < 5e-6, "\(what) \(a.shape) is apart from \(e.shape) by \(difference)")
    }
  }

  @Test(arguments: OperationCase.small + OperationCase.large)
  func agreesWithTheReferenceInBFloat16(operation: OperationCase) {
    let actual = Compute.$backend.withValue(CPUBackend(.bfloat16)) { operation.results() }
    let expected = Compute.$backend.withValue(ReferenceBackend(.bfloat16)) { operation.results() }
    let exact = Compute.$backend.withValue(ReferenceBackend()) { operation.results() }
    for index in exact.indices {
      // Both round, each at places of its own; together they lie as far from the exact result as rounding explains.
      let (difference, error) = (
        relativeDifference(actual[index], expected[index]), relativeDifference(actual[index], exact[index])
      )
      #expect(
        difference < 3e-2 && error < 5e-2, "result \(index): \(difference), from the exact one \(error)")
    }
  }

  /// What a new backend begins with is right at once.
  @Test(arguments: OperationCase.small)
  func defaultsAgreeWithTheReference(operation: OperationCase) {
    for type in ElementType.allCases {
      let actual = Compute.$backend.withValue(PrimitivesBackend(type)) { operation.results() }
      let expected = Compute.$backend.withValue(ReferenceBackend(type)) { operation.results() }
      for (index, (a, e)) in zip(actual, expected).enumerated() {
        let difference = relativeDifference(a, e)
        #expect(difference < (type == .float32 ? 5e-6 : 3e-2), "result \(index), \(type): \(difference)")
      }
    }
  }

  @Test(arguments: OperationCase.small)
  func gradientIsTheGradient(operation: OperationCase) {
    let report = checkGradient(inputs: operation.inputs, operation.function)
    #expect(report.passes, "\(report)")
  }

  /// The oracle itself has the right gradients, and the check sees wrong ones.
  @Test(arguments: OperationCase.small)
  func gradientOfTheReferenceIsTheGradient(operation: OperationCase) {
    Compute.$backend.withValue(ReferenceBackend()) {
      let report = checkGradient(inputs: operation.inputs, operation.function)
      #expect(report.passes, "\(report)")
    }
  }

  @Test func theGradientCheckSeesAWrongGradient() {
    // A detached target gets no gradient, though the output depends on it.
    let inputs = OperationCase("wrong", [[2, 3], [2, 3]]) { meanSquaredError($0[0], $0[1]) }.inputs
    let wrong = checkGradient(inputs: inputs) { meanSquaredError($0[0], $0[1].detached) }
    #expect(!wrong.passes && wrong.worst > 0.1)
    let detached = checkGradient(inputs: [inputs[0]]) { $0[0] + gelu($0[0].detached) }
    #expect(!detached.passes && detached.worst > 0.1)
    #expect(!checkGradient(inputs: [], { _ in Parameter(inputs[0]).tensor }).passes)
  }

  /// In a process of its own, since the number of threads belongs to the process.
  @Test func resultsDoNotDependOnTheNumberOfThreads() async {
    await #expect(processExitsWith: .success) {
      let cases = OperationCase.small + OperationCase.large
      func bits(threads: Int) -> [[[UInt32]]] {
        Compute.threads = threads
        return cases.map { $0.results().map { $0.values.map(\.bitPattern) } }
      }
      let alone = bits(threads: 1)
      #expect(Compute.threads == 1 && alone.count == cases.count)
      for threads in [2, 3, 2] {
        let together = bits(threads: threads)
        for (operation, (a, b)) in zip(cases, zip(alone, together)) {
          #expect(a == b, "\(operation.name) differs on \(threads) threads")
        }
      }
    }
  }

  @Test func repeatedRowsAndPatchesByHand() {
    let x = Parameter(Tensor([1, 2, 3, 4], shape: [2, 2])).tensor
    let repeated = repeatRows(x, 2)
    #expect(repeated.shape == [2, 2, 2] && repeated.values == [1, 2, 1, 2, 3, 4, 3, 4])
    // 4 × 4 pixels 0..<16 in patches of 2: patch 3 is the lower right, patch 1 the upper right.
    let image = Parameter(Tensor((0..<16).map(Float.init), shape: [1, 1, 4, 4])).tensor
    let patches = extractPatches(image, patches: [[3, 1]], patchSize: 2)
    #expect(patches.shape == [1, 2, 4] && patches.values == [10, 11, 14, 15, 2, 3, 6, 7])
  }
}
