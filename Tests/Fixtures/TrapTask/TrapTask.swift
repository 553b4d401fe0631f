import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "trap", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(TrapTask.definition)
  }
}

/// Traps at step 6, on a loader thread, in an objective or in a backward pass, as long as a file of that name lies in
/// the working directory.
struct TrapTask: WorldTask, TaskPlan {
  static let definition = TaskDefinition(
    name: "trap", summary: "trap when told to", options: [], make: { _, _ in TrapTask() })

  let name = "trap"
  let requiredViews = 1
  var step = 0

  func makeObjective(random: inout RandomStream) -> (any Objective)? { TrapObjective() }
  func plan(batch: BatchScope) -> any TaskPlan { TrapTask(step: batch.step) }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(step: step) }

  static func isTrap(_ name: String, step: Int) -> Bool { step >= 6 && access(name, F_OK) == 0 }

  private struct Draw: TaskDraw {
    let step: Int
    func editPixels(of context: inout any Context) {
      precondition(!TrapTask.isTrap("trap-in-edit", step: step), "the file says so")
    }
    var numbers: [Float] { [Float(step)] }
  }
}

final class TrapObjective: Objective {
  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let features = input.contexts[0].features
    let step = Int(input.numbers!.values[0])
    if TrapTask.isTrap("trap-in-shapes", step: step) { _ = features + Tensor.zeros([3, 5]) }
    let sum = differentiable("trap", [features], Tensor([features.values.reduce(0, +)], shape: [1])) {
      outputGradient in
      // Beyond the end of an array of one value.
      let place = TrapTask.isTrap("trap-in-backward", step: step) ? step : 0
      let gradient = outputGradient.values[place]
      features.node?.receive(Tensor(features.shape, repeating: gradient))
    }
    return [ObjectiveTerm("sum", sum, weight: 1e-3)]
  }

  func visit(_ visitor: inout ParameterVisitor) {}
}
