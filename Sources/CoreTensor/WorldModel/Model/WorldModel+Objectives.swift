import CoreTensor

// MARK: - What objectives see

extension WorldModel {
  /// Whether an objective of the part that a target belongs to looks at every patch of it.
  func isWhole(target: Int, _ batch: WorldBatch) -> Bool {
    batch.parts.contains { part in
      part.targets.contains(target)
        && objectives.contains { $0.objective.wantsTargetFeatures && part.tasks.contains($0.task) }
    }
  }

  /// The task whose mask token hidden patches of a context enter as, and the token; nil where there is none.
  /// - Throws: `AssemblyError.maskTokens` where several have one.
  func maskToken(context: Int, _ batch: WorldBatch) throws -> (task: String, token: Tensor)? {
    let found = batch.parts.filter { $0.contexts.contains(context) }.flatMap { part in
      objectives.compactMap { own in
        own.objective.maskToken.flatMap { part.tasks.contains(own.task) ? (own.task, $0.tensor) : nil }
      }
    }
    guard found.count <= 1 else { throw AssemblyError.maskTokens(tasks: found.map(\.0)) }
    return found.first.map { (task: $0.0, token: $0.1) }
  }

  /// Tasks of a batch whose objectives look at the predictor's tokens of visible patches.
  func tasksWantingContextTokens(_ batch: WorldBatch) -> [String] {
    objectives.filter { own in
      own.objective.wantsContextTokens && batch.parts.contains { $0.tasks.contains(own.task) }
    }.map(\.task)
  }

  /// What the objectives of one part see, by their task, which alone is told its numbers.
  func input(
    _ part: WorldBatch.Part, _ batch: WorldBatch, _ wanted: [TargetPatches], _ targets: [Tensor?],
    _ contexts: [EncodedContext], _ predictions: [Predicted]
  ) -> (String) -> ObjectiveInput {
    let seen = part.contexts.enumerated().map { view, index in
      ObjectiveInput.Context(
        view: view, images: batch.contexts[index].images, visible: visibleRows(batch.contexts[index]),
        features: contexts[index].features, hidden: contexts[index].hidden)
    }
    let features = part.targets.map { index in
      targets[index].map { features in
        ObjectiveInput.TargetFeatures(
          patches: wanted[index].rows
            ?? Array(repeating: Array(0..<shape.encoder.patchCount), count: features.shape[0]),
          features: features)
      }
    }
    let predicted = zip(batch.supervisions, predictions).filter { $0.0.group == part.group }.map {
      supervision, predicted in
      ObjectiveInput.Prediction(
        context: supervision.context - part.contexts.lowerBound,
        target: supervision.target - part.targets.lowerBound,
        patches: supervision.patches, features: predicted.features,
        contextTokens: predicted.contextTokens)
    }
    let geometry = shape.geometry
    return { task in
      ObjectiveInput(
        geometry: geometry, contexts: seen, targets: part.targets.map { batch.targets[$0] },
        targetFeatures: features, predictions: predicted, numbers: part.numbers[task])
    }
  }
}
