import Batches
import CoreTensor
import Figures
import Foundation
import Imaging
import WorldModel

/// Draws `batch.png`: what the first step sees, and where the predictor is told that target patches lie.
enum BatchSheetMaker {
  /// - Parameter model: its latents say where target patches lie, by the code that training runs.
  /// - Throws: what the assembly of samples throws, and `TaskFault` where a place is no number.
  static func sheet(_ builder: BatchBuilder, model: WorldModel, title: String) throws -> BatchSheet {
    let plans = builder.plans(step: 0)
    let count = min(builder.batchSize, BatchSheet.mostRows)
    var rows: [BatchSheet.Sample] = []
    for index in 0..<count {
      let sample = try builder.sample(step: 0, index: index, plans: plans)
      let radiograph = try builder.source.radiograph(at: sample.radiograph)
      for (assembly, part) in zip(builder.assemblies, sample.parts) where rows.count < BatchSheet.mostRows {
        let name = assembly.label + builder.source.records[sample.radiograph].identifier
        rows.append(
          try row(
            part, name: name, captions: assembly.captions(of: part), radiograph: radiograph, model,
            builder.geometry))
      }
    }
    return BatchSheet(title: title, gridSize: builder.geometry.gridSize, samples: telling(rows))
  }

  private static func row(
    _ part: AssembledSample, name: String, captions: [String], radiograph: GrayImage, _ model: WorldModel,
    _ geometry: ImageGeometry
  ) throws -> BatchSheet.Sample {
    let views = zip(part.targets, part.contexts).enumerated().map { view, pair in
      BatchSheet.View(
        frame: pair.0.frame, target: pair.0.pixels, context: pair.1.pixels, visible: pair.1.visible,
        hidden: pair.1.hidden, caption: captions[view])
    }
    let supervisions = try zip(part.supervisions, part.latents)
      .filter { max($0.0.context, $0.0.target) < 2 }
      .map { try supervision($0, told: $1, part, model, geometry) }
    return BatchSheet.Sample(
      name: name, radiograph: radiograph, views: Array(views.prefix(2)), supervisions: supervisions)
  }

  /// All places of a prediction, those of patches where no error is taken too, so that the target's outline shows.
  private static func supervision(
    _ supervision: Supervision, told values: [LatentValue], _ part: AssembledSample, _ model: WorldModel,
    _ geometry: ImageGeometry
  ) throws -> BatchSheet.Supervision {
    let request = WorldBatch.SupervisedPatches(
      name: "z\(supervision.context + 1)\(supervision.target + 1)", context: supervision.context,
      target: supervision.target, patches: [Array(0..<geometry.patchCount)], told: [values])
    var predicted: [Int]?
    if case .hidden(let view) = supervision.patches, !part.contexts[view].hidden.isEmpty {
      predicted = part.contexts[view].hidden
    }
    return BatchSheet.Supervision(
      context: supervision.context, target: supervision.target, places: try model.places(of: request)[0],
      predicted: predicted, caption: values.compactMap(model.caption).joined(separator: ", "))
  }

  /// Without the predictions of a context's own view whose patches stay where they are, which the context shows.
  private static func telling(_ rows: [BatchSheet.Sample]) -> [BatchSheet.Sample] {
    let pairs = Set(rows.flatMap(\.supervisions).filter { $0.context != $0.target || $0.isMoved }.map(\.pair))
    return rows.map { row in
      var row = row
      row.supervisions.removeAll { !pairs.contains($0.pair) }
      return row
    }
  }
}

extension BatchSheet.Supervision {
  fileprivate var pair: [Int] { [context, target] }

  /// Whether any patch lies elsewhere than in the target's own grid.
  fileprivate var isMoved: Bool {
    let grid = Int(Double(places.count).squareRoot())
    return places.enumerated().contains {
      abs($1.row - Double($0 / grid)) + abs($1.column - Double($0 % grid)) > 1e-6
    }
  }
}
