import CoreTensor
import Imaging
import Metrics
import NeuralNetworks
import PluginChecks
import Imagining
import TestSupport
import Testing
import WorldModel

@testable import DecoderEvaluation

@Suite struct DecoderTests {
  @Test func keepsEveryPromise() {
    let checks = checkEvaluation(DecoderEvaluation.definition, tasks: [HidingTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  /// Features that are the patches' own pixels can be decoded.
  @Test func whatFeaturesHoldIsLearnt() throws {
    var initializer = Initializer(random: RandomStream(seed: 1, stream: "decoder"))
    let geometry = ImageGeometry(imageSize: 16, patchSize: 4)
    let decoder = PatchDecoder(
      geometry, features: 16, width: 32, depth: 1, heads: 2, initializer: &initializer)
    let optimizer = AdamW(
      decoder.entries.filter { !$0.isBuffer }.map(\.parameter),
      settings: AdamWSettings(weightDecay: 0, clipNorm: 1))
    var losses: [Float] = []
    for step in 0..<150 {
      var random = RandomStream(seed: 2, stream: "pixels", step: step)
      let features = (0..<4 * 16 * 16).map { _ in Float(random.unit()) * 2 - 1 }
      let pixels = Self.pixels(ofPatches: features, geometry)
      let loss = meanSquaredError(
        decoder(Tensor(features, shape: [4, 16, 16])), Tensor(pixels, shape: [4, 1, 16, 16]))
      loss.backward()
      optimizer.updates = step
      losses.append(optimizer.step(learningRate: 3e-3, losses: [loss]).losses[0])
    }
    #expect(losses.last! < 0.3 * losses[0])
  }

  /// Patches (B, N, P²) laid out as images, one pixel after another.
  private static func pixels(ofPatches values: [Float], _ geometry: ImageGeometry) -> [Float] {
    let (side, size, image) = (geometry.gridSize, geometry.patchSize, geometry.imageSize)
    var pixels = [Float](repeating: 0, count: values.count)
    for (index, value) in values.enumerated() {
      let (sample, rest) = (index / (image * image), index % (image * image))
      let (patch, within) = (rest / (size * size), rest % (size * size))
      let (row, column) = (patch / side * size + within / size, patch % side * size + within % size)
      pixels[(sample * image + row) * image + column] = value
    }
    return pixels
  }

  @Test func aStoppedTrainingGoesOnToTheSameBits() throws {
    let threads = Compute.threads
    defer { Compute.threads = threads }
    let whole = try Trial.evaluation()(Trial.input())
    for (stop, count) in [(1, 1), (4, 3)] {
      Compute.threads = count
      let stopped = MemoryWorkspace(stopAfter: stop)
      #expect(throws: EvaluationStopped.self) { try Trial.evaluation()(Trial.input(stopped)) }
      #expect(try Trial.evaluation()(Trial.input(stopped.reopened())) == whole)
    }
  }

  @Test func everyKindIsDecodedAndMeasured() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation()(Trial.input(workspace))
    for kind in DecodedKind.allCases {
      #expect(value(result, "explained of \(kind.rawValue)") != nil)
      #expect(try #require(value(result, "prediction from truth of \(kind.rawValue)")) > 0)
    }
    #expect(value(result, "changed view from truth of \(DecodedKind.hidden.rawValue)") == nil)
    let groups = try #require(result.sheets["decoded"]).rows[0].groups
    #expect(groups.count == 3)
    let (seen, imagined, decoded) = (
      try #require(groups[0][0].image.gray), try #require(groups[0][1].image.gray),
      try #require(groups[0][2].image.gray)
    )
    #expect(seen[3, 3] == 0.5 && imagined != decoded)
    #expect(workspace.rows.filter { $0.series == "training" }.map(\.step) == [6])
  }

  @Test func partsStandInTheirPlaces() {
    let predicted = Tensor([100, 101, 102, 103], shape: [2, 1, 2])
    let seen = Tensor([1, 2, 3, 4], shape: [2, 1, 2])
    #expect(
      DecodedGroup.composed([(predicted, [[2], [0]]), (seen, [[0], [1]])], patches: 3).values
        == [1, 2, 0, 0, 100, 101, 102, 103, 3, 4, 0, 0])
  }

  /// What is hidden changes the truth and its decoding, and nothing of what is imagined.
  @Test func whatIsHiddenTellsNothing() throws {
    let input = try Trial.input()
    let training = try DecoderTraining(Trial.evaluation().settings, input, radiographs: [4, 5, 6])
    func hidden(_ source: any RadiographSource) throws -> DecodedPredictions {
      let other = ModelEvaluationInput(
        model: input.model, makeUntrained: input.makeUntrained, tasks: input.tasks,
        views: ViewSettings(area: 1...1, mirrorProbability: 0, jitterProbability: 0), radiographs: source,
        train: [], validation: [], test: [], findingNames: [], seed: 5, workspace: MemoryWorkspace())
      let group = try #require(try PredictionGroup(other, [0, 1], number: 0))
      return try withoutGradients {
        try DecodedGroup(input.model, training.decoder, group).predictions()[0]
      }
    }
    let (one, two) = (try hidden(HalfKnown(left: 0.2)), try hidden(HalfKnown(left: 0.9)))
    #expect(one.kind == .hidden && one.truth != two.truth && one.decodedTruth != two.decodedTruth)
    #expect(one.seen == two.seen && one.decodedPrediction == two.decodedPrediction)
  }

  @Test func errorsAreThoseByHand() throws {
    func image(_ value: Float) -> GrayImage { GrayImage(width: 2, height: 2, fill: value) }
    let predictions = DecodedPredictions(
      kind: .hidden, records: [RadiographRecord(identifier: "a"), RadiographRecord(identifier: "b")],
      seen: [image(0), image(0)], truth: [image(0.5), image(0.7)],
      decodedTruth: [image(0.4), image(0.8)], decodedPrediction: [image(0.3), image(0.8)],
      patches: [[0], [1, 3]], counts: [true, true])
    let errors = DecodedErrors.all(predictions, ImageGeometry(imageSize: 2, patchSize: 1))
    #expect(errors.map(\.pixels) == [1, 2])
    func root(_ pair: DecodedErrors.Pair, _ weights: [Int32]) -> Double {
      DecodedMetric(kind: .root(pair), errors: errors).value(weights: weights) ?? -1
    }
    #expect(abs(root(.predictionOfDecoded, [1, 1]) - (0.01 / 3).squareRoot()) < 1e-6)
    #expect(abs(root(.meanOfDecoded, [1, 1]) - 0.4) < 1e-6)
    #expect(abs(root(.decodedOfTruth, [1, 1]) - 0.1) < 1e-6)
    #expect(abs(root(.predictionOfTruth, [0, 1]) - 0.1) < 1e-6)
    let explained = try #require(DecodedMetric(kind: .explained, errors: errors).value(weights: [1, 1]))
    #expect(abs(explained - (1 - 0.01 / 0.48)) < 1e-5)
  }

  @Test func patientsAreOnOneSideAlone() throws {
    let input = try Trial.input()
    let split = try DecoderSplit(Trial.evaluation().settings, input)
    func patients(_ radiographs: [Int]) -> Set<String> {
      Set(radiographs.map { input.radiographs.records[$0].patientKey })
    }
    #expect(patients(split.train).isDisjoint(with: patients(split.shown)))
    #expect(Set(split.train + split.shown) == Set(4..<16))
    let settings = try Trial.evaluation(["learn_from": .text("train")]).settings
    // Radiograph 5 is of a patient who is tested.
    let other = try DecoderSplit(settings, Trial.input(train: [0, 1, 5], test: [4, 6]))
    #expect(other.train == [0, 1] && other.shown == [4, 6])
  }

  @Test func whatCannotBeDoneIsRefused() throws {
    #expect { try Trial.evaluation()(Trial.input(mode: .absent)) } throws: {
      "\($0)".contains("expected a model with a target encoder")
    }
    #expect { try Trial.evaluation()(Trial.input(test: [4, 5])) } throws: {
      "\($0)".contains("two of other patients to be shown on, found 0 and 2")
    }
    #expect { try Trial.evaluation(["width": .integer(18)]) } throws: {
      "\($0)".contains("width = 18: expected a multiple of 4")
    }
  }

  private func value(_ result: EvaluationResult, _ key: String) -> Double? {
    result.metrics.first { $0.key.description == key }?.value
  }
}
