import CoreTensor
import Imaging
import WorldModel

/// One radiograph's patch features as colours, on components that it has in common with others.
struct ColoredRadiograph: RadiographExplanation {
  let evaluation: PCAEvaluation
  /// Radiographs that share the components.
  private static let others = 63
  /// Of these, those that are drawn beside it.
  private static let shown = 2

  func callAsFunction(_ input: ModelEvaluationInput) throws -> PictureSheet {
    let enlargement = try evaluation.chosenEnlargement(input)
    let radiographs = try ShownRadiographs(
      input, input.test + input.train.prefix(Self.others), enlargement: enlargement)
    guard radiographs.records[0].identifier == input.radiographs.records[input.test[0]].identifier else {
      throw PCAError("the radiograph cannot be decoded; see the warnings above, and name another")
    }
    let shown = Array(0...min(Self.shown, radiographs.count - 1))
    return evaluation.sheet(
      try evaluation.colors(input, radiographs, enlargement), radiographs, shown, enlargement)
  }
}
