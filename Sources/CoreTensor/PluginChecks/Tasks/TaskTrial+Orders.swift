import CoreTensor
import NeuralNetworks
import WorldModel

// MARK: - Latents of several tasks

extension TaskTrial {
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
      for prediction in batch.supervisions {
        let places = try model.places(of: prediction)
        let carried = zip(model.latents, model.latentTasks).compactMap { latent, task in
          Carried(latent, of: task, prediction, places, gridSize: shape.encoder.gridSize)
        }
        for first in carried where first.task == definition.name {
          for second in carried where second.task == other.name { try commute(first, second, prediction) }
        }
      }
    }
  }

  /// A latent with what a prediction tells it.
  private struct Carried {
    let latent: any Latent
    let task: String
    let told: LatentTokens
    var name: String { "latent \"\(latent.name)\" of task \"\(task)\"" }

    init?(
      _ latent: any Latent, of task: String, _ prediction: WorldBatch.SupervisedPatches,
      _ places: [[GridPlace]],
      gridSize: Int
    ) {
      guard prediction.latentNames.contains(latent.name) else { return nil }
      (self.latent, self.task) = (latent, task)
      told = LatentTokens(
        numbers: prediction.latents.first { $0.name == latent.name }?.numbers,
        patchNumbers: prediction.patchLatents.first { $0.name == latent.name }?.numbers,
        patches: prediction.patches, places: places, gridSize: gridSize)
    }

    func moved(_ place: GridPlace, sample: Int, token: Int) -> GridPlace {
      latent.move(place, of: told.patch(sample: sample, token: token, of: latent))
    }
  }

  private func commute(_ first: Carried, _ second: Carried, _ prediction: WorldBatch.SupervisedPatches) throws
  {
    let names = "\(first.name) and \(second.name)"
    let remedy =
      "give one of the tasks another `order`, so that it acts first, or last, wherever it stands in plugins.toml"
    for sample in 0..<Self.batch {
      for (token, place) in [(0, 0), (7, 2), (3, 5)].enumerated() {
        let place = GridPlace(row: Double(place.0), column: Double(place.1))
        func moved(_ a: Carried, _ b: Carried) -> GridPlace {
          let token = token % prediction.patches[sample].count
          return b.moved(a.moved(place, sample: sample, token: token), sample: sample, token: token)
        }
        let (one, other) = (moved(first, second), moved(second, first))
        guard abs(one.row - other.row) + abs(one.column - other.column) > 1e-4 else { continue }
        throw Broken(
          "\(names) move row \(place.row), column \(place.column) to row \(one.row), column \(one.column), and in the "
            + "other order to row \(other.row), column \(other.column); \(remedy)")
      }
    }
    let tokens = Self.noise([Self.batch, prediction.patches[0].count, shape.predictor.width])
    func conditioned(_ tokens: Tensor, _ own: Carried) -> Tensor {
      own.latent.condition(tokens, told: own.told)
    }
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
      parameter.tensor.values.map { $0 + Float(0.3 * random.normal()) }.withUnsafeBufferPointer(
        parameter.assign)
    }
  }
}

extension LatentTokens {
  /// What one token's patch is told.
  func patch(sample: Int, token: Int, of latent: any Latent) -> LatentPatch {
    func row(_ index: Int, of numbers: Tensor?, _ width: Int) -> ArraySlice<Float> {
      (numbers?.values ?? [])[index * width..<(index + 1) * width]
    }
    return LatentPatch(
      patch: patches[sample][token], numbers: row(sample, of: numbers, latent.width),
      patchNumbers: row(sample * patches[sample].count + token, of: patchNumbers, latent.patchWidth),
      gridSize: gridSize)
  }
}
