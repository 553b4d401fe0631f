import CoreTensor
import Metrics
import WorldModel

@c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
  pluginInformation(name: "correspondence", version: "1.0.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
    $0.register(CorrespondenceEvaluation.definition)
  }
}

/// Anatomical correspondence: a landmark of one radiograph is looked for in others by its features alone (paper section
/// 5.1, appendix B.2, Figure 6).
///
/// The whole radiograph goes through the encoder; each pixel has the features of a window of two by two tokens about it;
/// the landmark is taken to be where the features come nearest. The paper shows maps; here all ordered pairs of
/// radiographs are measured, beside guesses that look at no features, windows of pixels and the random encoder.
struct CorrespondenceEvaluation: ModelEvaluation {
  static let definition = EvaluationDefinition(
    name: "correspondence",
    summary: "Look for landmarks of one radiograph in others, by a run's features",
    options: CorrespondenceSettings.options,
    trial: [
      "images": .integer(3), "searched": .integer(2), "means": .integer(2), "pixels": .integer(8),
      "enlargements": .list([.integer(1)]), "pictures": .integer(1), "resamples": .integer(20),
    ],
    command: EvaluationCommand(examples: [
      EvaluationExample("correspondence runs/first", "on the phantom, which knows its landmarks"),
      EvaluationExample(
        "correspondence runs/first --data radiographs/index.csv --landmarks landmarks.csv --folds 5",
        "on radiographs of which somebody marked some points; each is tested once"),
      EvaluationExample(
        "correspondence runs/first --set correspondence.searched=0",
        "read as the paper does, without a search"),
    ]),
    makeForModel: { CorrespondenceEvaluation(try CorrespondenceSettings($0)) })

  let settings: CorrespondenceSettings

  init(_ settings: CorrespondenceSettings) { self.settings = settings }

  func callAsFunction(_ input: ModelEvaluationInput) throws -> EvaluationResult {
    let trained = TokenReader(input.model)
    try settings.check(trained)
    let side = settings.side(input.model.shape.encoder.imageSize)
    let test = try MarkedRadiograph.among(input.test, atMost: settings.radiographs, of: input, side: side)
    guard test.count > 1 else {
      throw CorrespondenceError(
        "expected two test radiographs with landmarks or more, found \(test.count) of \(input.test.count); name a table "
          + "of them by --landmarks FILE (file,landmark,x,y), or a source that knows some, such as the phantom"
      )
    }
    let names = Set(test.flatMap(\.landmarks.keys)).sorted()
    try input.workspace.note(
      "\(test.count) test radiographs, \(names.count) landmarks: \(names.joined(separator: ", "))")
    return try PackedWeights.keeping {
      try withoutGradients {
        let work = CorrespondenceWork(
          settings: settings, input: input, test: test, others: try others(input, side: side))
        let readers = [
          (CorrespondenceWork.trained, trained),
          (CorrespondenceWork.random, TokenReader(input.makeUntrained())),
        ]
        return try work.result(readers, landmarks: names)
      }
    }
  }

  /// Training radiographs, whose landmarks nobody need know.
  private func others(_ input: ModelEvaluationInput, side: Int) throws -> [MarkedRadiograph] {
    var found: [MarkedRadiograph] = []
    for index in MarkedRadiograph.spread(input.train) {
      guard found.count < settings.means else { break }
      do {
        found.append(
          MarkedRadiograph(
            input.radiographs.records[index], try input.radiographs.radiograph(at: index), [:],
            side: side))
      } catch let unusable as UnusableRadiograph { try input.workspace.warn("left out: \(unusable)") }
    }
    guard !found.isEmpty else {
      throw CorrespondenceError(
        "expected a training radiograph or more, over which means at each place are taken, found none of "
          + "\(input.train.count); --holdout X or the source's splits decide which they are")
    }
    return found
  }
}
