import CoreTensor
import FineTuning
import Foundation
import Imaging
import NeuralNetworks
import PluginChecks
import TestSupport
import Testing
import WorldModel

@testable import SegmentEvaluation
@testable import SegmentationMetrics

/// Radiographs with a bright disc, whose mask is the disc; each third has none.
private struct Discs: RadiographSource {
  let summary = "discs"
  let findingNames = ["disc"]
  let records: [RadiographRecord]
  var truths = true
  var radius = 7.0

  /// - Parameters:
  ///   - spacing: of pixels, as a table has it.
  ///   - unknown: the radiograph of which it is not known.
  init(_ count: Int, spacing: String? = nil, unknown: Int? = nil) {
    records = (0..<count).map { number in
      RadiographRecord(
        identifier: "disc-\(number)", patient: "patient-\(number)",
        findings: number % 3 == 2 ? [] : ["disc"],
        attributes: spacing.map { number == unknown ? [:] : ["pixel_spacing": $0] } ?? [:])
    }
  }

  private func mask(_ index: Int) -> GrayImage {
    var random = RandomStream(seed: 5, stream: "disc", index: index)
    let (row, column) = (random.uniform(in: 8...24), random.uniform(in: 10...28))
    var image = GrayImage(width: 40, height: 32)
    for y in 0..<32 {
      for x in 0..<40 where hypot(Double(y) - row, Double(x) - column) < radius { image[y, x] = 1 }
    }
    return image
  }

  func radiograph(at index: Int) -> GrayImage {
    var image = index % 3 == 2 ? GrayImage(width: 40, height: 32) : mask(index)
    image.pixels = image.pixels.map { 0.2 + 0.6 * $0 }
    return image
  }

  func truth(at index: Int) -> RadiographTruth? {
    guard truths else { return nil }
    return index % 3 == 2 ? RadiographTruth() : RadiographTruth(masks: ["disc": mask(index)])
  }
}

/// Segmentation as a whole, on radiographs that take a moment.
@Suite struct SegmentTests {
  private static let shape = WorldModelConfiguration(
    encoder: VisionTransformerConfiguration(imageSize: 32, patchSize: 8, width: 16, depth: 2, heads: 2),
    predictor: PredictorConfiguration(featureWidth: 16, width: 8, depth: 1, heads: 2, gridSize: 4))
  private static let quick: [String: OptionValue] = [
    "epochs": .integer(12), "minimum_steps": .integer(0), "batch_size": .integer(8), "seeds": .integer(1),
    "learning_rate": .number(3e-3), "warmup_epochs": .number(1), "patience": .integer(0),
  ]

  private static func input(
    _ discs: Discs = Discs(60), _ workspace: any EvaluationWorkspace = MemoryWorkspace()
  ) -> ModelEvaluationInput {
    func model() -> WorldModel { WorldModel(shape, latents: [], seed: 4) }
    return ModelEvaluationInput(
      model: model(), makeUntrained: model, tasks: [], views: ViewSettings(), radiographs: discs,
      train: Array(0..<40), validation: [], test: Array(40..<60), findingNames: discs.findingNames, seed: 11,
      workspace: workspace)
  }

  private static func evaluate(
    _ input: ModelEvaluationInput, _ more: [String: OptionValue] = [:]
  ) throws -> EvaluationResult {
    let options = Options(SegmentSettings.declarations, given: quick.merging(more) { $1 })
    return try SegmentEvaluation(settings: try SegmentSettings(options))(input)
  }

  /// Where every test image's spacing is known, distances are millimetres, and outlines drift by as much more.
  @Test func distancesAreMillimetresWhereSpacingIsKnown() throws {
    func hausdorff(_ name: String, _ discs: Discs) throws -> Double? {
      try Self.evaluate(Self.input(discs), ["tolerance": .number(0), "epochs": .integer(5)]).metrics
        .first { $0.key == MetricKey("HD95, \(name)", of: "disc", subject: "100% of labels") }?.value
    }
    let pixels = try #require(try hausdorff("px", Discs(60)))
    let millimetres = try #require(try hausdorff("mm", Discs(60, spacing: "0.5")))
    #expect(abs(millimetres - pixels / 2) < 1e-9 && pixels > 0)
    #expect(try hausdorff("mm", Discs(60)) == nil)
    // One of unknown spacing is enough.
    #expect(try hausdorff("mm", Discs(60, spacing: "0.5", unknown: 45)) == nil)
  }

