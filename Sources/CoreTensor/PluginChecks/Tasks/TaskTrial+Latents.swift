import CoreTensor
import Imaging
import NeuralNetworks
import WorldModel

// MARK: - Frames, numbers of patches, and latents by themselves

extension TaskTrial {
  /// Assembly itself refuses frames that lie outside; radiographs of several proportions are tried, small ones too.
  func frames() throws {
    for compatibility in Compatibility.allCases {
      let tasks = try tasks([], compatibility)
      for (height, width) in [(50, 60), (61, 37), (24, 90), (9, 9)] {
        for step in 0..<3 {
          let (first, second) = (plan(tasks, step: step)[0], plan(tasks, step: step)[0])
          func frames(_ plan: BatchPlan, _ index: Int) throws -> [Frame] {
            let radiograph = Self.radiograph(index).resized(to: (height, width))
            return try plan.sample(radiograph, index: index).targets.map(\.frame)
          }
          let forward = try (0..<Self.batch).map { try frames(first, $0) }
          let backward = try (0..<Self.batch).reversed().map { try frames(second, $0) }
          guard let odd = zip(forward, backward.reversed()).enumerated().first(where: { $1.0 != $1.1 }) else {
            continue
          }
          throw Broken(
            "task \"\(definition.name)\", proposeFrames: sample \(odd.offset) of step \(step), of a radiograph of \(height) × "
              + "\(width) pixels, has other frames when samples are made in another order; draw from "
              + "scope.random(…) alone, and keep nothing between draws")
        }
      }
    }
  }

  /// Assembly itself refuses another count of rows; the rows must be as wide as the latent says, in every sample.
  func patchNumbers() throws {
    for compatibility in Compatibility.allCases {
      let tasks = try tasks([], compatibility)
      let widths = tasks.model(shape, seed: Self.seed).latents.map { ($0.name, $0.patchWidth) }
      for step in 0..<4 {
        let plan = plan(tasks, step: step)[0]
        for index in 0..<Self.batch {
          let sample = try plan.sample(Self.radiograph(index + step * Self.batch), index: index)
          for value in sample.latents.joined() {
            guard let width = widths.first(where: { $0.0 == value.latent })?.1 else { continue }
            let found = value.patchNumbers?.first?.count ?? 0
            if found != width {
              throw AssemblyError.patchWidth(value.latent, expected: width, found: found)
            }
          }
        }
      }
    }
  }

  func latents() throws {
    let tasks = try tasks()
    let model = tasks.model(shape, seed: Self.seed)
    let predictions = try (0..<4).flatMap { step in
      let batch = try batch(tasks, step: step)
      try model.check(batch)
      return batch.supervisions
    }
    var names: Set<String> = []
    for latent in model.latents {
      guard names.insert(latent.name).inserted else {
        throw Broken("two latents are called \"\(latent.name)\"")
      }
      guard let drawn = predictions.first(where: { $0.latentNames.contains(latent.name) }) else {
        throw Broken(
          "latent \"\(latent.name)\" is attached to no prediction; return its numbers from latents(context:target:views:)"
        )
      }
      for (rows, count) in [(1, 1), (2, 3), (Self.batch, 17)] {
        let told = told(latent, drawn, rows: rows, count: count)
        try expectTokens(latent, told)
        for place in [GridPlace(row: 0, column: 0), GridPlace(row: 7.5, column: -2)] {
          let moved = latent.move(place, of: told.patch(sample: 0, token: 0, of: latent))
          guard moved.row.isFinite, moved.column.isFinite else {
            throw Broken("latent \"\(latent.name)\" moves \(place) to \(moved)")
          }
        }
      }
    }
  }

  /// What a prediction tells of as many samples, of the first patches and, where there are fewer, of these again.
  private func told(
    _ latent: any Latent, _ prediction: WorldBatch.SupervisedPatches, rows: Int, count: Int
  ) -> LatentTokens {
    let tokens = prediction.patches[0].count
    let chosen = Array(repeating: (0..<count).map { $0 % tokens }, count: rows)
    func first(_ numbers: [(name: String, numbers: Tensor)]) -> Tensor? {
      numbers.first { $0.name == latent.name }.map { slice($0.numbers, 0..<rows) }
    }
    return LatentTokens(
      numbers: first(prediction.latents),
      patchNumbers: first(prediction.patchLatents).map { gatherTokens($0, chosen) },
      patches: (0..<rows).map { row in chosen[row].map { prediction.patches[row][$0] } },
      places: chosen.map { $0.map { GridPlace(row: Double($0) / 2, column: 7 - Double($0)) } },
      gridSize: shape.encoder.gridSize)
  }

  private func expectTokens(_ latent: any Latent, _ told: LatentTokens) throws {
    let tokens = Self.noise([told.patches.count, told.patches[0].count, shape.predictor.width])
    let conditioned = latent.condition(tokens, told: told)
    guard conditioned.shape == tokens.shape, conditioned.values.allSatisfy(\.isFinite) else {
      throw Broken(
        "latent \"\(latent.name)\" makes \(conditioned.shape) of tokens \(tokens.shape), expected that shape and "
          + "finite values")
    }
  }
}
