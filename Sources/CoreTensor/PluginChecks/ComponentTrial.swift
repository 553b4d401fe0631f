import CoreTensor
import NeuralNetworks
import WorldModel

/// A component, tried alone and in a small model.
struct ComponentTrial {
  let definition: ComponentDefinition
  let given: [String: OptionValue]
  private let shape = TrialConfiguration.suiting([])

  init(definition: ComponentDefinition, given: [String: OptionValue]) {
    (self.definition, self.given) = (definition, given)
  }

  private var chosen: Options { Options(definition.options, given: given) }

  func options() throws {
    try OptionTrial.check(definition.options) { options in
      switch definition {
      case .encoder(let own): _ = try own.make(options)
      case .predictor(let own): _ = try own.make(options)
      case .optimizer(let own): _ = try own.make(options, request([], [:]))
      case .schedule(let own): _ = try own.make(options, Self.run)
      }
    }
  }

  private func request(_ parameters: [Parameter], _ averages: [ObjectIdentifier: Parameter])
    -> OptimizerRequest
  {
    OptimizerRequest(parameters: parameters, averages: averages, weightDecay: 0, clipNorm: 1)
  }

  // MARK: Networks

  private func initializer() -> Initializer {
    Initializer(random: RandomStream(seed: TaskTrial.seed, stream: "component"))
  }

  func features(_ own: EncoderDefinition) throws {
    var random = initializer()
    let encoder = try own.make(chosen)(shape.encoder, &random)
    guard encoder.shape == shape.encoder else {
      throw Broken("asked for \(shape.encoder), it says of itself \(encoder.shape)")
    }
    let (side, width, patches) = (shape.encoder.imageSize, shape.encoder.width, shape.encoder.patchCount)
    let images = TaskTrial.noise([2, 3, side, side])
    try expect(encoder(images), [2, patches, width], "all patches")
    let visible = [[0, 3, 9], [1, 2, 30]]
    let seen = encoder(images, visible: visible)
    try expect(seen, [2, 3, width], "three visible patches")
    try expect(
      encoder(images, visible: visible, of: [[1], [2]]), [2, 1, width], "one of three visible patches")
    // Everything but the visible patches is changed.
    let grid = shape.encoder.gridSize
    let changed = Tensor(images.shape) { values in
      for (index, value) in images.values.enumerated() {
        let (image, row, column) = (index / (3 * side * side), index / side % side, index % side)
        let patch = row * grid / side * grid + column * grid / side
        values[index] = visible[image].contains(patch) ? value : -value
      }
    }
    guard encoder(changed, visible: visible).values == seen.values else {
      throw Broken("features of visible patches change with patches that are not visible")
    }
  }

  func predictions(_ own: PredictorDefinition) throws {
    var random = initializer()
    let predictor = try own.make(chosen)(shape.predictor, &random)
    let places = [[GridPlace(row: 0, column: 1.5)], [GridPlace(row: -2, column: 9)]]
    let tokens = predictor.maskTokens(at: places)
    try expect(tokens, [2, 1, shape.predictor.width], "mask tokens of one place")
    let context = TaskTrial.noise([2, 3, shape.predictor.featureWidth])
    let predicted = predictor(context: context, visible: [[0, 3, 9], [1, 2, 30]], maskTokens: tokens)
    try expect(predicted, [2, 1, shape.predictor.featureWidth], "predictions of one place")
  }

  private func expect(_ found: Tensor, _ shape: [Int], _ what: String) throws {
    guard found.shape == shape, found.values.allSatisfy(\.isFinite) else {
      throw Broken("\(what): expected finite values of shape \(shape), found \(found.shape)")
    }
  }

  // MARK: Training

  private func optimization() throws -> Optimization {
    var (encoder, predictor) = (Networks.standard.makeEncoder, Networks.standard.makePredictor)
    if case .encoder(let own) = definition { encoder = try own.make(chosen) }
    if case .predictor(let own) = definition { predictor = try own.make(chosen) }
    let model = WorldModel(
      shape, latents: [], networks: Networks(makeEncoder: encoder, makePredictor: predictor),
      seed: TaskTrial.seed)
    guard case .optimizer(let own) = definition else {
      return Optimization(model, settings: AdamWSettings(), reduction: .mean)
    }
    return Optimization(
      model, optimizer: try own.make(chosen, request(model.trainable, model.averages)), reduction: .mean)
  }

