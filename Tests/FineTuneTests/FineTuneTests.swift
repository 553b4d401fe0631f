import CoreTensor
import Foundation
import PluginChecks
import TestSupport
import Testing
import WorldModel

@testable import FineTuneEvaluation
@testable import FineTuning
@testable import PluginChecks

/// Fine-tuning as a whole, on radiographs that take a moment.
@Suite struct FineTuneTests {
  private static let radiographs = LitRadiographs(Fixture.records(96))
  private static func input(_ workspace: any EvaluationWorkspace = MemoryWorkspace()) -> ModelEvaluationInput
  {
    Fixture.input(radiographs, train: Array(0..<64), test: Array(64..<96), workspace)
  }

  @Test func everyPromiseIsKept() {
    let checks = checkEvaluation(fineTuneDefinition)
    #expect(checks.count == 4)
    for check in checks { #expect(check.isKept, "\(check.promise): \(check.problem ?? "")") }
  }

  @Test func theTrialsEasyFindingIsLearnt() throws {
    let workspace = MemoryWorkspace()
    let result = try Fixture.evaluate(
      ModelTrial([]).input(seed: 3, workspace), ["epochs": .integer(25), "patience": .integer(0)])
    let area = try #require(result.value("AUROC of effusion, 100% of labels"))
    #expect(area > 0.9, "\(area)")
    #expect(result.value("AUROC, 100% of labels") == area)
    #expect(workspace.rows.filter { $0.series == "fraction-1-seed-1" }.map(\.step) == Array(1...25))
    let chart = try #require(result.charts.first)
    #expect(chart.name == "curves" && chart.yLabel == "mean AUROC")
    #expect(chart.curves.map(\.points.count) == [25, 25])
    #expect(result.tables.map(\.rows) == [["effusion", "mean"]])
    let losses = workspace.rows.compactMap { row in row.values.first { $0.name == "train_loss" }?.value }
    #expect(losses[24] < 0.5 * losses[0])
  }

  @Test(arguments: ["target", "context", "scratch"]) func everyOriginLearns(origin: String) throws {
    let more: [String: OptionValue] = ["from": .text(origin), "epochs": .integer(15), "seeds": .integer(1)]
    let result = try Fixture.evaluate(Self.input(), more)
    #expect(try #require(result.value("AUROC, 100% of labels")) > 0.9)
    #expect(result.metrics.allSatisfy { $0.uncertainty == nil })
  }

  @Test func theModelStaysAsItWas() throws {
    let input = Self.input()
    let before = input.model.entries.map(\.parameter.tensor.values)
    _ = try Fixture.evaluate(input)
    #expect(input.model.entries.map(\.parameter.tensor.values) == before)
    #expect(input.model.trainable.allSatisfy { $0.gradient == nil })
  }

  @Test(arguments: [1, 9, 25, 32, 40, 63]) func aStoppedEvaluationEndsWithTheSameBits(stop: Int) throws {
    let more: [String: OptionValue] = ["fraction": .list([.number(0.5), .number(1)])]
    let whole = MemoryWorkspace()
    let expected = try Fixture.evaluate(Self.input(whole), more)
    let first = MemoryWorkspace(stopAfter: stop)
    #expect(throws: EvaluationStopped.self) { _ = try Fixture.evaluate(Self.input(first), more) }
    let second = first.reopened()
    #expect(try Fixture.evaluate(Self.input(second), more) == expected)
    #expect(second.texts["classification.json"] == whole.texts["classification.json"])
    // Rows that both wrote are the same.
    for row in first.rows + second.rows {
      let same = whole.rows.first { $0.series == row.series && $0.step == row.step }
      #expect(same?.values.map(\.value) == row.values.map(\.value))
    }
  }

  @Test func aFinishedEvaluationTrainsNoMore() throws {
    let first = MemoryWorkspace()
    let result = try Fixture.evaluate(Self.input(first))
    let second = first.reopened()
    #expect(try Fixture.evaluate(Self.input(second)) == result)
    #expect(second.rows.isEmpty && second.texts == first.texts)
  }

  @Test func threadsChangeNoBit() async {
    await #expect(processExitsWith: .success) {
      func result(_ threads: Int) throws -> EvaluationResult {
        Compute.threads = threads
        return try Fixture.evaluate(
          Fixture.input(LitRadiographs(Fixture.records(96)), train: Array(0..<64), test: Array(64..<96)))
      }
      let alone = try result(1)
      #expect(!alone.metrics.isEmpty)
      #expect(try result(2) == alone)
      #expect(try result(3) == alone)
    }
  }

