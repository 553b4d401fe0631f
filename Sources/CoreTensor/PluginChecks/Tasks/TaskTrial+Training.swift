import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

extension TaskTrial {
  func reach() throws {
    let tasks = try tasks()
    let optimization = optimization(tasks)
    let owned = try owned(optimization.model)
    // Layers that begin at zero hold gradients back until they have moved.
    for step in 0..<3 { _ = try self.step(optimization, batch(tasks, step: step)) }
    for step in 3..<8 { _ = try optimization.accumulate(batch(tasks, step: step)) }
    let missing = owned.filter { parameter in
      parameter.gradient.map { $0.values.allSatisfy { $0 == 0 } } ?? true
    }
    guard missing.isEmpty else {
      throw Broken(
        "no gradient reaches \(missing.map(\.name).joined(separator: ", ")); use them in the loss, or do not visit them"
      )
    }
  }

  /// Along the gradient itself, for the task's own parameters and for all others.
  func finiteDifferences() throws {
    let tasks = try tasks()
    let optimization = optimization(tasks)
    for step in 0..<3 { _ = try self.step(optimization, batch(tasks, step: step)) }
    widen(optimization.model)
    let batch = try batch(tasks, step: 3)
    let own = Set(try owned(optimization.model).map(ObjectIdentifier.init))
    for isOwn in [true, false] {
      let parameters = optimization.model.trainable.filter { own.contains(ObjectIdentifier($0)) == isOwn }
      _ = try optimization.accumulate(batch)
      let moving = parameters.compactMap { parameter in parameter.gradient.map { (parameter, $0.values) } }
      let loss = Double(try optimization.model(batch, reduction: .mean).objective.scalar)
      optimization.optimizer.clearGradients()
      let norm = moving.reduce(0.0) { $0 + $1.1.reduce(0) { $0 + Double($1) * Double($1) } }.squareRoot()
      guard norm > 1e-6 else { continue }
      // So far that float32 sees the change of the loss, but the parameters change little.
      let size = moving.reduce(0.0) { $0 + $1.0.tensor.values.reduce(0) { $0 + Double($1) * Double($1) } }
        .squareRoot()
      let length = min(0.005 * max(abs(loss), 0.01) / norm, 0.01 * max(size, 0.1))
      func lossAt(_ distance: Double) throws -> Double {
        let saved = moving.map { $0.0.tensor.values }
        defer { for (own, values) in zip(moving, saved) { own.0.assign(values) } }
        for (parameter, gradient) in moving {
          let moved = zip(parameter.tensor.values, gradient).map { $0 + Float(distance / norm) * $1 }
          parameter.assign(moved)
        }
        return Double(try optimization.model(batch, reduction: .mean).objective.scalar)
      }
      func slope(_ length: Double) throws -> Double { (try lossAt(length) - lossAt(-length)) / (2 * length) }
      // Richardson's extrapolation takes the curvature out; a strongly curved loss needs shorter steps, which float32
      // blurs for a weakly curved one.
      let measured = try [1, 0.25, 0.06].map { part in
        (4 * (try slope(part * length / 2)) - (try slope(part * length))) / 3
      }
      guard measured.contains(where: { abs($0 - norm) <= 0.05 * norm }) else {
        let slopes = measured.map { String(format: "%.4g", $0) }.joined(separator: ", ")
        throw Broken(
          "along the gradient of \(isOwn ? "the task's own parameters" : "encoder and predictor") the loss rises by "
            + "\(slopes) a unit, by steps of three lengths; the gradient says \(String(format: "%.4g", norm)); look at "
            + "the backward step of operations that the task records itself")
      }
    }
  }

  /// Gives matrices the size that keeps signals alive: at their first, small one gradients drown in float32.
  private func widen(_ model: WorldModel) {
    for parameter in model.trainable where parameter.shape.count > 1 {
      let inputs = parameter.tensor.count / parameter.shape[0]
      let factor = 50 / Float(inputs).squareRoot()
      parameter.assign(parameter.tensor.values.map { $0 * factor })
    }
  }

  func subsets() throws {
    for mask in 0..<(1 << others.count) {
      let chosen = others.enumerated().filter { mask >> $0.offset & 1 == 1 }.map(\.element)
      for naive in chosen.isEmpty ? [false] : [false, true] {
        let name = (chosen.map(\.name) + [definition.name]).joined(separator: ", ") + (naive ? ", naive" : "")
        let first = try trained(chosen, steps: 2, naive: naive, name)
        guard try trained(chosen, steps: 2, naive: naive, name) == first else {
          throw Broken("two runs of two steps with tasks \(name) end with different weights")
        }
      }
    }
  }

  private func trained(
    _ others: [TaskDefinition], steps: Int, naive: Bool, _ name: String
  ) throws -> [[UInt32]] {
    let tasks = try tasks(others)
    let optimization = optimization(tasks)
    for step in 0..<steps {
      do { _ = try self.step(optimization, batch(tasks, step: step, naive: naive)) } catch {
        throw Broken("with tasks \(name): \(error)")
      }
    }
    return Self.bits(optimization)
  }

  /// Two steps, everything that a checkpoint holds moved to objects made anew, two more; against four at once.
  func resume() throws {
    let whole = try tasks()
    let once = optimization(whole)
    for step in 0..<4 { _ = try self.step(once, batch(whole, step: step)) }
    let (before, after) = (try tasks(), try tasks())
    let (first, second) = (optimization(before), optimization(after))
    for step in 0..<2 { _ = try self.step(first, batch(before, step: step)) }
    for (from, to) in zip(first.model.entries, second.model.entries) {
      to.parameter.assign(from.parameter.tensor)
    }
    for (from, to) in zip(first.optimizer.state, second.optimizer.state) {
      to.tensor.overwrite(with: from.tensor)
    }
    second.optimizer.updates = first.optimizer.updates
    for step in 2..<4 { _ = try self.step(second, batch(after, step: step)) }
    guard Self.bits(once) == Self.bits(second) else {
      throw Broken(
        "four steps at once and two after two end with different weights; a task's only memory may be its parameters"
      )
    }
  }

  private static func bits(_ optimization: Optimization) -> [[UInt32]] {
    optimization.model.entries.map { $0.parameter.tensor.values.map(\.bitPattern) }
  }
}
