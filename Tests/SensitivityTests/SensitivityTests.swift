import CoreTensor
import Foundation
import Imaging
import PluginChecks
import Testing
import WorldModel

@testable import SensitivityEvaluation

@Suite struct SensitivityTests {
  @Test func keepsEveryPromise() throws {
    let checks = checkEvaluation(
      SensitivityEvaluation.definition, tasks: try Trial.definitions(["local", "global", "domain"]))
    #expect(checks.filter { !$0.isKept } == [])
  }

  /// Candidates that are all alike tell nothing apart: every recall is chance, to the last bit.
  @Test func ofEqualCandidatesEachIsAsLikely() throws {
    let one: OptionValue = .list([.number(1), .number(1)])
    let figures = try Trial.evaluation([
      "brightness": one, "contrast": one, "gamma": one, "blur": .list([.number(0), .number(0)]),
    ])(Trial.input())
    for prediction in ["with a", "without a", "a averaged", "context features"] {
      for k in [1, 3, 5] {
        #expect(value(figures, "recall@\(k), \(prediction)") == Double(k) / 8)
        #expect(value(figures, "recall@\(k), chance") == Double(k) / 8)
      }
    }
    #expect(value(figures, "recall@5, with a over without a") == 1)
  }

  /// Where the task changes nothing, the context is the target, and at the start of training both encoders are one.
  @Test func unchangedContextsAreFound() throws {
    let workspace = MemoryWorkspace()
    let never: [String: OptionValue] = ["probability": .number(0), "blur_probability": .number(0)]
    let figures = try Trial.evaluation()(Trial.input(["domain"], ["domain": never], workspace))
    #expect(value(figures, "recall@1, context features") == 1)
    #expect(value(figures, "mean squared error, context features") == 0)
    // What is told is the neutral a.
    for k in [1, 3, 5] {
      #expect(value(figures, "recall@\(k), with a") == value(figures, "recall@\(k), without a"))
    }
    #expect(workspace.warnings.count == 1 && workspace.warnings[0].contains("changed no context"))
  }