  @Test func oneClassARadiographIsJudgedByAccuracy() throws {
    let result = try Fixture.evaluate(
      Fixture.input(
        Self.radiographs, train: Array(0..<64), test: Array(64..<96), findings: ["bright"]),
      ["loss": .text("cross-entropy"), "epochs": .integer(15)])
    let accuracy = try #require(result.metrics.first { $0.key.name == "accuracy" })
    #expect(accuracy.value > 0.9 && accuracy.uncertainty != nil)
    #expect(result.value("AUROC of none of these, 100% of labels") != nil)
  }

  @Test func undefinedClassesAreNamedAndLeftOut() throws {
    let workspace = MemoryWorkspace()
    let input = Fixture.input(
      LitRadiographs(Fixture.records(96), findingNames: ["bright", "low", "never"]), train: Array(0..<64),
      test: Array(64..<96), workspace)
    let result = try Fixture.evaluate(input)
    #expect(!result.metrics.contains { $0.key.className == "never" })
    #expect(result.value("AUROC of low, 100% of labels") != nil)
    #expect(result.notes.contains { $0.hasPrefix("left out") && $0.hasSuffix("never") })
    #expect(workspace.notes.contains { $0.contains("no positive radiograph of never to learn from") })
    #expect(
      try #require(workspace.texts["classification.json"]).contains("\"undefined\" : [\n        \"never\""))
    let nothing = Fixture.input(
      Self.radiographs, train: Array(0..<64), test: stride(from: 64, to: 96, by: 4).map { $0 })
    #expect { _ = try Fixture.evaluate(nothing) } throws: { "\($0)".contains("no AUROC is defined") }
  }

  @Test func fewLabelsFallBackToTheLoss() throws {
    let workspace = MemoryWorkspace()
    // Validation by one patient whose two radiographs agree in "low".
    let result = try Fixture.evaluate(
      Fixture.input(
        Self.radiographs, train: Array(0..<24), test: Array(64..<96), findings: ["low"], workspace),
      ["fraction": .list([.number(0.1)]), "validation_fraction": .number(0.05)])
    #expect(result.value("AUROC of low, 10% of labels") != nil)
    #expect(workspace.notes.contains { $0.contains("the epoch is chosen by their loss") })
    let none = MemoryWorkspace()
    _ = try Fixture.evaluate(
      Fixture.input(Self.radiographs, train: [0, 1], test: Array(64..<96), none),
      ["validation_fraction": .number(0.5), "validation": .text("subset")])
    #expect(none.warnings.contains { $0.contains("no radiograph is left to choose the epoch by") })
  }

  @Test func radiographsThatCannotBeUsedAreLeftOut() throws {
    var radiographs = LitRadiographs(Fixture.records(96))
    radiographs.unusable = Set(stride(from: 0, to: 96, by: 5))
    let workspace = MemoryWorkspace()
    let result = try Fixture.evaluate(
      Fixture.input(radiographs, train: Array(0..<64), test: Array(64..<96), workspace),
      ["epochs": .integer(10)])
    #expect(try #require(result.value("AUROC, 100% of labels")) > 0.8)
    #expect(try #require(workspace.texts["classification.json"]).contains("\"radiographs\" : 25"))
  }

