import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import WorldModel

/// A task, tried on a small model, two encoder blocks of width 32: of 8 × 8 patches, or more where tasks need them.
struct TaskTrial {
  let definition: TaskDefinition
  let given: [String: OptionValue]
  let others: [TaskDefinition]
  let shape: WorldModelConfiguration
  static let batch = 4
  static let seed: UInt64 = 11

  init(_ definition: TaskDefinition, options: [String: OptionValue], alongside: [TaskDefinition]) {
    (self.definition, given) = (definition, options)
    others = alongside.filter { $0.name != definition.name }
    let own = (definition: definition, options: Options(definition.options, given: options))
    shape = TrialConfiguration.suiting(others.map { ($0, Options($0.options)) } + [own])
  }

  private func optionsOf(_ compatibility: Compatibility) throws {
    let environment = shape.environment(compatibility)
    try OptionTrial.check(definition.options) { options in
      try PluginCode("task \"\(definition.name)\"", "make").run {
        _ = try definition.make(options, environment)
      }
    }
  }

  func options() throws {
    for compatibility in Compatibility.allCases { try optionsOf(compatibility) }
  }

  /// The task and others, as a run's tasks.
  func tasks(_ others: [TaskDefinition] = [], _ compatibility: Compatibility = .paper) throws -> TaskSet {
    let own = (definition: definition, options: Options(definition.options, given: given))
    return try TaskSet(
      others.map { ($0, Options($0.options)) } + [own], environment: shape.environment(compatibility))
  }

  func plan(_ tasks: TaskSet, step: Int, naive: Bool = false) -> [BatchPlan] {
    let scope = BatchScope(seed: Self.seed, step: step, batchSize: Self.batch, geometry: shape.geometry)
    return TaskAssembly.assemblies(tasks: tasks.tasks, views: ViewSettings(), naive: naive).map {
      $0.plan(scope)
    }
  }

  func batch(_ tasks: TaskSet, step: Int, naive: Bool = false) throws -> WorldBatch {
    let parts = try plan(tasks, step: step, naive: naive).map { plan in
      try plan.collate(
        try (0..<Self.batch).map { try plan.sample(Self.radiograph($0 + step * Self.batch), index: $0) })
    }
    return parts.count == 1 ? parts[0] : WorldBatch.joined(parts)
  }

  func optimization(_ tasks: TaskSet) -> Optimization {
    Optimization(
      tasks.model(shape, seed: Self.seed), settings: AdamWSettings(), reduction: .mean,
      backend: Compute.backend)
  }

  func step(_ optimization: Optimization, _ batch: WorldBatch) throws -> Double {
    try optimization.step([batch], learningRate: 3e-3, emaDecay: 0.99).loss
  }

  /// A radiograph of waves and noise, another for each index.
  static func radiograph(_ index: Int) -> GrayImage {
    var random = RandomStream(seed: seed, stream: "film", index: index)
    var image = GrayImage(width: 60, height: 50)
    let (down, right) = (random.uniform(in: 0.1...0.4), random.uniform(in: 0.1...0.4))
    for row in 0..<image.height {
      for column in 0..<image.width {
        let wave = 0.5 + 0.35 * sin(Double(row) * down + Double(column) * right)
        image[row, column] = Float(wave + 0.1 * random.unit())
      }
    }
    return image
  }

  /// Parameters that the task brings to a model.
  func owned(_ model: WorldModel) throws -> [Parameter] {
    var random = RandomStream(seed: Self.seed, stream: "names")
    let latents = try tasks().tasks[0].makeLatents(random: &random).map(\.name)
    let prefixes = latents.map { "predictor.\($0)." } + ["tasks.\(definition.name)."]
    return model.trainable.filter { parameter in prefixes.contains { parameter.name.hasPrefix($0) } }
  }
}

// MARK: - Draws and structure

extension TaskTrial {
  func draws() throws {
    for compatibility in Compatibility.allCases {
      for step in [0, 5] {
        let (first, second) = (
          plan(try tasks([], compatibility), step: step)[0], plan(try tasks([], compatibility), step: step)[0]
        )
        let forward = try (0..<Self.batch).map { Self.text(try first.sample(Self.radiograph($0), index: $0)) }
        let backward = try (0..<Self.batch).reversed().map {
          Self.text(try second.sample(Self.radiograph($0), index: $0))
        }
        guard forward == backward.reversed() else {
          throw Broken(
            "sample \(difference(forward, backward.reversed())) of step \(step) is another one when samples are drawn "
              + "in another order; draw from scope.random(…) alone, and keep nothing between draws")
        }
        let together = Slots<String>(Self.batch)
        DispatchQueue.concurrentPerform(iterations: Self.batch) { index in
          together.set(index, (try? first.sample(Self.radiograph(index), index: index)).map(Self.text))
        }
        let drawn = together.values.map { $0 ?? "an error" }
        guard forward == drawn else {
          throw Broken(
            "sample \(difference(forward, drawn)) of step \(step) is another one when samples are drawn "
              + "at once; a plan and its draws must not change anything that they share")
        }
      }
    }
  }

  private func difference(_ a: [String], _ b: [String]) -> Int {
    zip(a, b).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
  }

  /// Everything of a sample but what it took.
  private static func text(_ sample: AssembledSample) -> String {
    let contexts = sample.contexts.map { context in
      "\(context.visible) \(context.hidden) \(context.pixels.pixels.map(\.bitPattern))"
    }
    let targets = sample.targets.map { "\($0.frame) \($0.pixels.pixels.map(\.bitPattern))" }
    let record = sample.record.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return
      "\(targets) \(contexts) \(sample.supervisions) \(sample.latents) \(sample.numbers.sorted { $0.key < $1.key }) \(record)"
  }

  func supervisions() throws {
    for compatibility in Compatibility.allCases {
      let tasks = try tasks([], compatibility)
      let model = tasks.model(shape, seed: Self.seed)
      for step in 0..<4 { try model.check(try batch(tasks, step: step)) }
    }
  }

  static func noise(_ shape: [Int]) -> Tensor {
    var random = RandomStream(seed: seed, stream: "noise")
    return Tensor((0..<shape.reduce(1, *)).map { _ in Float(random.normal()) }, shape: shape)
  }
}
