import CoreTensor
import Foundation
import NeuralNetworks
import PluginChecks
import Testing
import WorldModel

/// Objectives see targets and predictions, have heads that follow, and the target encoder may be frozen or absent.
@Suite struct ObjectiveInputTests {
  private static let shape = model([]).shape

  private static func shape(_ mode: TargetEncoderMode) -> WorldModelConfiguration {
    WorldModelConfiguration(encoder: shape.encoder, predictor: shape.predictor, targetEncoder: mode)
  }

  private func contrastive(_ mode: TargetEncoderMode = .follows) throws -> (TaskSet, Optimization) {
    let chosen = [(definition: ContrastiveTask.definition, options: Options([]))]
    let tasks = try TaskSet(chosen, environment: Self.shape(mode).environment(.paper))
    let model = tasks.model(Self.shape(mode), seed: 3)
    return (
      tasks, Optimization(model, settings: AdamWSettings(weightDecay: 0), reduction: .mean)
    )
  }

  private func step(_ optimization: Optimization, _ tasks: TaskSet, _ step: Int) throws -> Double {
    try optimization.step(
      [batch(tasks.tasks, scope(step: step, batch: 6))], learningRate: 3e-3, emaDecay: 0.9
    ).loss
  }

  // MARK: Momentum contrast

  /// Every promise, those of resumed runs and of finite differences among them, alone and beside others.
  @Test func momentumContrastKeepsEveryPromise() throws {
    let others = try TaskPlugins.definitions(["local", "global"])
    #expect(checkTask(ContrastiveTask.definition, alongside: others).filter { !$0.isKept } == [])
  }

  @Test func momentumContrastLearns() throws {
    let (tasks, optimization) = try contrastive()
    // The same radiographs and draws again and again: heads and encoder tell them apart.
    let losses = try (0..<40).map { _ in try step(optimization, tasks, 0) }
    #expect(losses.allSatisfy { $0.isFinite })
    #expect(losses[39] < 0.6 * losses[0], "\(losses[0]) to \(losses[39])")
  }

  @Test func averagesBeginEqualFollowAndAreSaved() throws {
    let (tasks, optimization) = try contrastive()
    let objective = try #require(optimization.model.objectives[0].objective as? ContrastiveObjective)
    let pairs = Array(zip(objective.projector.entries, objective.keyProjector.entries))
    #expect(pairs.count == 4)
    #expect(pairs.allSatisfy { $0.parameter.tensor.values == $1.parameter.tensor.values })
    let averages = optimization.model.averages
    for (head, average) in pairs {
      #expect(averages[ObjectIdentifier(head.parameter)] === average.parameter)
      #expect(!average.parameter.isTrainable)
    }
    let names = optimization.model.entries.map(\.name)
    #expect(names.contains("tasks.contrast.key_projector.second.weight"))
    let before = pairs.map { $0.0.parameter.tensor.values }
    _ = try step(optimization, tasks, 0)
    for (pair, old) in zip(pairs, before) {
      let (head, average) = (pair.0.parameter.tensor.values, pair.1.parameter.tensor.values)
      for index in old.indices {
        #expect(abs(average[index] - (0.9 * old[index] + 0.1 * head[index])) < 1e-6)
      }
    }
  }

  // MARK: What objectives see

  @Test(arguments: [false, true]) func objectivesSeeTargetsAndPredictions(wantsAll: Bool) throws {
    let tasks: [any WorldTask] = try TaskPlugins.make(["local", "global"])
    let watcher = WatchingObjective(wantsAll: wantsAll)
    var random = RandomStream(seed: 1, stream: "none")
    let world = WorldModel(
      Self.shape, latents: tasks.flatMap { $0.makeLatents(random: &random) },
      objectives: [OwnedObjective(task: "local", objective: watcher)], seed: 5)
    for naive in [false, true] {
      let batch = try batch(tasks, naive: naive)
      let output = try world(batch, reduction: .sum)
      let input = try #require(watcher.input)
      // A naive loss shows the objective its own task's part alone.
      let own = batch.supervisions.indices.filter { batch.supervisions[$0].group == 0 }
      #expect(own.count == (naive ? 1 : 4) && input.predictions.count == own.count)
      for (seen, index) in zip(input.predictions, own) {
        #expect(seen.context == batch.supervisions[index].context)
        #expect(seen.target == batch.supervisions[index].target)
        #expect(seen.patches == batch.supervisions[index].patches)
        #expect(seen.features.values == output.predictions[index].values && seen.features.requiresGradient)
      }
      for (view, seen) in input.targetFeatures.enumerated() {
        let seen = try #require(seen)
        #expect(!seen.features.requiresGradient)
        let whole = world.targetFeatures(batch.targets[view])
        let expected = gatherTokens(whole, seen.patches).values
        #expect(zip(expected, seen.features.values).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(seen.patches[0].count == (wantsAll || !naive ? 64 : batch.supervisions[0].patches[0].count))
      }
    }
  }

  /// Target features that nobody else asks for are computed where an objective wants them, and only there.
  @Test(arguments: [false, true]) func targetFeaturesWithoutSupervision(wantsAll: Bool) throws {
    let watcher = WatchingObjective(wantsAll: wantsAll)
    let world = WorldModel(
      Self.shape, latents: [], objectives: [OwnedObjective(task: "contrast", objective: watcher)], seed: 5)
    let output = try world(batch([ContrastiveTask(featureWidth: 24)]), reduction: .sum)
    #expect(output.targets.map { $0?.shape } == Array(repeating: wantsAll ? [4, 64, 24] : nil, count: 2))
    #expect(watcher.input?.targetFeatures.map { $0 == nil } == [!wantsAll, !wantsAll])
  }