  @Test func numbersThatAreNoneStopTheTrial() throws {
    let model = WorldModel(Fixture.shape, latents: [], seed: 4)
    model.targetEncoder!.entries.last?.parameter.tensor.pointer[0] = .nan
    let input = Fixture.input(
      Self.radiographs, train: Array(0..<64), test: Array(64..<96), model: model)
    #expect { _ = try Fixture.evaluate(input) } throws: { error in
      "\(error)".contains("100% of labels, seed 0: step 1: the loss is not finite")
        && "\(error)".contains("radiograph-")
    }
  }

  @Test func optionsThatDoNotFitAreRefused() {
    for (name, value, text) in [
      ("shots", OptionValue.list([.number(1.5)]), "whole numbers"),
      ("fraction", .list([.number(0.1), .number(0.1)]), "10% of labels stands there twice"),
    ] {
      #expect { _ = try Fixture.settings([name: value]) } throws: { "\($0)".contains(text) }
    }
  }

  @Test func allLabelsWhereNothingIsSaid() throws {
    #expect(try Fixture.settings(["fraction": .list([])]).training.regimes == [.fraction(1)])
    let shots = try Fixture.settings(["fraction": .list([]), "shots": .list([.number(3)])])
    #expect(shots.training.regimes == [.shots(3)])
  }

  @Test func theThresholdPartsPositivesFromNegatives() {
    func threshold(_ scores: [Double], _ truth: [Bool?]) -> Double { KeptModel.threshold(scores, truth) }
    // Halfway between the lowest score above and the highest below; what is unknown has no say.
    #expect(threshold([0.9, 0.75, 0.25, 0.1, 0.5], [true, true, false, false, nil]) == 0.5)
    #expect(threshold([0.5, 0.25, 0.125, 0], [true, false, false, false]) == 0.375)
    // Two of three found without an alarm beat three of three with one alarm in two.
    #expect(threshold([0.875, 0.75, 0.5, 0.25, 0], [true, true, false, true, false]) == 0.625)
    // Equal scores fall on one side, so that nothing is gained from the pair of 0.5.
    #expect(threshold([0.5, 0.5], [true, false]) == 0.5)
    #expect(threshold([0.25, 0.75], [true, nil]) == 0.5)
  }

  @Test func theScheduleRisesAndFalls() throws {
    let schedule = TrialSchedule(
      radiographs: 20,
      try Fixture.settings([
        "epochs": .integer(10), "minimum_steps": .integer(100), "warmup_epochs": .number(2),
        "learning_rate": .number(1),
      ]).training)
    #expect(schedule.stepsPerPass == 3 && schedule.stepsPerEpoch == 10 && schedule.steps == 100)
    #expect(schedule.learningRate(at: 0) == 1.0 / 21 && schedule.learningRate(at: 20) == 1)
    #expect(abs(schedule.learningRate(at: 99) - 0.01) < 1e-12)
    #expect((20..<99).allSatisfy { schedule.learningRate(at: $0) > schedule.learningRate(at: $0 + 1) })
    #expect((0..<3).flatMap { Array(schedule.places(at: $0, radiographs: 20)) } == Array(0..<20))
    #expect(schedule.places(at: 3, radiographs: 20) == schedule.places(at: 0, radiographs: 20))
  }

  @Test func theEntryPointRegistersFineTuning() throws {
    let library = try #require(
      dlopen(try BuildFolder.library("FineTuneEvaluation"), RTLD_NOW | RTLD_LOCAL))
    let symbol = try #require(dlsym(library, CHEX_PLUGIN_ENTRY))
    let entry = unsafeBitCast(
      symbol, to: (@convention(c) () -> UnsafePointer<chex_plugin_information>).self)
    let information = entry().pointee
    #expect(String(cString: information.name) == "finetune")
    #expect(String(cString: information.coreFingerprint) == CHEX_CORE_FINGERPRINT)
    let registry = PluginRegistry()
    #expect(
      information.registerInto(information.context, Unmanaged.passUnretained(registry).toOpaque()) == nil)
    #expect(registry.evaluations.map(\.name) == ["finetune"])
  }
}
