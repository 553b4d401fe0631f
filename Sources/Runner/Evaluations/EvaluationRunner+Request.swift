import Foundation
import Runs
import Training
import WorldModel

/// What a folder of an evaluation is of.
extension EvaluationRunner {
  /// A folder to work in: of this request, or of one of its folds.
  func folder(_ path: String, fold: Int? = nil) throws -> EvaluationFolder {
    try EvaluationFolder(
      path, request: JsonText.encoded(request(fold: fold)), isSame: { isSame($0, fold: fold) },
      boardStep: run.setup.configuration.run.tensorBoard ? run.step : nil)
  }

  /// Whether a request of an earlier version asks for the same: what it lacks is as it was then.
  private func isSame(_ text: String, fold: Int?) -> Bool {
    let names = Set(definition.options.map(\.name))
    guard var held = try? JsonText.decoded(Request.self, from: Data(text.utf8)),
      held.options.keys.allSatisfy(names.contains)
    else { return false }
    var own = request(fold: fold)
    if held.records == nil { own.records = nil }
    held.options = Options(definition.options, given: held.options).values
    return (try? JsonText.encoded(held)) == (try? JsonText.encoded(own))
  }

  /// Everything that decides the metrics: weights, options, images and findings.
  /// - Parameter fold: which fold the folder is of; nil for none.
  private func request(fold: Int?) -> Request {
    let configuration = run.setup.configuration
    return Request(
      evaluation: definition.name, weights: run.checksum, seed: configuration.run.seed,
      options: options.values, data: configuration.data, settings: configuration.evaluation,
      splitList: run.splitList, records: run.recordsChecksum, fold: fold)
  }

  private struct Request: Codable {
    let evaluation: String
    /// Checksum of the model's file.
    let weights: String
    let seed: Int
    var options: [String: OptionValue]
    let data: RunConfiguration.Data
    let settings: RunConfiguration.Evaluation
    /// Checksum of the list of splits, which may change where its path stays; nil where there is none.
    let splitList: String?
    /// Checksum of what is known of the radiographs, which may change where their path stays.
    var records: String?
    let fold: Int?
  }
}
