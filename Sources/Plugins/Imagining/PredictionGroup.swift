import CoreTensor
import Imaging
import WorldModel

/// Whether what is predicted is a part of the context's own view, or a view of another place.
package enum TargetKind: String, CaseIterable {
  case own = "hidden part of the view"
  case other = "another view"

  package init(_ supervision: WorldBatch.SupervisedPatches) {
    self = supervision.context == supervision.target ? .own : .other
  }
}

/// Radiographs as the run's tasks make contexts and targets of them.
package struct PredictionGroup {
  package let samples: [AssembledSample]
  package let batch: WorldBatch
  package let records: [RadiographRecord]
  package let geometry: ImageGeometry

  /// - Parameters:
  ///   - radiographs: as indices into the input's source.
  ///   - number: of the group, which its draws depend on.
  ///   - purpose: of the group, which its draws depend on too.
  /// - Returns: nil where fewer than two radiographs can be used, of which the user is told.
  /// - Throws: `ImagineError` where the tasks have no supervision; what tasks do that they promised not to.
  package init?(
    _ input: ModelEvaluationInput, _ radiographs: ArraySlice<Int>, number: Int, purpose: String = "imagine."
  ) throws {
    geometry = input.model.shape.geometry
    let plan = TaskAssembly(tasks: input.tasks, views: input.views).plan(
      BatchScope(
        seed: input.seed, step: number, batchSize: radiographs.count, geometry: geometry,
        purpose: purpose))
    var (samples, records): ([AssembledSample], [RadiographRecord]) = ([], [])
    for radiograph in radiographs {
      do {
        samples.append(
          try plan.sample(input.radiographs.radiograph(at: radiograph), index: samples.count))
        records.append(input.radiographs.records[radiograph])
      } catch let error as UnusableRadiograph {
        try input.workspace.warn("left out: \(error)")
      }
    }
    guard samples.count > 1 else { return nil }
    (self.samples, self.records) = (samples, records)
    batch = try plan.collate(samples)
    guard !batch.supervisions.isEmpty else {
      throw ImagineError(
        "the run's tasks (\(input.tasks.map(\.name).joined(separator: ", "))) want no target features predicted"
      )
    }
  }

  package var count: Int { samples.count }

  /// Patches of a context that enter the encoder.
  package func visible(_ supervision: WorldBatch.SupervisedPatches, of sample: Int) -> [Int] {
    batch.contexts[supervision.context].visible?[sample] ?? Array(0..<geometry.patchCount)
  }

  /// Middle of a patch of a view, in pixels of the radiograph.
  package func place(_ patch: Int, in frame: Frame) -> (row: Double, column: Double) {
    let side = Double(geometry.gridSize)
    let down = (Double(patch / geometry.gridSize) + 0.5) / side
    let right = (Double(patch % geometry.gridSize) + 0.5) / side
    return (
      Double(frame.row) + down * Double(frame.height),
      Double(frame.column) + (frame.mirrored ? 1 - right : right) * Double(frame.width)
    )
  }
}

/// What an evaluation of predictions lacks: radiographs, tasks, or a part of the model.
package struct ImagineError: Error, CustomStringConvertible {
  package let description: String

  /// - Parameters:
  ///   - description: what was expected, what was found, and the remedy.
  ///   - command: that says it.
  package init(_ description: String, command: String = "imagine") {
    self.description = command + ": " + description
  }
}
