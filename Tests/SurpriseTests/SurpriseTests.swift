import CoreTensor
import Imaging
import PluginChecks
import Testing
import WorldModel

@testable import SurpriseEvaluation

@Suite struct SurpriseTests {
  @Test func keepsEveryPromise() {
    let checks = checkEvaluation(SurpriseEvaluation.definition, tasks: [HidingTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  /// A model that expects the mean of what it sees is surprised by the one patch that differs.
  @Test(arguments: ["none", "place", "standardized"]) func aPlantedSurpriseIsFound(center: String) throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation(["center": .text(center)])(Trial.input(workspace))
    #expect(workspace.warnings == ["left out: grey 13: torn"])
    #expect(try #require(value(result, "pixel AUROC of blot, surprise")) > 0.95)
    #expect(try #require(value(result, "pixel AUPRC of blot, surprise")) > 0.7)
    #expect(value(result, "pixel AUPRC of blot, chance") == 1.0 / 16)
    #expect(value(result, "pixel AUROC of blot, chance") == 0.5)
    #expect(try #require(value(result, "pixel AUROC of blot, nearest patch")) > 0.95)
    let place = try #require(value(result, "pixel AUROC of blot, place alone"))
    #expect(abs(place - 0.5) < 0.35)
    for pooling in ["mean", "maximum"] {
      #expect(value(result, "AUROC of blot, surprise, \(pooling)") == 1)
      #expect(value(result, "AUROC of blot, nearest patch, \(pooling)") == 1)
    }
    #expect(!result.metrics.contains { $0.key.className == "No Finding" })
    #expect(result.summary.description == "pixel AUROC, surprise")
    // Rows of the sheet: the most surprising have the blot, and a box becomes an outline.
    let sheet = try #require(result.sheets["surprise"])
    #expect(sheet.rows.count == 4 && sheet.rows.prefix(2).allSatisfy { $0.label.contains("blot") })
    #expect(sheet.notes.contains { $0.contains("Green") })
    #expect(
      sheet.rows[0].groups[0].map(\.captions.first) == [
        "radiograph", "surprise", "surprise, untrained", "nearest patch",
      ])
  }

  /// Maps agree with one context, one image at a time through encoder and predictor.
  @Test func mapsAgreeWithANaiveReference() throws {
    let model = Trial.model(networks: .standard, normalizesTargets: true)
    let source = Radiographs(isLabelled: true)
    let images = try [9, 11, 12].map { try source.radiograph(at: $0) }
    let cover = BlockCover(
      gridSize: 4, block: try BlockSize("2x3", gridSize: 4), passes: 3, together: 1)
    let errors = PatchErrors(model: model, cover: cover, told: [])
    let found = try withoutGradients { try errors.predictions(InputNormalization.tensor(images)) }
    for (image, map) in zip(images, found) {
      let pixels = InputNormalization.tensor([image])
      let target = withoutGradients { model.targetFeatures(pixels).values }
      var (sums, counts) = ([Double](repeating: 0, count: 16), [Double](repeating: 0, count: 16))
      for (context, hidden) in cover.hidden.enumerated() {
        let visible = [cover.visible(context)]
        let places = [hidden.map { GridPlace(row: Double($0 / 4), column: Double($0 % 4)) }]
        let predicted = withoutGradients {
          model.predictor(
            context: model.encoder(pixels, visible: visible), visible: visible,
            maskTokens: model.predictor.maskTokens(at: places)
          ).values
        }
        for (row, patch) in hidden.enumerated() {
          for feature in 0..<16 {
            let difference = Double(predicted[row * 16 + feature]) - Double(target[patch * 16 + feature])
            sums[patch] += difference * difference / 16
          }
          counts[patch] += 1
        }
      }
      for patch in 0..<16 {
        #expect(abs(Double(map[patch]) - sums[patch] / counts[patch]) < 1e-4)
      }
    }
  }

  /// The error of pixels of a model that has nothing but an objective that reconstructs them.
  @Test func reconstructionsOfObjectivesAreCompared() throws {
    let model = Trial.model(.absent, isPainter: true)
    let untrained = Trial.model(.absent, isPainter: true)
    let input = Trial.input(model: model, tasks: [PaintingTask()])
    let own = ModelEvaluationInput(
      model: model, makeUntrained: { untrained }, tasks: [PaintingTask()], views: input.views,
      radiographs: input.radiographs, train: input.train, validation: [], test: input.test,
      findingNames: input.findingNames, seed: 5, workspace: input.workspace)
    let result = try Trial.evaluation(["center": .text("none")])(own)
    #expect(result.summary.description == "pixel AUROC, reconstruction")
    #expect(try #require(value(result, "pixel AUROC of blot, reconstruction")) > 0.95)
    #expect(value(result, "pixel AUROC, surprise") == nil)
    let errors = PatchErrors(
      model: model,
      cover: BlockCover(gridSize: 4, block: try BlockSize("2x2", gridSize: 4), passes: 1, together: 1),
      told: [])
    let image = InputNormalization.tensor([GrayImage(width: 32, height: 32, fill: 0.485)])
    let map = errors.reconstructions(image, by: Painter(), of: "painting")[0]
    // Painted 0; the true channels are 0 and, of the other two means and deviations, known by hand.
    let expected = [0.485 - 0.456, 0.485 - 0.406]
    let mean = (expected[0] * expected[0] / (0.224 * 0.224) + expected[1] * expected[1] / (0.225 * 0.225)) / 3
    #expect(map.allSatisfy { abs(Double($0) - mean) < 1e-5 })
  }

  @Test func withoutLabelsThereIsNoBank() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation()(Trial.input(workspace, isLabelled: false))
    #expect(workspace.warnings.contains { $0.contains("nearest patch is left out") })
    #expect(
      result.metrics.map(\.key.description) == [
        "mean squared error, surprise", "mean squared error, surprise, untrained",
      ])
    #expect(result.sheets["surprise"]?.notes.contains { $0.contains("Green") } == false)
  }

  @Test func threadsAndInterruptionsChangeNothing() throws {
    let threads = Compute.threads
    defer { Compute.threads = threads }
    var results: [EvaluationResult] = []
    for count in [1, 3] {
      Compute.threads = count
      results.append(try Trial.evaluation()(Trial.input()))
    }
    let workspace = MemoryWorkspace(stopAfter: 1)
    #expect(throws: EvaluationStopped.self) { try Trial.evaluation()(Trial.input(workspace)) }
    results.append(try Trial.evaluation()(Trial.input(workspace.reopened())))
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  private func refusal(
    _ given: [String: OptionValue] = [:], _ input: ModelEvaluationInput = Trial.input()
  ) throws -> String {
    let error = #expect(throws: SurpriseError.self) { try Trial.evaluation(given)(input) }
    return try #require(error).description
  }

  @Test func whatCannotBeEvaluatedIsRefusedInWords() throws {
    #expect(try refusal([:], Trial.input(test: [])).contains("expected test radiographs, found none"))
    #expect(try refusal([:], Trial.input(test: [13])).contains("no test radiograph could be decoded"))
    #expect(try refusal(["block": .text("two")]).contains("expected ROWSxCOLUMNS"))
    #expect(try refusal(["block": .text("4x4")]).contains("something stays visible"))
    #expect(try refusal(["block": .text("5x1")]).contains("from 1 to 4"))
    #expect(try refusal(["together": .integer(16)]).contains("would show nothing"))
    let absent = Trial.input(model: Trial.model(.absent))
    #expect(try refusal([:], absent).contains("model.target_encoder = \"absent\""))
    #expect(try refusal([:], Trial.input(tasks: [PaintingTask()])).contains("predict no features"))
    #expect(try refusal([:], Trial.input(train: [])).contains("give --center none"))
    #expect(try refusal(["bank": .integer(0)]).contains("raise --bank"))
    let result = try Trial.evaluation(["center": .text("none"), "bank": .integer(0)])(Trial.input())
    #expect(value(result, "pixel AUROC, place alone") == nil && value(result, "pixel AUROC, surprise") != nil)
  }
}