  func training() throws {
    let once = try optimization()
    let before = once.model.entries.map { $0.parameter.tensor.values }
    for step in 0..<4 {
      _ = try once.step([TrialConfiguration.batch(shape, step)], learningRate: 1e-3, emaDecay: 0.9)
    }
    // Plain steps of small gradients are lost beside a norm's weight of 1, so that optimisers answer for matrices.
    let leastDimensions = if case .optimizer = definition { 2 } else { 1 }
    for (entry, old) in zip(once.model.entries, before)
    where entry.parameter.isTrainable && entry.parameter.shape.count >= leastDimensions
      && entry.parameter.tensor.values == old
    {
      throw Broken(
        "\(entry.name) is the same after four steps; nothing of the loss reaches it, or it is not updated")
    }
    let (first, second) = (try optimization(), try optimization())
    for step in 0..<2 {
      _ = try first.step([TrialConfiguration.batch(shape, step)], learningRate: 1e-3, emaDecay: 0.9)
    }
    for (from, to) in zip(first.model.entries, second.model.entries) {
      to.parameter.assign(from.parameter.tensor)
    }
    for (from, to) in zip(first.optimizer.state, second.optimizer.state) {
      to.tensor.overwrite(with: from.tensor)
    }
    second.optimizer.updates = first.optimizer.updates
    for step in 2..<4 {
      _ = try second.step([TrialConfiguration.batch(shape, step)], learningRate: 1e-3, emaDecay: 0.9)
    }
    guard
      once.model.entries.map({ $0.parameter.tensor.values })
        == second.model.entries.map({ $0.parameter.tensor.values })
    else {
      throw Broken(
        "four steps at once and two after two end with different weights; what is remembered must lie in parameters, or "
          + "in an optimiser's state")
    }
  }

  // MARK: Optimisers and schedules

  /// A parameter in a bowl around 1, and what follows it.
  private func bowl(_ own: OptimizerDefinition) throws -> (Parameter, Parameter, any Optimizer) {
    let (parameter, average) = (
      Parameter(Tensor([3, 0, -2, 1.5], shape: [2, 2]), name: "bowl"),
      Parameter(Tensor([2, 2], repeating: 0), name: "average", trainable: false)
    )
    let averages = [ObjectIdentifier(parameter): average]
    return (parameter, average, try own.make(chosen, request([parameter], averages)))
  }

  private func loss(_ parameter: Parameter) -> Tensor {
    meanSquaredError(parameter.tensor, Tensor([2, 2], repeating: 1))
  }

  func descent(_ own: OptimizerDefinition) throws {
    let (parameter, average, optimizer) = try bowl(own)
    let first = loss(parameter).scalar
    for _ in 0..<20 {
      let loss = loss(parameter)
      loss.backward()
      optimizer.step(learningRate: 1e-2, losses: [loss], emaDecay: 0.5)
    }
    let last = loss(parameter).scalar
    guard last < first else {
      throw Broken("twenty steps of learning rate 0.01 bring the loss from \(first) to \(last)")
    }
    guard average.tensor.values.contains(where: { $0 != 0 }) else {
      throw Broken(
        "what follows a parameter by moving average stays where it was; call follow(_:emaDecay:scale:)")
    }
    let names = optimizer.state.map(\.name)
    guard Set(names).count == names.count else { throw Broken("two states have one name, of \(names)") }
  }

  func refusal(_ own: OptimizerDefinition) throws {
    let (parameter, average, optimizer) = try bowl(own)
    loss(parameter).backward()
    optimizer.step(learningRate: 1e-2)
    func numbers() -> [[Float]] {
      [parameter.tensor.values, average.tensor.values] + optimizer.state.map(\.tensor.values)
    }
    let before = numbers()
    loss(parameter).backward()
    let broken = Tensor([.nan], shape: [1])
    guard !optimizer.step(learningRate: 1e-2, losses: [broken], emaDecay: 0.5).isFinite,
      numbers() == before
    else {
      throw Broken(
        "a step whose loss is no number changes a parameter, an average or the state; write with "
          + "Tensor.replace(by:where: scale.isFinite)")
    }
  }

  private static let run = ScheduleRequest(
    totalSteps: 50, warmupSteps: 5, learningRate: 1e-3, finalLearningRate: 1e-6, emaDecayStart: 0.9,
    emaDecayEnd: 1)

  func rates(_ own: ScheduleDefinition) throws {
    let schedule = try own.make(chosen, Self.run)
    guard schedule.totalSteps == Self.run.totalSteps else {
      throw Broken("asked for \(Self.run.totalSteps) steps, it says of itself \(schedule.totalSteps)")
    }
    for step in 0..<schedule.totalSteps {
      let (rate, emaDecay) = (schedule.learningRate(at: step), schedule.emaDecay(at: step))
      guard rate.isFinite, rate >= 0, (0...1).contains(emaDecay) else {
        throw Broken(
          "step \(step): learning rate \(rate), EMA decay \(emaDecay); expected a rate of 0 or more, and an EMA decay from "
            + "0 to 1")
      }
    }
  }
}
