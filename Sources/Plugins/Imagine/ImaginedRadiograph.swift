import CoreTensor
import Imaging
import Imagining
import WorldModel

/// What is predicted of one radiograph's hidden and other parts, drawn with patches of other radiographs.
struct ImaginedRadiograph: RadiographExplanation {
  /// Radiographs whose patches may be drawn.
  private static let others = 31

  func callAsFunction(_ input: ModelEvaluationInput) throws -> PictureSheet {
    guard input.model.targetEncoder != nil else {
      throw ImagineError(
        "expected a model with a target encoder, whose features are predicted; this run has none "
          + "(model.target_encoder = \"absent\")")
    }
    let chosen = input.test + input.train.prefix(Self.others)
    return try PackedWeights.keeping {
      try withoutGradients {
        guard let group = try PredictionGroup(input, chosen[...], number: 0) else {
          throw ImagineError(
            "expected two radiographs that can be decoded or more, found fewer; see the warnings above, and raise --bank"
          )
        }
        return PredictionSheet(
          group, trained: try PredictedFeatures(input.model, group),
          untrained: try PredictedFeatures(input.makeUntrained(), group)
        ).sheet(rows: 1)
      }
    }
  }
}
