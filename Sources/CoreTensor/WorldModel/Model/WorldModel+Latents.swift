import CoreTensor

// MARK: - Mask tokens: where they lie, and what latents make of them

extension WorldModel {
  /// Checks what was attached to a prediction against the model's latents.
  /// - Throws: `AssemblyError` where a latent is none of the model's, or takes another count of numbers.
  func checkLatents(_ supervision: WorldBatch.SupervisedPatches) throws {
    for name in supervision.latentNames {
      guard let latent = latents.first(where: { $0.name == name }) else {
        throw AssemblyError.unknownLatent(name, known: latents.map(\.name))
      }
      let width = supervision.latents.first { $0.name == name }?.numbers.shape.last ?? 0
      guard width == latent.width else {
        throw AssemblyError.latentWidth(name, expected: latent.width, found: width)
      }
      let patchWidth = supervision.patchLatents.first { $0.name == name }?.numbers.shape.last ?? 0
      guard patchWidth == latent.patchWidth else {
        throw AssemblyError.patchWidth(name, expected: latent.patchWidth, found: patchWidth)
      }
    }
  }

  /// Where the predictor is told that each predicted patch lies on the context's grid: its own place on the target's,
  /// moved by each latent that the prediction carries.
  /// - Returns: B rows of T places, in the order of `supervision.patches`.
  /// - Throws: `TaskFault` where a latent gives a place that is no number.
  public func places(of supervision: WorldBatch.SupervisedPatches) throws -> [[GridPlace]] {
    let grid = shape.encoder.gridSize
    let movers = latents.enumerated().compactMap { index, latent in
      Mover(latent, supervision, code: code(ofLatent: index, "move"))
    }
    return try supervision.patches.enumerated().map { sample, patches in
      try patches.enumerated().map { token, patch in
        try movers.reduce(GridPlace(row: Double(patch / grid), column: Double(patch % grid))) {
          try $1.moved($0, patch, sample: sample, token: token, gridSize: grid)
        }
      }
    }
  }

  /// What stands below a prediction on the batch sheet of what one latent was told, as the latent itself says it.
  /// - Parameter value: of a latent; of one that is none of the model's, its numbers plainly.
  public func caption(of value: LatentValue) -> String? {
    guard let index = latents.firstIndex(where: { $0.name == value.latent }) else {
      return value.plainCaption
    }
    return code(ofLatent: index, "caption").run { latents[index].caption(of: value) }
  }

  /// Mask tokens of several predictions, `(ΣB, T, dp)`: places moved, encoded, then conditioned by each latent on
  /// the predictions that carry it.
  func conditionedTokens(_ supervisions: [WorldBatch.SupervisedPatches]) throws -> Tensor {
    let places = try supervisions.map(places)
    var tokens = predictor.maskTokens(at: places.flatMap { $0 })
    for (index, latent) in latents.enumerated() {
      let told = zip(supervisions, places).map { self.told($0, latent, $1) }
      if told.allSatisfy({ $0 != nil }) {
        tokens = try condition(tokens, index, Self.joined(told.compactMap { $0 }))
      } else if told.contains(where: { $0 != nil }) {
        let parts = split(tokens, supervisions[0].patches.count)
        tokens = concatenate(
          try zip(parts, told).map { part, own in try own.map { try condition(part, index, $0) } ?? part })
      }
    }
    return tokens
  }

  /// What a prediction tells a latent; nil where it does not carry it.
  private func told(
    _ supervision: WorldBatch.SupervisedPatches, _ latent: any Latent, _ places: [[GridPlace]]
  ) -> LatentTokens? {
    let numbers = supervision.latents.first { $0.name == latent.name }?.numbers
    let patchNumbers = supervision.patchLatents.first { $0.name == latent.name }?.numbers
    guard numbers != nil || patchNumbers != nil else { return nil }
    return LatentTokens(
      numbers: numbers, patchNumbers: patchNumbers, patches: supervision.patches, places: places,
      gridSize: shape.encoder.gridSize)
  }

  private static func joined(_ parts: [LatentTokens]) -> LatentTokens {
    LatentTokens(
      numbers: parts[0].numbers == nil ? nil : concatenate(parts.compactMap(\.numbers)),
      patchNumbers: parts[0].patchNumbers == nil ? nil : concatenate(parts.compactMap(\.patchNumbers)),
      patches: parts.flatMap(\.patches), places: parts.flatMap(\.places), gridSize: parts[0].gridSize)
  }

  private func condition(_ tokens: Tensor, _ index: Int, _ told: LatentTokens) throws -> Tensor {
    let code = code(ofLatent: index, "condition")
    let conditioned = code.run {
      Observation.within(latents[index].name) {
        let conditioned = latents[index].condition(tokens, told: told)
        Observation.check(conditioned, as: "tokens of latent \(latents[index].name)")
        return conditioned
      }
    }
    guard conditioned.shape == tokens.shape else {
      throw TaskFault.tokensReshaped(
        code: code.description, expected: tokens.shape, found: conditioned.shape)
    }
    return conditioned
  }

  private func code(ofLatent index: Int, _ part: String) -> PluginCode {
    Self.code(of: latents[index], at: index, latentTasks, part)
  }

  /// A latent with what it was told of each sample and each predicted patch.
  private struct Mover {
    let latent: any Latent
    let numbers: [Float]
    let patchNumbers: [Float]
    let tokens: Int
    let code: PluginCode

    init?(_ latent: any Latent, _ supervision: WorldBatch.SupervisedPatches, code: PluginCode) {
      guard supervision.latentNames.contains(latent.name) else { return nil }
      (self.latent, self.code) = (latent, code)
      numbers = supervision.values(of: latent.name) ?? []
      patchNumbers = supervision.patchValues(of: latent.name) ?? []
      tokens = supervision.patches.first?.count ?? 0
    }

    func moved(
      _ place: GridPlace, _ patch: Int, sample: Int, token: Int, gridSize: Int
    ) throws -> GridPlace {
      let row = sample * tokens + token
      let told = LatentPatch(
        patch: patch, numbers: Self.row(sample, of: numbers, latent.width),
        patchNumbers: Self.row(row, of: patchNumbers, latent.patchWidth), gridSize: gridSize)
      let moved = code.run { latent.move(place, of: told) }
      guard moved.row.isFinite, moved.column.isFinite else {
        throw TaskFault.placeNotFinite(
          code: code.description, place: place, moved: moved,
          numbers: Array(told.numbers) + Array(told.patchNumbers), sample: sample)
      }
      return moved
    }

    private static func row(_ index: Int, of values: [Float], _ width: Int) -> ArraySlice<Float> {
      values[index * width..<(index + 1) * width]
    }
  }
}
