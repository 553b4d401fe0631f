import CoreTensor
import Imagining
import WorldModel

/// An error of this command.
func rcdmError(_ text: String) -> ImagineError { ImagineError(text, command: "imagine rcdm") }

/// Radiographs that the diffusion model learns from, and those that are shown, of other patients. Both are of the
/// radiographs that the host tests on, which the world model was not pre-trained on.
struct RadiographSplit: Sendable, Equatable {
  let training: [Int]
  let shown: [Int]

  /// - Parameters:
  ///   - radiographs: usable ones, as indices into `records`.
  ///   - records: of the source.
  ///   - share: of the patients that train.
  ///   - seed: of the order of patients.
  /// - Throws: `ImagineError` where a side has fewer than two radiographs.
  init(_ radiographs: [Int], records: [RadiographRecord], share: Double, seed: UInt64) throws {
    let own = Dictionary(grouping: radiographs) { records[$0].patientKey }
    let sorted = own.keys.sorted()
    var random = RandomStream(seed: seed, stream: "rcdm.patients")
    let order = random.permutation(sorted.count).map { own[sorted[$0]]! }
    let count = min(
      max(1, Int((Double(order.count) * share).rounded())), max(0, order.count - 1))
    training = order.prefix(count).flatMap { $0 }
    shown = order.dropFirst(count).flatMap { $0 }
    guard training.count > 1, shown.count > 1 else {
      throw rcdmError(
        "expected two radiographs or more to train on and two of other patients to show, found \(training.count) and "
          + "\(shown.count) of \(order.count) patients that the run set apart; raise data.holdout_fraction, give other "
          + "radiographs with --data, or change --training-share")
    }
  }

  /// Those of the radiographs that can be decoded; the user is told of the others.
  static func usable(_ radiographs: [Int], _ input: ModelEvaluationInput) throws -> [Int] {
    let source = input.radiographs
    guard !source.radiographsAreCheap else { return radiographs }
    let problems = Compute.map(radiographs.count) { place -> (any Error)? in
      do {
        _ = try source.radiograph(at: radiographs[place])
        return nil
      } catch { return error }
    }
    for case let problem? in problems {
      guard let left = problem as? UnusableRadiograph else { throw problem }
      try input.workspace.warn("left out: \(left)")
    }
    return zip(radiographs, problems).filter { $0.1 == nil }.map(\.0)
  }
}
