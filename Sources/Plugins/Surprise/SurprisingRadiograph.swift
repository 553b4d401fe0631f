import CoreTensor
import Foundation
import Imaging
import WorldModel

/// Where one radiograph surprises the model, on the scale of others.
struct SurprisingRadiograph: RadiographExplanation {
  let evaluation: SurpriseEvaluation
  /// Radiographs on whose scale it is drawn; the others say what is usual at a place.
  private static let others = 24

  func callAsFunction(_ input: ModelEvaluationInput) throws -> PictureSheet {
    let others = Array(input.train.prefix(min(Self.others, input.train.count / 2)))
    let among = ModelEvaluationInput(
      model: input.model, makeUntrained: input.makeUntrained, tasks: input.tasks, views: input.views,
      radiographs: input.radiographs, train: Array(input.train.dropFirst(others.count)),
      validation: input.validation, test: input.test + others, findingNames: input.findingNames,
      seed: input.seed, workspace: input.workspace)
    let all = SurpriseEvaluation(settings: evaluation.settings.withImages(others.count + 1))
    let found = try all.found(among)
    guard let own = found.cases.first, own.index == input.test[0] else {
      throw SurpriseError("the radiograph cannot be decoded; see the warnings above, and name another")
    }
    let subject = found.reference.subjects[0]
    let peaks = found.cases.map { $0.maps[subject]!.max()! }
    let below = peaks.dropFirst().count { $0 < peaks[0] }
    var sheet = try SurpriseSheet(found, count: 1).sheet(among, [(place: 0, isSurprising: true)])
    sheet.title = "Where this radiograph surprises the model"
    sheet.notes =
      Array(sheet.notes.prefix(2)) + [
        "Its most surprising patch is more so than that of \(below) of \(peaks.count - 1) other radiographs. Surprise is what "
          + "the model did not expect: a finding, a device, a letter, or a rare but healthy shape."
      ]
    return sheet
  }
}
