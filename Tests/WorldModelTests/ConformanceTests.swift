import CoreTensor
import Imaging
import Layers
import PluginHost
import TaskChecks
import Testing
import WorldModel

/// The shipped tasks keep every promise, and each promise, broken, is noticed.
@Suite struct ConformanceTests {
  private static func shipped() throws -> [TaskDefinition] {
    try TaskPlugins.definitions(["local", "global", "domain"])
  }

  @Test(arguments: ["local", "global", "domain"]) func shippedTasksKeepEveryPromise(name: String) throws {
    let all = try Self.shipped()
    let own = try #require(all.first { $0.name == name })
    #expect(checkTask(own, alongside: all).filter { !$0.isKept } == [])
  }

  @Test(arguments: Fault.allCases) func brokenPromisesAreNoticed(fault: Fault) throws {
    let local = try TaskPlugins.definitions(["local"])[0]
    let broken = checkTask(FaultyTask.definition(fault), alongside: [local]).filter { !$0.isKept }
    #expect(broken.allSatisfy { ($0.problem?.count ?? 0) > 30 })
    guard let promise = fault.promise else {
      #expect(broken == [])
      return
    }
    #expect(broken.contains { $0.promise.contains(promise) }, "\(fault): \(broken)")
  }

  /// A task that owns an objective and proposes nothing: no target is encoded, and its terms are the loss.
  @Test func objectivesAlone() throws {
    let tasks = [ObjectiveTask()]
    let batch = try batch(tasks)
    let world = WorldModel(
      model([]).shape, latents: [], objectives: [OwnedObjective(task: "own", objective: Halves())], seed: 5)
    let output = try world(batch, reduction: .sum)
    #expect(output.targets.count == 1 && output.targets[0] == nil && output.predictions.isEmpty)
    #expect(output.terms.map(\.name) == ["own.first", "own.told"])
    #expect(abs(output.loss - (0.5 * output.terms[0].value + output.terms[1].value)) < 1e-6)
    #expect(output.objective.scalar == output.loss && output.objectiveSeconds["own"]! > 0)
    // Sample i was told i.
    #expect(abs(output.terms[1].value - 14.0 / 4) < 1e-5)
    output.objective.backward()
    #expect(world.encoder.entries.contains { $0.parameter.gradient != nil })
    #expect(world.predictor.entries.allSatisfy { $0.parameter.gradient == nil })
  }

  /// Beside a prediction the terms join, whichever way predictions are put together; a naive loss has them once.
  @Test(arguments: [false, true]) func objectivesBesidePredictions(naive: Bool) throws {
    let tasks: [any WorldTask] = try TaskPlugins.make(["local"]) + [ObjectiveTask()]
    let batch = try batch(tasks, naive: naive)
    let world = WorldModel(
      model([]).shape, latents: [], objectives: [OwnedObjective(task: "own", objective: Halves())], seed: 5)
    for reduction in LossReduction.allCases {
      let output = try world(batch, reduction: reduction)
      #expect(output.terms.map(\.name) == [naive ? "local.z11" : "z11", "own.first", "own.told"])
      let values = output.terms.map(\.value)
      #expect(abs(output.loss - (values[0] + 0.5 * values[1] + values[2])) < 1e-5)
      #expect(abs(output.objective.scalar - output.loss) < 1e-5)
    }
  }

  @Test func termsThatAreNone() throws {
    for (kind, expected) in [
      (OddTerm.Kind.matrix, AssemblyError.notScalar(task: "own", term: "odd", shape: [4, 64, 24])),
      (.constant, .withoutHistory(task: "own", term: "odd")),
    ] {
      let world = WorldModel(
        model([]).shape, latents: [],
        objectives: [OwnedObjective(task: "own", objective: OddTerm(kind: kind))],
        seed: 5)
      let error = try #require(throws: AssemblyError.self) {
        _ = try world(batch([ObjectiveTask()]), reduction: .sum)
      }
      #expect(error == expected && error.description.count > 60)
    }
  }

  @Test func dataSources() throws {
    let definition = DataSourceDefinition(name: "odd", summary: "odd", options: []) { _, _ in OddSource() }
    let problems = checkDataSource(definition).compactMap(\.problem)
    #expect(
      problems.count == 2 && problems[0].contains("called \"a\"") && problems[1].contains("outside [0, 1]"))
  }
}

enum Fault: CaseIterable {
  case none, counter, unknownPatch, latentForOneCount, unusedParameter, wrongGradient, memory, badDefault
  /// Words of the promise that it breaks.
  var promise: String? {
    switch self {
    case .none: nil
    case .counter: "a draw depends on"
    case .unknownPatch: "supervisions name"
    case .latentForOneCount: "latents apply"
    case .unusedParameter: "gradients reach"
    case .wrongGradient: "finite differences"
    case .memory: "resumed run"
    case .badDefault: "options are declared"
    }
  }
}

