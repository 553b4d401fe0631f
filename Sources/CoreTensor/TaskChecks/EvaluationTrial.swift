import CoreTensor
import WorldModel

/// An evaluation, tried on features made for it: two groups of films, the one with a finding apart from the other.
final class EvaluationTrial {
  private let definition: EvaluationDefinition
  private let given: [String: OptionValue]
  private let tasks: [TaskDefinition]
  private var made: [String: [EvaluationFigure]] = [:]

  init(definition: EvaluationDefinition, given: [String: OptionValue], tasks: [TaskDefinition]) {
    self.definition = definition
    self.given = definition.trial.merging(given) { $1 }
    self.tasks = tasks
  }

  func options() throws {
    try OptionTrial.check(definition.options) {
      switch definition.subject {
      case .features(let make): _ = try make($0)
      case .model(let make): _ = try make($0)
      }
    }
  }

  private func scene(_ stream: String) -> EvaluationScene {
    var random = RandomStream(seed: TaskTrial.seed, stream: stream)
    func set(_ films: Int, _ name: String) -> FeatureSet {
      let records = (0..<films).map { index in
        FilmRecord(
          identifier: "\(name)-\(index)", patient: "\(name)-\(index)",
          findings: index % 2 == 0 ? ["effusion"] : [])
      }
      let values = (0..<films * 8).map { Float(random.normal()) + ($0 / 8 % 2 == 0 ? 1 : -1) }
      return FeatureSet(width: 8, records: records, values: values)
    }
    return EvaluationScene(
      train: set(40, "train"), test: set(20, "test"), findingNames: ["effusion"], seed: TaskTrial.seed)
  }

  /// The figures of a scene, taken once.
  private func figures(_ stream: String) throws -> [EvaluationFigure] {
    if let made = made[stream] { return made }
    let figures = try takenAgain(stream)
    made[stream] = figures
    return figures
  }

  private func takenAgain(_ stream: String) throws -> [EvaluationFigure] {
    let options = Options(definition.options, given: given)
    switch definition.subject {
    case .features(let make):
      let evaluation = try make(options)
      return try evaluation(scene(stream))
    case .model(let make):
      let evaluation = try make(options)
      return try evaluation(ModelTrial(tasks).scene(seed: TaskTrial.seed + (stream == "a" ? 0 : 1)))
    }
  }

  func figures() throws {
    let first = try figures("a")
    guard !first.isEmpty else { throw Broken("there is no figure; an evaluation gives one or more") }
    guard first == (try takenAgain("a")) else {
      throw Broken("the same features give other figures the second time")
    }
    if let odd = (first + (try figures("b"))).first(where: { !$0.value.isFinite }) {
      throw Broken("figure \"\(odd.name)\" is \(odd.value); throw an error that says what is missing")
    }
  }

  func names() throws {
    let (first, second) = (try figures("a").map(\.name), try figures("b").map(\.name))
    guard first == second, Set(first).count == first.count else {
      throw Broken(
        "figures are called \(first), and \(second) on other features; names must be unique and stay")
    }
  }
}