  /// As in training: the local task hides patches, and those alone are predicted.
  @Test func hiddenPatchesArePredictedWhereTasksHideThem() throws {
    let hides: [String: OptionValue] = ["hidden": .text("tasks")]
    let whole = try Trial.evaluation()(Trial.input(["local", "domain"]))
    let hidden = try Trial.evaluation(hides)(Trial.input(["local", "domain"]))
    #expect(value(whole, "recall@1, context features") != nil)
    #expect(value(hidden, "recall@1, context features") == nil)
    let key = "mean squared error, with a"
    #expect(try #require(value(hidden, key)).isFinite && value(hidden, key) != value(whole, key))
    let error = #expect(throws: SensitivityError.self) {
      try Trial.evaluation(hides)(Trial.input(["domain"]))
    }
    #expect("\(try #require(error))".contains("expected a task that hides patches among the run's, domain"))
  }

  @Test func figuresDependOnNeitherThreadsNorInterruptions() throws {
    let threads = Compute.threads
    defer { Compute.threads = threads }
    var (figures, tables): ([EvaluationResult], [String?]) = ([], [])
    for count in [1, 3] {
      Compute.threads = count
      let workspace = MemoryWorkspace()
      figures.append(try Trial.evaluation()(Trial.input(["local", "global", "domain"], [:], workspace)))
      tables.append(workspace.texts["ranks.csv"])
    }
    var workspace = MemoryWorkspace(stopAfter: 1)
    #expect(throws: EvaluationStopped.self) {
      try Trial.evaluation()(Trial.input(["local", "global", "domain"], [:], workspace))
    }
    workspace = workspace.reopened()
    figures.append(try Trial.evaluation()(Trial.input(["local", "global", "domain"], [:], workspace)))
    tables.append(workspace.texts["ranks.csv"])
    #expect(figures[0] == figures[1] && figures[0] == figures[2])
    #expect(tables[0] == tables[1] && tables[0] == tables[2])
    let other = try Trial.evaluation(["seed": .integer(1)])(Trial.input(["local", "global", "domain"]))
    #expect(other.metrics.map(\.key) == figures[0].metrics.map(\.key) && other != figures[0])
  }

  @Test func savedWorkOfAnotherTestIsRefused() throws {
    let workspace = MemoryWorkspace(stopAfter: 1)
    #expect(throws: EvaluationStopped.self) {
      try Trial.evaluation()(Trial.input(["domain"], [:], workspace))
    }
    let error = try #require(throws: SensitivityError.self) {
      try Trial.evaluation(["candidates": .integer(9)])(Trial.input(["domain"], [:], workspace.reopened()))
    }
    #expect(error.description.contains("expected 81") && error.description.contains("--out"))
  }

  /// A task that changes an image's size is named here as in training.
  @Test func imagesOfAnotherSizeAreRefused() throws {
    let input = try Trial.input(["domain"])
    let shrinking = ModelEvaluationInput(
      model: input.model, makeUntrained: input.makeUntrained, tasks: [ShrinkingTask(inner: input.tasks[0])],
      views: input.views, radiographs: input.radiographs, train: [], validation: [], test: input.test,
      findingNames: [],
      seed: input.seed, workspace: input.workspace)
    let fault = try #require(throws: TaskFault.self) { try Trial.evaluation()(shrinking) }
    #expect(
      fault
        == .sizeChanged(
          code: "task \"domain\", editPixels", view: 0, sample: 0, side: 64, width: 32, height: 32))
  }

  @Test func withoutTheTaskThereIsNothingToTest() throws {
    let error = try #require(throws: SensitivityError.self) {
      try Trial.evaluation()(Trial.input(["local", "global"]))
    }
    for part in ["no task \"domain\"", "global, local", "--tasks", "sensitivity.task"] {
      #expect(error.description.contains(part), "\(error)")
    }
  }

  /// The ablation: no a to give, and so no ratio; what the model predicts stands under "without a".
  @Test func aModelThatIsNeverTold() throws {
    let workspace = MemoryWorkspace()
    let figures = try Trial.evaluation()(
      Trial.input(["domain"], ["domain": ["latent": .boolean(false)]], workspace))
    #expect(
      figures.metrics.map { "\($0.key)" }
        == [1, 3, 5].map { "recall@\($0), without a" } + [1, 3, 5].map { "recall@\($0), context features" }
        + [1, 3, 5].map { "recall@\($0), chance" } + [
          "mean squared error, without a", "mean squared error, context features",
        ])
    #expect(workspace.notes.contains { $0.contains("never told") })
    #expect(workspace.sheets["ranked-1"]?.rows.count == 1)
  }

  @Test func radiographsThatCannotBeUsedAreLeftOut() throws {
    let workspace = MemoryWorkspace()
    _ = try Trial.evaluation(["images": .integer(12)])(Trial.input(["domain"], [:], workspace))
    #expect(workspace.warnings.count == 1 && workspace.warnings[0].contains("torn"))
    let lines = try #require(workspace.texts["ranks.csv"]).split(separator: "\n")
    #expect(lines.count == 1 + 11 * 8 && lines[1].hasPrefix("\"wave \"\"0\"\"\",0,"))
    let places = lines.dropFirst().map { $0.split(separator: ",").suffix(4).compactMap { Int($0) } }
    #expect(places.allSatisfy { $0.count == 4 && $0.allSatisfy((1...8).contains) })
  }

  @Test func aRowIsDrawnOfItsRadiograph() throws {
    let workspace = MemoryWorkspace()
    _ = try Trial.evaluation()(Trial.input(["domain"], [:], workspace))
    #expect(Array(workspace.sheets.keys) == ["ranked-1"])
    let sheet = try #require(workspace.sheets["ranked-1"])
    #expect(sheet.rows.count == 2 && sheet.rows[0].groups.map(\.count) == [2, 8])
    for row in sheet.rows {
      // All eight candidates are shown, one of them the true target.
      let framed = row.groups[1].filter(\.isFramed)
      #expect(framed.count == 1 && framed[0].image == row.groups[0][1].image)
      #expect(row.groups[0][0].image != row.groups[0][1].image)
      let place = try #require(row.groups[1].firstIndex { $0.isFramed })
      #expect(row.label.contains("number \(place + 1) of 8"))
    }
  }
}

/// The domain's draws, on images of half the size.
private struct ShrinkingTask: WorldTask {
  let inner: any WorldTask
  var name: String { inner.name }
  let requiredViews = 1
  func plan(batch: BatchScope) -> any TaskPlan { Plan(inner: inner.plan(batch: batch)) }

  private struct Plan: TaskPlan {
    let inner: any TaskPlan
    func draw(sample: SampleScope) -> any TaskDraw { Draw(inner: inner.draw(sample: sample)) }
  }
  private struct Draw: TaskDraw {
    let inner: any TaskDraw
    func editPixels(of context: inout any Context) {
      context.pixels = context.pixels.resized(to: (context.pixels.height / 2, context.pixels.width / 2))
    }
    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      inner.latents(context: context, target: target, views: views)
    }
  }
}
