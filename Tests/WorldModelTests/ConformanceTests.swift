import CoreTensor
import Imaging
import NeuralNetworks
import PluginHost
import PluginChecks
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
    let checks = checkTask(FaultyTask.definition(fault), alongside: [local])
    #expect(checks.count == 14)
    let broken = checks.filter { !$0.isKept }
    #expect(broken.allSatisfy { ($0.problem?.count ?? 0) > 30 })
    guard let promise = fault.promise else {
      #expect(broken == [])
      return
    }
    let own = try #require(broken.first { $0.promise.contains(promise) }, "\(fault): \(broken)")
    for words in fault.words { #expect(own.problem!.contains(words), "\(fault): \(own)") }
  }

  /// A task that needs more patches than the smallest trial has is tried on more.
  @Test func theTrialSuitsTheTask() throws {
    let local = try TaskPlugins.definitions(["local"])[0]
    let checks = checkTask(local, options: ["minimum_patches": .integer(60)])
    #expect(checks.filter { !$0.isKept } == [])
    // No image of a trial has 2000 patches: the task's own sentence is the answer.
    let impossible = checkTask(local, options: ["minimum_patches": .integer(1000)])
    #expect(impossible.contains { $0.problem?.contains("1000 must stay") == true })
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

private struct OddSource: RadiographSource {
  let summary = "odd"
  let records = [RadiographRecord(identifier: "a"), RadiographRecord(identifier: "a")]
  let findingNames: [String] = []
  func radiograph(at index: Int) throws -> GrayImage { GrayImage(width: 4, height: 4, fill: 2) }
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

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let features = input.contexts[0].features
    let told = linear(input.numbers!, weight: one.tensor, bias: nil)
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
  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    [ObjectiveTerm("odd", kind == .matrix ? input.contexts[0].features : .zeros([1]))]
  }
  func visit(_ visitor: inout ParameterVisitor) {}
}
