import CoreTensor
import Testing

/// Whoever watches learns which operation of which module went wrong first.
@Suite struct FiniteCheckTests {
  @Test func namesTheOperationAndItsModule() throws {
    let check = FiniteCheck()
    let x = Parameter(Tensor([1, 2, 0, 3], shape: [2, 2])).tensor
    let hostile = Tensor([0, 0, .infinity, 0], shape: [2, 2])
    Observation.watching(check) {
      _ = Observation.within("encoder") {
        let fine = Observation.within("patch_embed") { x * 2 }
        return Observation.within("blocks.3") {
          let sum = Observation.within("attn") { relu(fine) + hostile }
          return gelu(sum)
        }
      }
    }
    let finding = try #require(check.first)
    #expect(finding.operation == "add" && finding.scope == "encoder.blocks.3.attn")
    #expect(finding.phase == .forward && finding.shape == [2, 2])
    #expect(finding.position == 2 && finding.value == .infinity)
    #expect(check.checked == 3)
  }

  @Test func namesTheOperationThatAGradientReached() throws {
    let check = FiniteCheck()
    let x = Parameter(Tensor([0], shape: [1]))
    Observation.watching(check) {
      let inner = Observation.within("early") { relu(x.tensor * 1) }
      let scaled = Observation.within("late") { inner * 3e38 * 3e38 }
      scaled.backward()
    }
    let finding = try #require(check.first)
    #expect(finding.operation == "relu" && finding.scope == "early" && finding.phase == .backward)
    #expect(finding.value == .infinity && finding.position == 0)
  }

  @Test func findsNothingInAFiniteComputation() {
    let check = FiniteCheck()
    let x = Parameter(Tensor([1, 2], shape: [1, 2]))
    Observation.watching(check) { meanSquaredError(gelu(x.tensor), Tensor.zeros([1, 2])).backward() }
    #expect(check.first == nil)
    #expect(check.checked == 5)
  }

  @Test func namesThePluginWhoseCodeRan() throws {
    let code = PluginCode("task \"a\"", "objective")
    let (forward, backward) = (FiniteCheck(), FiniteCheck())
    let x = Parameter(Tensor([1, 0], shape: [2])).tensor
    Observation.watching(forward) {
      code.run { Observation.check(Tensor([.nan], shape: [1]), as: "term odd") }
    }
    #expect(forward.first?.code == code.description && forward.first?.operation == "term odd")
    Observation.watching(backward) {
      let odd = code.run {
        differentiable("odd", [x], Tensor([1], shape: [1])) { _ in
          x.node?.receive(Tensor([.nan, 0], shape: [2]))
        }
      }
      odd.backward()
    }
    #expect(backward.first?.code == code.description && backward.first?.phase == .backward)
  }

  @Test func nothingIsWatchedOutside() {
    let check = FiniteCheck()
    let broken = Parameter(Tensor([.nan], shape: [1])).tensor
    Observation.watching(check) {}
    _ = Observation.within("module") { broken * 2 }
    #expect(check.first == nil && check.checked == 0)
  }
}
