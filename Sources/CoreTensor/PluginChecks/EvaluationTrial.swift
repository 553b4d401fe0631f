import CoreTensor
import WorldModel

/// An evaluation, tried on features made for it: two groups of radiographs, the one with a finding apart from the
/// other.
final class EvaluationTrial {
  private let definition: EvaluationDefinition
  private let given: [String: OptionValue]
  private let tasks: [TaskDefinition]
  private var made: [String: EvaluationResult] = [:]

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

  private func input(_ stream: String) -> EvaluationInput {
    var random = RandomStream(seed: TaskTrial.seed, stream: stream)
    func set(_ radiographs: Int, _ name: String) -> FeatureSet {
      let records = (0..<radiographs).map { index in
        RadiographRecord(
          identifier: "\(name)-\(index)", patient: "\(name)-\(index)",
          findings: index % 2 == 0 ? ["effusion"] : [])
      }
      let values = (0..<radiographs * 8).map { Float(random.normal()) + ($0 / 8 % 2 == 0 ? 1 : -1) }
      return FeatureSet(width: 8, records: records, values: values)
    }
    return EvaluationInput(
      train: set(40, "train"), test: set(20, "test"), findingNames: ["effusion"], seed: TaskTrial.seed)
  }

  /// The result for an input, taken once.
  private func result(_ stream: String) throws -> EvaluationResult {
    if let made = made[stream] { return made }
    let result = try takenAgain(stream)
    made[stream] = result
    return result
  }

  private func takenAgain(_ stream: String) throws -> EvaluationResult {
    let options = Options(definition.options, given: given)
    switch definition.subject {
    case .features(let make):
      let evaluation = try make(options)
      return try evaluation(input(stream))
    case .model(let make):
      let evaluation = try make(options)
      return try evaluation(ModelTrial(tasks).input(seed: TaskTrial.seed + (stream == "a" ? 0 : 1)))
    }
  }

  func metrics() throws {
    let first = try result("a")
    guard first == (try takenAgain("a")) else {
      throw Broken("the same input gives another result the second time")
    }
    for odd in (first.metrics + (try result("b").metrics)) where !odd.value.isFinite {
      throw Broken("metric \"\(odd.key)\" is \(odd.value); throw an error that says what is missing")
    }
  }

  func keys() throws {
    let (first, second) = (try result("a"), try result("b"))
    let (keys, others) = (first.metrics.map(\.key), second.metrics.map(\.key))
    guard keys == others, Set(keys).count == keys.count else {
      throw Broken(
        "metrics are called \(keys.map(\.description)), and \(others.map(\.description)) on other input; keys must "
          + "be unique and stay")
    }
    let shown = first.tables.flatMap { $0.columns.flatMap(\.keys) }.compactMap { $0 }
    if let missing = shown.first(where: { !keys.contains($0) }) {
      throw Broken("a table shows \"\(missing)\", which is none of the metrics \(keys.map(\.description))")
    }
  }

  /// What the evaluation's command takes of its own accord, and shows in its help.
  func command() throws {
    for preset in definition.presets {
      for own in preset.values {
        guard let declaration = definition.options.first(where: { $0.name == own.name }) else {
          throw Broken("preset \"\(preset.name)\" sets \"\(own.name)\", which is no option")
        }
        guard declaration.accept(own.value) != nil else {
          throw Broken(
            "preset \"\(preset.name)\": \(own.name) = \(own.value.tomlText), allowed is \(declaration.allowed)"
          )
        }
      }
    }
    for example in definition.command.examples
    where !(example.line + " ").hasPrefix(definition.commandName + " ") {
      throw Broken(
        "the example \"\(example.line)\" begins with other words than the command, \"\(definition.commandName)\""
      )
    }
  }
}
