import Batches
import Training
import WorldModel

/// Images to learn from, to choose settings by, and to test on, as indices into a run's source.
typealias ChosenImages = (train: [Int], validation: [Int], test: [Int])

/// Which images are tested in which fold of a cross-validation.
struct FoldPlan {
  /// The images of each fold. None are set apart to choose settings by: evaluations that choose take a share of what they
  /// learn from, of other patients.
  let folds: [ChosenImages]
  /// Images that are learnt from in every fold and tested in none.
  let always: [Int]
  /// Every image of the folds, and those learnt from in each.
  var all: [Int] { (always + folds.flatMap(\.test)).sorted() }
  /// What the user should know of it.
  let notes: [String]

  /// Folds of all images that the evaluation would learn from, choose by and test on.
  /// - Throws: `EvaluationError` where images are not labelled, are of too few patients, or cannot be told from those
  ///   that the model was pre-trained on.
  init(_ run: EvaluatedRun) throws {
    let settings = run.setup.configuration.evaluation
    let split = run.split
    try self.init(
      run.source.records, labelled: Set(split.probeTrain + split.probeValidation + split.probeTest).sorted(),
      findings: run.findingNames(), count: settings.foldCount, choice: settings.foldChoice,
      pretrained: run.setup.pretrainedPatients(of: run.folder, run.source), seed: run.seed)
  }

  init(
    _ records: [RadiographRecord], labelled: [Int], findings: [String], count: Int,
    choice: RunConfiguration.FoldChoice, pretrained: PretrainedPatients, seed: UInt64
  ) throws {
    guard !labelled.isEmpty else {
      throw EvaluationError(
        "evaluation.folds = \(count): no labelled image is there to fold; see evaluation.train_splits, "
          + "evaluation.test_splits and evaluation.filter, and name a column of labels (--label-column)")
    }
    let seen = try Self.seen(pretrained, choice, count)
    let known = labelled.filter { seen.patients.contains(records[$0].patientKey) }
    always = choice == .all ? [] : known
    let tested =
      choice == .all ? labelled : labelled.filter { !seen.patients.contains(records[$0].patientKey) }
    let places: [Int]
    do { places = try SplitDraw(records, findings: findings, seed: seed).folds(tested, count: count) } catch {
      throw EvaluationError(
        "evaluation.folds = \(count): \(error)"
          + (always.isEmpty
            ? ""
            : "; \(always.count) more are of patients that the model was pre-trained on, which evaluation.folds_of = "
              + "\"all\" tests too"))
    }
    folds = (1...count).map { [always] fold in
      let sides = Dictionary(grouping: zip(tested, places)) { $0.1 == fold }
      return (
        train: (always + (sides[false] ?? []).map(\.0)).sorted(), validation: [],
        test: (sides[true] ?? []).map(\.0)
      )
    }
    let patients = Set(tested.map { records[$0].patientKey }).count
    notes =
      ["each of \(tested.count) images of \(patients) patients is in the test part of one of \(count) folds"]
      + seen.notes
      + Self.leaks(known.count, choice)
  }

  /// Patients that the model was pre-trained on, and what is to be said where that is not known.
  private static func seen(
    _ pretrained: PretrainedPatients, _ choice: RunConfiguration.FoldChoice, _ count: Int
  ) throws -> (patients: Set<String>, notes: [String]) {
    switch pretrained {
    case .known(let patients): return (patients, [])
    case .imported:
      return ([], ["whether the imported weights were trained on some of these images is not known here"])
    case .ofOtherSources(let sources):
      return (
        [],
        [
          "the model was pre-trained on \(sources.joined(separator: ", ")); that none of these images is among those is "
            + "not checked here: chex-runner data audit --against does"
        ]
      )
    case .unknown(let reason):
      guard choice == .all else {
        throw EvaluationError(
          "evaluation.folds = \(count): which images the model was pre-trained on cannot be told, since \(reason); "
            + "evaluation.folds_of = \"all\" tests all of them, seen or not")
      }
      return ([], ["leak: images that the model was pre-trained on may be tested on, since \(reason)"])
    }
  }

  private static func leaks(_ known: Int, _ choice: RunConfiguration.FoldChoice) -> [String] {
    guard known > 0 else { return [] }
    return [
      choice == .all
        ? "leak: \(known) images that are tested on are of patients that the model was pre-trained on, without their "
          + "labels; metrics are higher than on images that it never saw"
        : "\(known) images of patients that the model was pre-trained on are learnt from in every fold and tested in none; "
          + "evaluation.folds_of = \"all\" tests them too"
    ]
  }
}
