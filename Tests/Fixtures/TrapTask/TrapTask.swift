import CoreTensor
import Foundation
import Layers
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "trap", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(TrapTask.definition)
  }
}

/// Traps at step 6, on a loader thread or in a backward pass, as long as a file of that name lies in the working
/// directory.
struct TrapTask: WorldTask, TaskPlan {
  static let definition = TaskDefinition(
    name: "trap", summary: "trap when told to", options: [], make: { _, _ in TrapTask() })

  let name = "trap"
  let requiredViews = 1
  var step = 0

  func makeObjective(random: inout RandomStream) -> (any Objective)? { TrapObjective() }
  func plan(batch: BatchScope) -> any TaskPlan { TrapTask(step: batch.step) }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(step: step) }

  static func trap(_ name: String, step: Int) {
    precondition(step < 6 || access(name, F_OK) != 0, "the file \(name) says so")
  }

  private struct Draw: TaskDraw {
    let step: Int
    func editPixels(of context: inout any Context) { TrapTask.trap("trap-in-edit", step: step) }
    var numbers: [Float] { [Float(step)] }
  }
}

final class TrapObjective: Objective {
  func callAsFunction(_ scene: ObjectiveScene) -> [ObjectiveTerm] {
    let features = scene.contexts[0].features
    let step = Int(scene.numbers!.values[0])
    let sum = record("trap", [features], Tensor([features.values.reduce(0, +)], shape: [1])) { upstream in
      TrapTask.trap("trap-in-backward", step: step)
      features.node?.receive(Tensor(features.shape, repeating: upstream.scalar))
    }
    return [ObjectiveTerm("sum", sum, weight: 1e-3)]
  }

  func visit(_ visitor: inout ParameterVisitor) {}
}