  @Test func refusesHeadsWhoseFollowersAreNone() throws {
    for (fault, words) in [
      (OddHeads.Fault.otherShape, ["expected an average with", "[8, 24]", "[9, 24]"]),
      (.trained, ["weight would be trained", "trainable: false"]),
      (.hidden, ["shown to no visitor", "visit(_:)"]),
    ] {
      let world = WorldModel(
        Self.shape, latents: [],
        objectives: [OwnedObjective(task: "contrast", objective: OddHeads(fault))], seed: 5)
      let error = try #require(throws: TaskFault.self) {
        try world.check(batch([ContrastiveTask(featureWidth: 24)]))
      }
      #expect(error.description.hasPrefix("task \"contrast\", averagedHeads of its objective: "))
      for words in words { #expect(error.description.contains(words), "\(error)") }
    }
  }

  // MARK: Modes of the target encoder

  @Test func frozenTargetEncodersKeepTheirWeights() throws {
    let (tasks, optimization) = try contrastive(.frozen)
    let model = optimization.model
    let teacher = try #require(model.targetEncoder)
    let before = teacher.entries.map { $0.parameter.tensor.values }
    #expect(zip(before, model.encoder.entries).allSatisfy { $0 == $1.parameter.tensor.values })
    _ = try step(optimization, tasks, 0)
    #expect(teacher.entries.map { $0.parameter.tensor.values } == before)
    #expect(model.encoder.entries.map { $0.parameter.tensor.values } != before)
    #expect(model.entries.contains { $0.name.hasPrefix("target_encoder.") })
    // Heads of objectives follow nevertheless, and what was trained is what evaluations judge.
    #expect(model.averages.count == 4 && model.transferredEncoder === model.encoder)
  }

  @Test func absentTargetEncodersAreNotThere() throws {
    let objective = WatchingObjective(wantsAll: false)
    let world = WorldModel(
      Self.shape(.absent), latents: [], objectives: [OwnedObjective(task: "contrast", objective: objective)],
      seed: 5)
    #expect(world.targetEncoder == nil && world.transferredEncoder === world.encoder)
    #expect(!world.entries.contains { $0.name.hasPrefix("target_encoder.") } && world.averages.isEmpty)
    let batch = try batch([ContrastiveTask(featureWidth: 24)])
    try world.check(batch)
    let output = try world(batch, reduction: .sum)
    #expect(output.loss.isFinite && output.targets.allSatisfy { $0 == nil })
    // The encoder begins as it does beside a target encoder.
    let other = WorldModel(Self.shape, latents: [], seed: 5)
    #expect(
      world.encoder.entries.map { $0.parameter.tensor.values }
        == other.encoder.entries.map { $0.parameter.tensor.values })
  }

  @Test func refusesWhatNeedsAnAbsentTargetEncoder() throws {
    let local = try TaskPlugins.make(["local"])
    let world = WorldModel(Self.shape(.absent), latents: [], seed: 5)
    let error = try #require(throws: AssemblyError.self) { try world.check(batch(local)) }
    #expect(error == .noTargetEncoder(tasks: ["local"], wanting: "supervisions z11"))
    #expect(error.description.contains("model.target_encoder") && error.description.contains("\"ema\""))
    let (tasks, optimization) = try contrastive(.absent)
    let other = try #require(throws: AssemblyError.self) { _ = try step(optimization, tasks, 0) }
    #expect(
      other == .noTargetEncoder(tasks: ["contrast"], wanting: "objectives that ask for target features"))
  }

  /// What was written before there was a choice means the moving average.
  @Test func shapesAreReadAsTheyWereWritten() throws {
    for mode in TargetEncoderMode.allCases {
      let data = try JSONEncoder().encode(Self.shape(mode))
      #expect(try JSONDecoder().decode(WorldModelConfiguration.self, from: data) == Self.shape(mode))
      var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(object.removeValue(forKey: "targetEncoder") as? String == mode.rawValue)
      let old = try JSONSerialization.data(withJSONObject: object)
      #expect(try JSONDecoder().decode(WorldModelConfiguration.self, from: old) == Self.shape)
    }
  }
}

/// Keeps what it sees; its term is the mean square of the first context's features.
private final class WatchingObjective: Objective {
  let wantsTargetFeatures: Bool
  private(set) var input: ObjectiveInput?
  init(wantsAll: Bool) { wantsTargetFeatures = wantsAll }
  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    self.input = input
    let features = input.contexts[0].features
    return [ObjectiveTerm("square", meanSquaredError(features, .zeros(features.shape)))]
  }
  func visit(_ visitor: inout ParameterVisitor) {}
}

/// A head and an average with one mistake.
private final class OddHeads: Objective {
  enum Fault { case otherShape, trained, hidden }
  let fault: Fault
  let head: Linear
  let average: Linear

  init(_ fault: Fault) {
    self.fault = fault
    let random = RandomStream(seed: 1, stream: "heads")
    var (trained, following) = (
      Initializer(random: random), Initializer(random: random, trainable: fault == .trained)
    )
    head = Linear(24, 8, initializer: &trained)
    average = Linear(24, fault == .otherShape ? 9 : 8, initializer: &following)
  }
  var averagedHeads: [(head: any Module, average: any Module)] { [(head, average)] }
  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] { [] }
  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(head, "head")
    if fault != .hidden { visitor.module(average, "average") }
  }
}
