import CoreTensor
import Layers
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
            let sample = try plan.sample(Self.film(index + step * Self.batch), index: index)
            for context in sample.contexts {
              guard let odd = context.pixels.pixels.first(where: { !(0...1).contains($0) }) else { continue }
              throw Broken(
                "task \"\(definition.name)\", editPixels: view \(context.view) of sample \(index) has a pixel of \(odd) "
                  + "afterwards, expected values in [0, 1]; clip them")
            }
          }
        }
      }
    }
  }

  /// A step refuses a parameter that gradients reach and no visitor was shown.
  func visits() throws {
    for chosen in [[]] + others.map({ [$0] }) {
      let tasks = try tasks(chosen)
      let optimization = optimization(tasks)
      for step in 0..<3 { _ = try self.step(optimization, batch(tasks, step: step)) }
    }
  }

  /// Where latents of two tasks of equal order act on one prediction, either may be the first.
  func orders() throws {
    for other in others {
      let tasks = try tasks([other])
      let order = Dictionary(uniqueKeysWithValues: tasks.tasks.map { ($0.name, $0.order) })
      guard order[other.name] == order[definition.name] else { continue }
      let model = tasks.model(shape, seed: Self.seed)
      shake(model)
      let batch = try batch(tasks, step: 0)
      try model.check(batch)
      let owners = zip(model.latents, model.latentTasks).map { Owned(latent: $0, task: $1) }
      for prediction in batch.predictions {
        let carried = owners.compactMap { owned in
          prediction.latents.first { $0.name == owned.latent.name }.map { (owned, $0.numbers) }
        }
        for first in carried where first.0.task == definition.name {
          for second in carried where second.0.task == other.name { try commute(first, second) }
        }
      }
    }
  }

  private struct Owned {
    let latent: any Latent
    let task: String
    var name: String { "latent \"\(latent.name)\" of task \"\(task)\"" }
  }

  private func commute(_ first: (Owned, Tensor), _ second: (Owned, Tensor)) throws {
    func moved(_ place: GridPlace, _ own: (Owned, Tensor), _ sample: Int) -> GridPlace {
      let width = own.0.latent.width
      return own.0.latent.move(
        place, numbers: own.1.values[sample * width..<(sample + 1) * width], gridSize: shape.encoder.gridSize)
    }
    let names = "\(first.0.name) and \(second.0.name)"
    let remedy =
      "give one of the tasks another `order`, so that it acts first, or last, wherever it stands in plugins.toml"
    for sample in 0..<Self.batch {
      for place in [GridPlace(row: 0, column: 0), GridPlace(row: 7, column: 2), GridPlace(row: 3, column: 5)]
      {
        let (one, other) = (
          moved(moved(place, first, sample), second, sample),
          moved(moved(place, second, sample), first, sample)
        )
        guard abs(one.row - other.row) + abs(one.column - other.column) > 1e-4 else { continue }
        throw Broken(
          "\(names) move row \(place.row), column \(place.column) to row \(one.row), column \(one.column), and in the "
            + "other order to row \(other.row), column \(other.column); \(remedy)")
      }
    }
    func conditioned(_ tokens: Tensor, _ own: (Owned, Tensor)) -> Tensor {
      own.0.latent.condition(tokens, numbers: own.1)
    }
    let tokens = Self.noise([Self.batch, 5, shape.predictor.width])
    let (one, other) = (conditioned(tokens, first), conditioned(tokens, second))
    let effect = min(Self.gap(one, tokens), Self.gap(other, tokens))
    let gap = Self.gap(conditioned(one, second), conditioned(other, first))
    guard gap > 1e-3 * effect + 1e-5 else { return }
    throw Broken(
      "\(names) change mask tokens; in the other order values of tokens differ by up to \(gap), where the lesser of "
        + "the changes is \(effect); \(remedy)")
  }

  /// Largest difference of values.
  private static func gap(_ a: Tensor, _ b: Tensor) -> Float {
    zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  /// Moves weights of latents away from where they begin: many begin at zero, and then nothing depends on order.
  private func shake(_ model: WorldModel) {
    var random = RandomStream(seed: Self.seed, stream: "shaken")
    for parameter in model.latents.flatMap(\.entries).map(\.parameter) where parameter.isTrainable {
      parameter.assign(parameter.tensor.values.map { $0 + Float(0.3 * random.normal()) })
    }
  }
}
