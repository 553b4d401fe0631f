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

  /// What the objectives of one part see, by their task, which alone is told its numbers.
  func input(
    _ part: WorldBatch.Part, _ batch: WorldBatch, _ wanted: [TargetPatches], _ targets: [Tensor?],
    _ contexts: [Tensor], _ predictions: [Tensor]
  ) -> (String) -> ObjectiveInput {
    let seen = part.contexts.enumerated().map { view, index in
      ObjectiveInput.Context(
        view: view, images: batch.contexts[index].images, visible: visibleRows(batch.contexts[index]),
        features: contexts[index])
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
      supervision, features in
      ObjectiveInput.Prediction(
        context: supervision.context - part.contexts.lowerBound,
        target: supervision.target - part.targets.lowerBound,
        patches: supervision.patches, features: features)
    }
    let geometry = shape.geometry
    return { task in
      ObjectiveInput(
        geometry: geometry, contexts: seen, targets: part.targets.map { batch.targets[$0] },
        targetFeatures: features, predictions: predicted, numbers: part.numbers[task])
    }
  }
}
