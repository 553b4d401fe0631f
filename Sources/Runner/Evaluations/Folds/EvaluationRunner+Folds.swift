import Batches
import Console
import Foundation
import Runs
import Training
import WorldModel

/// Cross-validation: the evaluation runs once for each fold, in a folder of its own, and what it says of the images of
/// all folds is taken together.
extension EvaluationRunner {
  /// - Returns: nil where the user asked to stop and the work is saved.
  func evaluateFolds(_ evaluation: any ModelEvaluation, out: String) throws -> EvaluationReport? {
    let plan = try FoldPlan(run)
    return try withFolder(out) { workspace in
      var results: [EvaluationResult] = []
      for (index, images) in plan.folds.enumerated() {
        try workspace.note("fold \(index + 1) of \(plan.folds.count)")
        let own = try folder("\(out)/fold-\(index + 1)", fold: index + 1)
        guard let result = try result(of: evaluation, images, in: own) else { return nil }
        try leave([("", result)], images, in: own)
        results.append(result)
      }
      return try pooled([("", results)], plan, in: workspace)
    }
  }

  func evaluateFolds(_ evaluation: any Evaluation, out: String) throws -> EvaluationReport? {
    let plan = try FoldPlan(run)
    return try withFolder(out) { workspace in
      // Features do not depend on the fold, so they are taken once.
      let tables = try subjects.map { (name: $0.name, table: try $0.features(plan.all)) }
      var results: [[EvaluationResult]] = []
      for (index, images) in plan.folds.enumerated() {
        try workspace.note("fold \(index + 1) of \(plan.folds.count)")
        let own = try folder("\(out)/fold-\(index + 1)", fold: index + 1)
        let found = try working(in: own) {
          try tables.map { _, table in
            let input = try input({ table.rows(of: $0) }, images)
            return try code.run { try evaluation(input) }
          }
        }
        for (subject, result) in zip(tables, found) { try own.leave(result, suffix: subject.name) }
        try leave(Array(zip(tables.map(\.name), found)), images, in: own)
        results.append(found)
      }
      return try pooled(
        tables.enumerated().map { index, table in (table.name, results.map { $0[index] }) }, plan,
        in: workspace)
    }
  }

  private func withFolder(
    _ out: String, _ body: (EvaluationFolder) throws -> EvaluationReport?
  ) throws -> EvaluationReport? {
    let workspace = try folder(out)
    return try working(in: workspace) { try body(workspace) }
  }

  /// After a failure a folder in which nothing was done yet goes.
  private func working<Result>(in folder: EvaluationFolder, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch {
      try folder.discardUnlessWorkedIn()
      throw error
    }
  }

  /// Writes the report of one fold.
  /// - Throws: `EvaluationError` where the evaluation gives no predictions, before other folds are worked on.
  private func leave(
    _ results: [(name: String, found: EvaluationResult)], _ images: ChosenImages, in folder: EvaluationFolder
  ) throws {
    guard results.allSatisfy({ !$0.found.predictions.isEmpty }) else {
      throw EvaluationError(
        "\(definition.name): expected what it says of each test image (EvaluationResult.predictions), found none, so that "
          + "folds cannot be pooled; leave evaluation.folds at 0 for this evaluation")
    }
    func names(_ images: [Int]) -> [String] { images.map { run.source.records[$0].identifier } }
    var report = report(
      train: images.train.count, validation: images.validation.count, test: images.test.count,
      try compared(results.map(\.found)), results[0].found,
      split: SplitRecord(["train": names(images.train), "test": names(images.test)], list: run.splitList))
    report.out = folder.path
    try folder.write(Output.json(report) + "\n", named: EvaluationFolder.metricsName)
  }

  /// - Parameter subjects: what was evaluated, each with its result in each fold.
  private func pooled(
    _ subjects: [(name: String, folds: [EvaluationResult])], _ plan: FoldPlan, in workspace: EvaluationFolder
  ) throws -> EvaluationReport {
    let pools = try subjects.map { try FoldPooling($0.folds.map(\.predictions)) }
    let pooled = try zip(subjects, pools).map { subject, pool in
      FoldResult.result(
        pooled: try PooledMetrics.metrics(pool.tables, seed: run.seed), subject.folds,
        predictions: pool.tables,
        notes: plan.notes + pool.notes)
    }
    for (subject, result) in zip(subjects, pooled) { try workspace.leave(result, suffix: subject.name) }
    func names(_ images: [Int]) -> [String] { images.map { run.source.records[$0].identifier } }
    var sides = Dictionary(
      uniqueKeysWithValues: plan.folds.enumerated().map { ("fold \($0 + 1)", names($1.test)) })
    if !plan.always.isEmpty { sides["train"] = names(plan.always) }
    let tested = plan.folds.reduce(0) { $0 + $1.test.count }
    var report = report(
      train: tested + plan.always.count, validation: 0, test: tested, try compared(pooled), pooled[0],
      split: SplitRecord(sides, list: run.splitList))
    report.out = workspace.path
    try workspace.write(Output.json(report) + "\n", named: EvaluationFolder.metricsName)
    return report
  }
}
