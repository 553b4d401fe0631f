import CoreTensor
import Imaging
import Imagining
import PluginChecks
import Imagining
import Testing
import WorldModel

@testable import ImagineEvaluation

@Suite struct ImagineTests {
  private static let own = "hidden part of the view"
  private static let other = "another view"

  @Test func keepsEveryPromise() {
    let checks = checkEvaluation(ImagineEvaluation.definition, tasks: [HidingTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  /// Scores of a group whose predictions `predict` makes of the true features of each supervision.
  private func findings(
    _ predict: (_ group: PredictionGroup, _ features: PredictedFeatures, _ supervision: Int) -> [Float]
  ) throws -> EvaluationResult {
    let input = try Trial.input()
    let group = try #require(try PredictionGroup(input, [0, 1, 2, 3, 4, 6], number: 0))
    let features = try PredictedFeatures(input.model, group)
    let predicted = PredictedFeatures(
      predictions: group.batch.supervisions.indices.map { predict(group, features, $0) },
      targets: features.targets, width: features.width)
    var found = PredictionFindings(size: group.count)
    found.add(group, trained: predicted, untrained: features)
    return try found.result(resamples: 0, seed: 0, sheets: [:])
  }

  @Test func theTruthExplainsAllAndIsFound() throws {
    let result = try findings { group, features, index in
      let supervision = group.batch.supervisions[index]
      return supervision.patches.enumerated().flatMap { sample, patches in
        patches.flatMap { patch in
          let start = (sample * group.geometry.patchCount + patch) * features.width
          return features.targets[supervision.target][start..<start + features.width]
        }
      }
    }
    #expect(value(result, "explained variance, trained") == 1)
    for kind in [Self.own, Self.other] {
      #expect(value(result, "explained variance of \(kind), trained") == 1)
      #expect(value(result, "recall@1 of \(kind), trained") == 1)
      #expect(value(result, "recall@1 of \(kind), chance") == 1.0 / 6)
    }
  }

  @Test func theMeanAtEachPlaceExplainsNothing() throws {
    let result = try findings { group, features, index in
      let supervision = group.batch.supervisions[index]
      let (size, all) = (group.geometry.patchCount * features.width, features.targets[supervision.target])
      return supervision.patches.flatMap { patches in
        patches.flatMap { patch in
          (0..<features.width).map { feature in
            (0..<group.count).reduce(Float(0)) {
              $0 + all[$1 * size + patch * features.width + feature] / Float(group.count)
            }
          }
        }
      }
    }
    #expect(abs(try #require(value(result, "explained variance, trained"))) < 1e-5)
    // Every prediction is the same, so that each radiograph is as likely to be found as by chance, on average.
    #expect(abs(try #require(value(result, "recall@5 of \(Self.other), trained")) - 5.0 / 6) < 1e-9)
  }

  @Test func anUntrainedPredictorIsWorseThanTheMean() throws {
    let result = try Trial.evaluation()(Trial.input())
    #expect(try #require(value(result, "explained variance, untrained")) < 0)
    #expect(result.summary.description == "explained variance, trained")
  }

  @Test func radiographsThatCannotBeUsedAreLeftOutAndToldOf() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation()(Trial.input(workspace))
    #expect(workspace.warnings == ["left out: wave 5: torn"])
    #expect(result.sheets["imagined"]?.rows.count == 1)
    #expect(try Trial.evaluation(pictures: 0)(Trial.input()).sheets.isEmpty)
  }

  @Test func picturesShowTheTruthButForWhatIsPredicted() throws {
    let input = try Trial.input()
    let group = try #require(try PredictionGroup(input, [0, 1, 2], number: 0))
    let features = try PredictedFeatures(input.model, group)
    let row = PredictionSheet(group, trained: features, untrained: features).sheet(rows: 8).rows[0]
    #expect(row.label == "wave 0" && row.groups.count == 2)
    let (painted, truth) = (
      try #require(row.groups[0][2].image.gray), try #require(row.groups[0][3].image.gray)
    )
    #expect(truth == group.samples[0].targets[0].pixels)
    // The left half is hidden and predicted.
    #expect(painted[3, 20] == truth[3, 20] && painted[30, 31] == truth[30, 31])
    #expect(painted != truth)
    #expect(row.groups[0][0].image.gray?[3, 3] == 0.5)
  }

  @Test func aMirroredViewsPlacesRunBackwards() throws {
    let group = try #require(try PredictionGroup(try Trial.input(), [0, 1], number: 0))
    let frame = Frame(
      row: 8, column: 4, height: 40, width: 20, mirrored: false, imageHeight: 48, imageWidth: 40)
    #expect(group.place(4, in: frame) == (8 + 15, 4 + 2.5))
    var mirrored = frame
    mirrored.mirrored = true
    #expect(group.place(4, in: mirrored) == (8 + 15, 4 + 17.5))
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

  @Test func whatCannotBeEvaluatedIsRefusedInWords() throws {
    let frozen = try Trial.input(mode: .absent)
    let error = #expect(throws: ImagineError.self) { try Trial.evaluation()(frozen) }
    #expect("\(try #require(error))".contains("expected a model with a target encoder"))
    for test in [[], [3]] {
      let error = #expect(throws: ImagineError.self) { try Trial.evaluation()(Trial.input(test: test)) }
      #expect("\(try #require(error))".contains("found \(test.count)"))
    }
    let torn = #expect(throws: ImagineError.self) { try Trial.evaluation()(Trial.input(test: [5, 5])) }
    #expect("\(try #require(torn))".contains("no test radiograph could be decoded"))
  }
}
