import Batches
import CoreTensor
import Figures
import Foundation
import Imaging
import WorldModel

/// Draws `batch.png`: what the first step sees.
enum BatchSheetMaker {
  /// - Parameter latents: those of the model, which say where target patches lie.
  static func sheet(_ builder: BatchBuilder, latents: [any Latent], title: String) throws -> BatchSheet {
    let plans = builder.plans(step: 0)
    let count = min(builder.batchSize, BatchSheet.mostRows)
    var rows: [BatchSheet.Sample] = []
    for index in 0..<count {
      let sample = try builder.sample(step: 0, index: index, plans: plans)
      let film = try builder.source.film(at: sample.film)
      for (assembly, part) in zip(builder.assemblies, sample.parts) where rows.count < BatchSheet.mostRows {
        let name = assembly.label + builder.source.records[sample.film].identifier
        rows.append(row(part, name: name, film: film, latents, builder.geometry))
      }
    }
    return BatchSheet(title: title, gridSize: builder.geometry.gridSize, samples: rows)
  }

  private static func row(
    _ part: AssembledSample, name: String, film: GrayImage, _ latents: [any Latent], _ geometry: ImageGeometry
  ) -> BatchSheet.Sample {
    let views = zip(part.targets, part.contexts).map { target, context in
      let action = part.record["domain.a\(context.view + 1)"]
      return BatchSheet.View(
        frame: target.frame, target: target.pixels, context: context.pixels, visible: context.visible,
        hidden: context.hidden,
        caption: action.map { "a = " + $0.map { text($0) }.joined(separator: " ") } ?? "")
    }
    let crossings = zip(part.supervisions, part.latents).compactMap { supervision, values in
      crossing(supervision, values, part, latents, geometry)
    }
    return BatchSheet.Sample(name: name, film: film, views: Array(views.prefix(2)), crossings: crossings)
  }

  private static func crossing(
    _ supervision: Supervision, _ values: [LatentValue], _ part: AssembledSample, _ latents: [any Latent],
    _ geometry: ImageGeometry
  ) -> BatchSheet.Crossing? {
    guard supervision.context != supervision.target, max(supervision.context, supervision.target) < 2 else {
      return nil
    }
    let grid = geometry.gridSize
    let places = (0..<geometry.patchCount).map { patch in
      latents.reduce(GridPlace(row: Double(patch / grid), column: Double(patch % grid))) { place, latent in
        guard let value = values.first(where: { $0.latent == latent.name }) else { return place }
        return latent.move(place, numbers: value.numbers[...], gridSize: grid)
      }
    }
    let offset = values.first { $0.latent == "offset" }
    var predicted: [Int]?
    if case .hidden(let view) = supervision.patches, !part.contexts[view].hidden.isEmpty {
      predicted = part.contexts[view].hidden
    }
    return BatchSheet.Crossing(
      context: supervision.context, target: supervision.target, places: places, predicted: predicted,
      caption: offset.map { "Δ = " + $0.numbers.prefix(2).map { text(Double($0)) }.joined(separator: " ") }
        ?? "")
  }

  private static func text(_ number: Double) -> String { String(format: "%.2f", number) }
}
