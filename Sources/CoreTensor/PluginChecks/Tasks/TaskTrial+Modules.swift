import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

// MARK: - What a task does to images, and what its modules promise

extension TaskTrial {
  /// Assembly itself refuses other sizes and what is no number.
  func edits() throws {
    for compatibility in Compatibility.allCases {
      let tasks = try tasks([], compatibility)
      for step in 0..<4 {
        for plan in plan(tasks, step: step) {
          for index in 0..<Self.batch {
            let sample = try plan.sample(Self.radiograph(index + step * Self.batch), index: index)
            for target in sample.targets {
              try expectGrey(target.pixels, after: "editTarget", view: target.view, sample: index)
            }
            for context in sample.contexts {
              try expectGrey(context.pixels, after: "editPixels", view: context.view, sample: index)
            }
          }
        }
      }
    }
  }

  private func expectGrey(_ image: GrayImage, after part: String, view: Int, sample: Int) throws {
    guard let odd = image.pixels.first(where: { !(0...1).contains($0) }) else { return }
    throw Broken(
      "task \"\(definition.name)\", \(part): view \(view) of sample \(sample) has a pixel of \(odd) afterwards, "
        + "expected values in [0, 1]; clip them")
  }

  /// A step refuses a parameter that gradients reach and no visitor was shown.
  func visits() throws {
    for chosen in [[]] + others.map({ [$0] }) {
      let tasks = try tasks(chosen)
      let optimization = optimization(tasks)
      for step in 0..<3 { _ = try self.step(optimization, batch(tasks, step: step)) }
    }
  }
}
