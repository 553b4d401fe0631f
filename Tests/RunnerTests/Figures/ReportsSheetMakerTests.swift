import CoreTensor
import Imaging
import NeuralNetworks
import Testing
import WorldModel

@testable import Batches
@testable import Console
@testable import Figures
@testable import Training

/// The sheet shows where training puts mask tokens.
@Suite struct ReportsSheetMakerTests {
  private func parts(_ words: [String]) throws -> RunParts {
    let small = [
      "--preset", "quick", "--set", "phantom.images=24", "--set", "phantom.size=64", "--image-size", "64",
      "--set", "model.patch_size=8", "--batch", "3",
    ]
    let arguments = try ArgumentParser(command: ConfigurationFixture.command).parse(small + words)
    return try RunParts(RunSetup(SettingsRequest(arguments), pluginsFile: TrainingLoaderTests.plugins))
  }

  @Test func placesAreThoseOfTraining() throws {
    let parts = try parts(["--tasks", "local,global"])
    let model = parts.optimization.model
    let sheet = try BatchSheetMaker.sheet(parts.builder, model: model, title: "")
    let batch = try parts.builder.batch(step: 0).batch
    #expect(sheet.samples.count == 3)
    for (row, sample) in sheet.samples.enumerated() {
      // Those of the own view stay in place, as the context shows.
      #expect(sample.supervisions.map { [$0.context, $0.target] } == [[0, 1], [1, 0]])
      for supervision in sample.supervisions {
        let prediction = try #require(
          batch.supervisions.first { $0.context == supervision.context && $0.target == supervision.target })
        #expect(try supervision.places == model.places(of: prediction)[row])
        #expect(supervision.caption.hasPrefix("Δ = ") && !supervision.caption.contains("size"))
      }
    }
    let local = try self.parts(["--tasks", "local"])
    let plain = try BatchSheetMaker.sheet(local.builder, model: local.optimization.model, title: "")
    #expect(plain.samples.allSatisfy { $0.supervisions.isEmpty && !$0.views[0].hidden.isEmpty })
  }

  @Test func movesWithinAViewShow() throws {
    let parts = try parts(["--tasks", "local"])
    let builder = BatchBuilder(
      source: parts.source, radiographs: parts.split.pretrain,
      orders: Sampler(weights: parts.split.pretrain.map { _ in 1 }, seed: 0),
      assemblies: TaskAssembly.assemblies(tasks: [SlidingTask()], views: ViewSettings(), naive: false),
      geometry: parts.builder.geometry, seed: 0, batchSize: 2, batchesPerEpoch: 4)
    let model = WorldModel(parts.setup.shape, latents: [SlidingLatent()], seed: 0)
    var sheet = try BatchSheetMaker.sheet(builder, model: model, title: "")
    sheet.cellSize = 164
    let supervision = try #require(sheet.samples.first?.supervisions.first)
    #expect(supervision.context == 0 && supervision.target == 0 && supervision.predicted == nil)
    #expect(supervision.caption == "slide: 1 numbers a patch")
    for (patch, place) in supervision.places.enumerated() {
      let column = Double(patch % 8) + (patch == 9 ? 2 : 0)
      #expect(place == GridPlace(row: Double(patch / 8), column: column))
    }
    #expect(sheet.columns == [.radiograph, .target(0), .context(0), .supervision(0)])
    // The patch that went is joined with the place that it went to; another is not.
    let (canvas, box) = (try sheet.pixels(), sheet.cell(row: 0, column: 3))
    func color(_ row: Double, _ column: Double) -> Color {
      let (y, x) = (box.y + 2 + (row + 0.5) * 20, box.x + 2 + (column + 0.5) * 20)
      return canvas[Int(y), Int(x)]
    }
    let blue = BatchSheet.color(ofView: 0)
    #expect(color(1, 2.8) == blue && color(2, 2.8) != blue)
  }
}

/// Tells the predictor that patch 9 lies two patches to the right.
private struct SlidingTask: WorldTask, TaskPlan, TaskDraw {
  let name = "slide"
  let requiredViews = 1
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { self }
  func supervisions(views: [Frame]) -> [Supervision] { [Supervision(context: 0, target: 0, patches: .all)] }
  func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
    [LatentValue(latent: "slide", patchNumbers: (0..<64).map { [$0 == 9 ? 2 : 0] })]
  }
}

private final class SlidingLatent: Latent {
  let (name, width, patchWidth) = ("slide", 0, 1)
  func move(_ place: GridPlace, of patch: LatentPatch) -> GridPlace {
    GridPlace(row: place.row, column: place.column + Double(patch.patchNumbers.first!))
  }
  func visit(_ visitor: inout ParameterVisitor) {}
}