/// Hides one patch, and makes one mistake.
private struct FaultyTask: WorldTask, TaskPlan {
  let fault: Fault
  let name = "faulty"
  let requiredViews = 1
  let state = State()

  final class State: @unchecked Sendable { var count = 0 }

  static func definition(_ fault: Fault) -> TaskDefinition {
    TaskDefinition(
      name: "faulty", summary: "faulty",
      options: [
        OptionDeclaration(
          "rate", .number(default: fault == .badDefault ? 2 : 0.5, in: 0...1), help: "of nothing")
      ], make: { _, _ in FaultyTask(fault: fault) })
  }

  func makeLatents(random: inout RandomStream) -> [any Latent] {
    [FaultyLatent(fault: fault, Initializer(random: random))]
  }
  func makeObjective(random: inout RandomStream) -> (any Objective)? {
    FaultyObjective(fault: fault, Initializer(random: random))
  }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw {
    if fault == .counter { state.count += 1 }
    return Draw(task: self, sample: sample)
  }

  private struct Draw: TaskDraw {
    let task: FaultyTask
    let sample: SampleScope
    func editVisibility(of context: inout any Context) {
      if context.visible.count > 1 { context.visible.removeLast() }
      if task.fault == .unknownPatch { context.visible.append(64) }
    }
    func supervisions(views: [Frame]) -> [Supervision] {
      views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
    }
    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      [LatentValue(latent: "faulty", numbers: [Float(task.fault == .counter ? task.state.count : 1)])]
    }
  }
}

private final class FaultyLatent: Latent {
  let name = "faulty"
  let width = 1
  let fault: Fault
  let shift: Linear
  let unused: Parameter

  init(fault: Fault, _ initializer: Initializer) {
    var initializer = initializer
    self.fault = fault
    shift = Linear(1, 16, initializer: &initializer)
    unused = initializer.constant(1, [3])
  }
  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
    if fault == .latentForOneCount && tokens.shape[1] == 17 { return items(tokens, 0..<1) }
    return tokens + shift(repeatRows(numbers, tokens.shape[1]))
  }
  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(shift, "shift")
    if fault == .unusedParameter { visitor.parameter(unused, "unused") }
  }
}

private final class FaultyObjective: Objective {
  let fault: Fault
  let gain: Parameter
  var calls: Float = 0

  init(fault: Fault, _ initializer: Initializer) {
    self.fault = fault
    gain = initializer.constant(1, [32])
  }

  /// Mean square of the first context's features, moved by a parameter.
  func callAsFunction(_ scene: ObjectiveScene) -> [ObjectiveTerm] {
    calls += 1
    let features = addRowVector(scene.contexts[0].features, gain.tensor)
    let error = meanSquaredError(features, Tensor(features.shape, repeating: fault == .memory ? calls : 0.5))
    guard fault == .wrongGradient else { return [ObjectiveTerm("square", error)] }
    let wrong = record("wrong", [error], error.detached) { error.node?.receive($0 * 3) }
    return [ObjectiveTerm("square", wrong)]
  }
  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(gain, "gain") }
}

private struct OddSource: FilmSource {
  let summary = "odd"
  let records = [FilmRecord(identifier: "a"), FilmRecord(identifier: "a")]
  let findingNames: [String] = []
  func film(at index: Int) throws -> GrayImage { GrayImage(width: 4, height: 4, fill: 2) }
}

/// Proposes nothing, and tells its objective each sample's number.
private struct ObjectiveTask: WorldTask, TaskPlan {
  let name = "own"
  let requiredViews = 1
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(index: sample.index) }
  private struct Draw: TaskDraw {
    let index: Int
    var numbers: [Float] { [Float(index)] }
  }
}

/// Half of the features' mean square, and the mean square of what was told, through a parameter of value 1.
private final class Halves: Objective {
  let one = Parameter(Tensor([1], shape: [1, 1]))

  func callAsFunction(_ scene: ObjectiveScene) -> [ObjectiveTerm] {
    let features = scene.contexts[0].features
    let told = linear(scene.numbers!, weight: one.tensor, bias: nil)
    return [
      ObjectiveTerm("first", meanSquaredError(features, .zeros(features.shape)), weight: 0.5),
      ObjectiveTerm("told", meanSquaredError(told, .zeros(told.shape))),
    ]
  }
  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(one, "one") }
}

private final class OddTerm: Objective {
  enum Kind { case matrix, constant }
  let kind: Kind
  init(kind: Kind) { self.kind = kind }
  func callAsFunction(_ scene: ObjectiveScene) -> [ObjectiveTerm] {
    [ObjectiveTerm("odd", kind == .matrix ? scene.contexts[0].features : .zeros([1]))]
  }
  func visit(_ visitor: inout ParameterVisitor) {}
}
