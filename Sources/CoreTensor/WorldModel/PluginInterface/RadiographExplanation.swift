/// Shows on one radiograph what an evaluation measures on many, for `chex-runner explain`.
///
/// Called on the main thread. It must depend on its input alone.
public protocol RadiographExplanation: Sendable {
  /// - Parameter input: `test` holds the one radiograph and nothing else; `train` holds radiographs of other patients, which
  ///   it may be compared with. The workspace keeps nothing.
  /// - Returns: pictures with words that a stranger understands: what is truth, and what is the model's.
  /// - Throws: an error that says what the model or the radiographs lack; the page then says so in its place.
  func callAsFunction(_ input: ModelEvaluationInput) throws -> PictureSheet
}

extension EvaluationDefinition {
  /// Makes an explanation from the evaluation's options.
  public typealias ExplanationMaker = @Sendable (Options) throws -> any RadiographExplanation

  /// The same evaluation, which has a part of the page that `chex-runner explain` makes of one radiograph.
  public func explaining(by make: @escaping ExplanationMaker) -> EvaluationDefinition {
    var definition = self
    definition.makeExplanation = make
    return definition
  }
}
