import CoreTensor
import NeuralNetworks
import PluginChecks
import Testing
import WorldModel

/// Where plugins stand in the registry changes nothing, and the check notices where it would.
@Suite struct OrderTests {
  private static let shape = model([]).shape

  /// Weights after two steps of tasks that were chosen in some order.
  private func weights(_ chosen: [TaskDefinition], naive: Bool) throws -> [String: [Float]] {
    let tasks = try TaskSet(
      chosen.map { ($0, Options($0.options)) }, environment: Self.shape.environment(.paper))
    let optimization = Optimization(
      tasks.model(Self.shape, seed: 5), settings: AdamWSettings(), reduction: .mean)
    for step in 0..<2 {
      _ = try optimization.step(
        [batch(tasks.tasks, scope(step: step), naive: naive)], learningRate: 1e-3, emaDecay: 0.99)
    }
    return Dictionary(
      uniqueKeysWithValues: optimization.model.entries.map { ($0.name, $0.parameter.tensor.values) })
  }

  /// With latents that move places and change tokens in ways that do not commute.
  @Test(arguments: [false, true]) func theRegistrysOrderChangesNoBit(naive: Bool) throws {
    let all =
      try TaskPlugins.definitions(["local", "global", "domain"])
      + [PlacingTask.definition("turn", .quarterTurn), PlacingTask.definition("slide", .slide)]
    let first = try weights(all, naive: naive)
    for order in [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
      #expect(try weights(order.map { all[$0] }, naive: naive) == first)
    }
  }

  @Test func tasksActInTheirOrderAndThenByName() throws {
    let chosen =
      [PlacingTask.definition("b", .slide), PlacingTask.definition("a", .slide)]
      + (try TaskPlugins.definitions(["domain", "global"])) + [PlacingTask.definition("z", .slide, order: -1)]
    let tasks = try TaskSet(
      chosen.map { ($0, Options($0.options)) }, environment: Self.shape.environment(.paper))
    #expect(tasks.tasks.map(\.name) == ["global", "z", "a", "b", "domain"])
    let model = tasks.model(Self.shape, seed: 1)
    #expect(model.latents.map(\.name) == ["offset", "z", "a", "b", "policy_net"])
    #expect(model.latentTasks == ["global", "z", "a", "b", "domain"])
  }

  @Test(arguments: [
    (PlacingTask.Effect.quarterTurn, PlacingTask.Effect.slide, 0, false), (.slide, .slide, 0, true),
    (.quarterTurn, .slide, 2, true), (.mixing, .mixing, 0, false), (.mixing, .mixing, 1, true),
    (.mixing, .slide, 0, true),
  ]) func latentsWhoseOrderMattersAreNoticed(
    own: PlacingTask.Effect, other: PlacingTask.Effect, order: Int, keeps: Bool
  ) throws {
    let checks = checkTask(
      PlacingTask.definition("own", own), alongside: [PlacingTask.definition("other", other, order: order)])
    let check = try #require(checks.first { $0.promise.contains("any order of the plugins") })
    #expect(check.isKept == keeps, "\(check)")
    guard !keeps else { return }
    let problem = try #require(check.problem)
    for words in ["latent \"own\" of task \"own\" and latent \"other\" of task \"other\"", "another `order`"]
    {
      #expect(problem.contains(words), "\(problem)")
    }
  }

  /// Of proposals for one pair fallbacks drop out; the others agree or take all patches, whoever comes first.
  @Test func proposalsMergeInAnyOrder() throws {
    func proposal(_ patches: PatchSelection, _ isFallback: Bool) -> Supervision {
      Supervision(context: 0, target: 0, patches: patches, isFallback: isFallback)
    }
    let hidden = PatchSelection.hidden(context: 0)
    let cases: [([Supervision], PatchSelection)] = [
      ([proposal(hidden, false), proposal(.all, true)], hidden),
      ([proposal(hidden, true), proposal(.all, true)], .all),
      ([proposal(hidden, true), proposal(hidden, true)], hidden),
      ([proposal(hidden, false), proposal(.all, false), proposal(hidden, false)], .all),
    ]
    for (proposals, patches) in cases {
      for order in [proposals, proposals.reversed()] {
        let tasks = order.enumerated().map { ProposingTask(name: "\($0)", proposal: $1) }
        let (_, drawn) = try samples(TaskAssembly(tasks: tasks, views: ViewSettings()), scope(batch: 1))
        #expect(drawn[0].supervisions.map(\.patches) == [patches])
      }
    }
  }
}

private struct ProposingTask: WorldTask, TaskPlan, TaskDraw {
  let name: String
  let proposal: Supervision
  let requiredViews = 1
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { self }
  func supervisions(views: [Frame]) -> [Supervision] { [proposal] }
}

/// Tells the predictor one thing, which moves places or changes tokens.
struct PlacingTask: WorldTask, TaskPlan, TaskDraw {
  enum Effect: Sendable { case quarterTurn, slide, mixing }
  let name: String
  let effect: Effect
  let order: Int
  let requiredViews = 1

  static func definition(_ name: String, _ effect: Effect, order: Int = 0) -> TaskDefinition {
    TaskDefinition(name: name, summary: name, options: []) { _, _ in
      PlacingTask(name: name, effect: effect, order: order)
    }
  }

  func makeLatents(random: inout RandomStream) -> [any Latent] {
    [PlacingLatent(name, effect, Initializer(random: random))]
  }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { self }
  func supervisions(views: [Frame]) -> [Supervision] {
    views.indices.map { Supervision(context: $0, target: $0, patches: .all, isFallback: true) }
  }
  func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
    [LatentValue(latent: name, numbers: [1.5])]
  }
}

private final class PlacingLatent: Latent {
  let name: String
  let width = 1
  private let effect: PlacingTask.Effect
  private let mixing: Linear

  init(_ name: String, _ effect: PlacingTask.Effect, _ initializer: Initializer) {
    var initializer = initializer
    (self.name, self.effect) = (name, effect)
    mixing = Linear(16, 16, initializer: &initializer)
  }

  func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace {
    switch effect {
    case .quarterTurn: GridPlace(row: place.column, column: Double(gridSize - 1) - place.row)
    case .slide: GridPlace(row: place.row + Double(numbers.first!), column: place.column)
    case .mixing: place
    }
  }
  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
    effect == .mixing ? relu(mixing(tokens)) : tokens
  }
  func visit(_ visitor: inout ParameterVisitor) {
    if effect == .mixing { visitor.module(mixing, "mixing") }
  }
}
