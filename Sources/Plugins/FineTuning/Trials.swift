import Foundation
import WorldModel

/// All trials of one evaluation, one after another; what is finished is kept and not done again.
package struct Trials {
  private let input: ModelEvaluationInput
  private let settings: TrainingSettings
  private let plans: [TrialPlan]
  /// Results of finished trials, as a saved state.
  private static let finished = "finished"

  package init(_ input: ModelEvaluationInput, _ settings: TrainingSettings, _ plans: [TrialPlan]) {
    (self.input, self.settings, self.plans) = (input, settings, plans)
  }

  /// - Parameters:
  ///   - task: what is learnt.
  ///   - tested: labelled radiographs to test on.
  ///   - begin: called before the first trial that is left to do.
  /// - Returns: results by the plans' names.
  /// - Throws: `EvaluationStopped` where the user asked to stop, `FineTuneError`.
  package func run<Task: FineTuneTask>(
    _ task: Task, tested: [Int], begin: () throws -> Void
  ) throws -> [String: FinishedTrial<Task.Figures, Task.Answers>] {
    var results: [String: FinishedTrial<Task.Figures, Task.Answers>] = try restored()
    if results.count < plans.count { try begin() }
    let pace = Pace(steps: plans.reduce(0) { $0 + $1.schedule.steps })
    for plan in plans {
      defer { pace.stepsBefore += plan.schedule.steps }
      guard results[plan.name] == nil else { continue }
      for note in plan.split.notes { try input.workspace.note("\(plan.title): \(note)") }
      results[plan.name] = try Trial(task, plan, input, settings, tested: tested, pace).run()
      try input.workspace.save(
        EvaluationState(
          tensors: [], text: try TrialState.encoded(plans.compactMap { results[$0.name] })),
        named: Self.finished)
    }
    // A finished evaluation needs no weights to go on from.
    try input.workspace.save(EvaluationState(tensors: [], text: ""), named: TrialState.name)
    return results
  }

  private func restored<Figures, Answers>() throws -> [String: FinishedTrial<Figures, Answers>] {
    guard let state = try input.workspace.restore(Self.finished) else { return [:] }
    do {
      let results = try JSONDecoder().decode(
        [FinishedTrial<Figures, Answers>].self, from: Data(state.text.utf8))
      return Dictionary(results.map { ($0.result.trial, $0) }) { first, _ in first }
    } catch {
      throw FineTuneError(
        "saved state \"\(Self.finished)\": expected results of trials, found other text (\(error)); remove the "
          + "evaluation's folder and begin again")
    }
  }
}

extension TrainingSettings {
  /// Says what the epoch is chosen by.
  /// - Parameter isNamed: whether the source names a split for it.
  package func tellOfValidation(
    _ radiographs: Int, isNamed: Bool, _ workspace: any EvaluationWorkspace
  ) throws {
    if radiographs == 0 {
      try workspace.warn("no radiograph is left to choose the epoch by, so that the last one is tested")
    } else if isNamed {
      try workspace.note("the epoch is chosen by the \(radiographs) radiographs of the validation split")
    } else {
      let patients = validation == .train ? "all training patients" : "the patients of each share"
      try workspace.note(
        String(
          format:
            "no split is named for validation: the epoch is chosen by %g%% of %@, which are not learnt from",
          validationFraction * 100, patients as NSString))
    }
  }
}