  @Test func sizesOtherThanThoseOfTheRun() throws {
    let finer = try Self.evaluate(Self.input(), ["patch_size": .integer(4), "decoder": .text("linear")])
    let larger = try Self.evaluate(Self.input(), ["image_size": .integer(64), "decoder": .text("linear")])
    #expect(finer.metrics.count == larger.metrics.count && finer != larger)
    let error = #expect(throws: FineTuneError.self) {
      try Self.evaluate(Self.input(), ["image_size": .integer(60)])
    }
    #expect("\(error!)".contains("take a multiple of 8"))
  }

  @Test func everyPromiseIsKept() {
    let checks = checkEvaluation(segmentDefinition)
    #expect(checks.count == 4)
    for check in checks { #expect(check.isKept, "\(check.promise): \(check.problem ?? "")") }
  }

  @Test func boxesAreFilledAsMasks() throws {
    func box(_ finding: String, _ row: Double, _ column: Double, _ height: Double, _ width: Double)
      -> RadiographTruth.Box
    { .init(finding: finding, row: row, column: column, height: height, width: width) }
    var truth = RadiographTruth(
      boxes: [box("nodule", 1, 0.6, 2, 1.5), box("nodule", 3, 3, 9, 9), box("mass", 0, 0, 1, 1)])
    // Pixels whose middle lies within, and no further than the radiograph.
    let nodule = try #require(KnownMasks(truth).mask(of: "nodule", height: 4, width: 5))
    #expect(nodule.width == 5 && nodule.height == 4)
    #expect(
      nodule.pixels == [
        0, 0, 0, 0, 0,
        0, 1, 0, 0, 0,
        0, 1, 0, 0, 0,
        0, 0, 0, 1, 1,
      ])
    #expect(KnownMasks(truth).mask(of: "effusion", height: 4, width: 5) == nil)
    // A mask that readers drew comes before their boxes.
    truth.masks["nodule"] = GrayImage(width: 5, height: 4)
    #expect(KnownMasks(truth).mask(of: "nodule", height: 4, width: 5)?.pixels.contains(1) == false)
  }

  @Test(arguments: [("paper", false), ("linear", false), ("paper", true)])
  func discsAreFound(decoder: String, isFrozen: Bool) throws {
    let workspace = MemoryWorkspace()
    let result = try Self.evaluate(
      Self.input(Discs(60), workspace),
      ["decoder": .text(decoder), "frozen": .boolean(isFrozen), "epochs": .integer(25)])
    func value(_ name: String) throws -> Double {
      try #require(result.metrics.first { $0.key.description == "\(name) of disc, 100% of labels" }?.value)
    }
    // 20 test radiographs of which 13 have a disc: what predicting nothing scores is known.
    #expect(abs(try value("Dice of predicting nothing") - 7.0 / 20) < 1e-12)
    #expect(try value("Dice of positives") > 0.75)
    #expect(try value("Dice of all images") > 0.7)
    #expect(try value("HD95, px") < 12)
    #expect(result.predictions.first?.radiographs.count == 20)
    #expect(result.sheets["masks"]?.rows.count == 12)
    let rows = workspace.rows.filter { $0.series == "fraction-1-seed-0" }
    #expect(rows.map(\.step) == Array(1...25) && rows[0].values.contains { $0.name == "validation_dice" })
  }

  @Test func aFrozenEncoderStaysAsItIs() throws {
    let model = WorldModel(Self.shape, latents: [], seed: 4)
    let network = SegmentationNetwork(
      model.networks, model.shape.encoder, classes: 2, decoder: .paper, isFrozen: true, seed: 1,
      trainable: true)
    #expect(network.encoder.entries.allSatisfy { !$0.parameter.isTrainable })
    #expect(network.entries.contains { $0.name == "decoder.stages.3.second.norm.weight" })
    let logits = network(Tensor.zeros([3, 3, 32, 32]))
    #expect(logits.shape == [3, 2, 32, 32])
  }

  @Test(arguments: [1, 7, 20]) func aStoppedEvaluationEndsWithTheSameBits(stop: Int) throws {
    let whole = try Self.evaluate(Self.input())
    let first = MemoryWorkspace(stopAfter: stop)
    #expect(throws: EvaluationStopped.self) { _ = try Self.evaluate(Self.input(Discs(60), first)) }
    #expect(try Self.evaluate(Self.input(Discs(60), first.reopened())) == whole)
  }

  @Test func fewPatientsAreDrawn() throws {
    let workspace = MemoryWorkspace()
    let result = try Self.evaluate(
      Self.input(Discs(60), workspace),
      ["patients": .list([.number(2), .number(5)]), "epochs": .integer(1), "decoder": .text("linear")])
    #expect(
      result.tables.map(\.title) == [
        "2 patients: 2 images to learn from, 1 trial, 20 to test on",
        "5 patients: 5 images to learn from, 1 trial, 20 to test on",
      ])
  }

  @Test func whatCannotBeLearntIsRefused() {
    var bare = Discs(60)
    bare.truths = false
    let cases: [(Discs, [String: OptionValue], String)] = [
      (bare, [:], "expected masks of the radiographs, found none"),
      (Discs(60), ["masks": .list([.text("dsic")])], "expected some of disc, found \"dsic\""),
      (Discs(60), ["patients": .list([.number(1.5)])], "whole numbers of patients"),
    ]
    for (discs, options, text) in cases {
      #expect { _ = try Self.evaluate(Self.input(discs), options) } throws: { "\($0)".contains(text) }
    }
    func problem(_ kind: DecoderKind, _ imageSize: Int, _ patchSize: Int) -> String? {
      var shape = Self.shape.encoder
      (shape.imageSize, shape.patchSize) = (imageSize, patchSize)
      return SegmentationNetwork.problem(kind, shape)
    }
    #expect(problem(.paper, 224, 14)?.contains("decoder = \"linear\"") == true)
    #expect(problem(.paper, 16, 16)?.contains("2 patches along a side") == true)
    #expect(problem(.linear, 224, 14) == nil && problem(.paper, 48, 16) == nil)
  }

  /// Stray pixels are no reason to take an epoch: probabilities tell, until masks say something. A class that no image has
  /// does not count.
  @Test func epochsAreChosenByWhatWasLearnt() {
    func figures(_ found: Int, _ invented: Int, missed: Int, logit: Float) -> SegmentationFigures {
      func mask(_ count: Int, from start: Int = 0) -> Mask {
        Mask(rows: 20, columns: 20, pixels: (0..<400).map { (start..<start + count).contains($0) })
      }
      let truth = mask(found + missed)
      let image = SegmentationAnswers.Image(
        truth: [truth, mask(0)], predicted: [mask(found + invented, from: missed), mask(1)], spacing: nil,
        tolerance: 0)
      var soft = SoftOverlap()
      let (one, none) = (truth.pixels.map { $0 ? Float(1) : 0 }, [Float](repeating: 0, count: 400))
      soft.add(
        one.map { $0 * logit - 4 } + none.map { $0 - 4 },
        [one, none].map { GrayImage(width: 20, height: 20, pixels: $0) })
      return SegmentationFigures([image], classes: ["disc", "absent"], soft: soft)
    }
    let (stray, nothing) = (figures(1, 380, missed: 2, logit: 0), figures(0, 0, missed: 3, logit: 3))
    #expect(stray.choice! > 0 && !stray.hasLearnt && !nothing.hasLearnt)
    #expect(nothing.isBetter(than: stray) && !stray.isBetter(than: nothing))
    let learnt = figures(3, 3, missed: 3, logit: 1)
    #expect(learnt.hasLearnt && learnt.isBetter(than: nothing) && !nothing.isBetter(than: learnt))
    #expect(learnt.dice.keys.sorted() == ["disc"])
  }

  /// A trial that has learnt nothing says so, and patience does not end it.
  @Test func whatLearnsNothingSaysSo() throws {
    let workspace = MemoryWorkspace()
    // So small that a mask of any half of the pixels has next to nothing of it.
    var discs = Discs(60)
    discs.radius = 0.9
    _ = try Self.evaluate(
      Self.input(discs, workspace),
      ["learning_rate": .number(1e-8), "patience": .integer(1), "epochs": .integer(4)])
    #expect(workspace.rows.count == 4)
    #expect(workspace.warnings.contains { $0.contains("nothing was learnt that shows; give more epochs") })
  }

  /// Dice and cross-entropy, written down plainly.
  @Test func theLossIsThatOfItsDefinition() {
    var random = RandomStream(seed: 3, stream: "loss")
    let logits = (0..<2 * 2 * 9).map { _ in Float(random.normal() * 2) }
    let masks = (0..<2 * 2 * 9).map { _ in Float(random.chance(0.4) ? 1 : 0) }
    var (dice, crossEntropy) = (0.0, 0.0)
    for number in 0..<2 {
      // Of both images together.
      let places = (0..<2).flatMap { image in (0..<9).map { (image * 2 + number) * 9 + $0 } }
      let pairs = places.map {
        (1 / (1 + Foundation.exp(-Double(logits[$0]))), Double(masks[$0]))
      }
      let both = pairs.reduce(0) { $0 + $1.0 * $1.1 }
      dice += 1 - (2 * both + 1) / (pairs.reduce(0) { $0 + $1.0 + $1.1 } + 1)
      crossEntropy -= pairs.reduce(0) {
        $0 + $1.1 * Foundation.log($1.0) + (1 - $1.1) * Foundation.log(1 - $1.0)
      }
    }
    let found = MaskLoss.diceAndCrossEntropy(
      Tensor(logits, shape: [2, 2, 3, 3]), Tensor(masks, shape: [2, 2, 3, 3]))
    #expect(abs(Double(found.scalar) - (dice / 2 + crossEntropy / 36)) < 1e-6)
  }

  @Test func masksKeepTheirRuns() {
    for golden in [[true], [false, false], [true, false, false, true, true, false]] {
      let mask = Mask(rows: 1, columns: golden.count, pixels: golden)
      #expect(RunLengthMask(mask).mask == mask)
    }
  }
}
