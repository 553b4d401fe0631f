import CoreTensor
import Metrics
import Testing
import WorldModel

@testable import Batches
@testable import Evaluations
@testable import Training

@Suite struct FoldPlanTests {
  /// Two images of each of 30 patients.
  private let records = (0..<60).map {
    RadiographRecord(
      identifier: "r\($0)", patient: "P\($0 / 2)",
      findings: Set(["a", "b"].prefix($0 % 3 == 0 ? 1 : $0 % 5 == 0 ? 2 : 0)))
  }

  private func plan(
    labelled: [Int]? = nil, count: Int = 5, choice: RunConfiguration.FoldChoice = .unseen,
    _ pretrained: PretrainedPatients = .ofOtherSources(["x"])
  ) throws -> FoldPlan {
    try FoldPlan(
      records, labelled: labelled ?? Array(0..<60), findings: ["a", "b"], count: count, choice: choice,
      pretrained: pretrained, seed: 3)
  }

  private func patients(_ images: [Int]) -> Set<String> { Set(images.map { records[$0].patientKey }) }

  @Test(arguments: [2, 3, 5, 30]) func everyImageIsTestedOnce(count: Int) throws {
    let plan = try plan(count: count)
    #expect(plan.folds.count == count && plan.always.isEmpty)
    #expect(plan.folds.flatMap(\.test).sorted() == Array(0..<60))
    for fold in plan.folds {
      #expect((fold.train + fold.test).sorted() == Array(0..<60) && fold.validation.isEmpty)
      #expect(patients(fold.train).isDisjoint(with: patients(fold.test)))
    }
    #expect(plan.notes.contains { $0.contains("pre-trained on x") && $0.contains("data audit --against") })
  }

  @Test func seenImagesAreLearntFromAndNotTested() throws {
    let seen = PretrainedPatients.known(Set((0..<20).map { records[$0].patientKey }))
    let plan = try plan(seen)
    #expect(plan.always == Array(0..<20))
    #expect(plan.folds.flatMap(\.test).sorted() == Array(20..<60))
    #expect(
      plan.folds.allSatisfy { Set($0.train).isSuperset(of: 0..<20) && $0.train.count + $0.test.count == 60 })
    #expect(
      plan.notes.contains {
        $0.hasPrefix("20 images of patients that the model was pre-trained on are learnt")
      })
    let all = try self.plan(choice: .all, seen)
    #expect(all.folds.flatMap(\.test).sorted() == Array(0..<60) && all.always.isEmpty)
    #expect(all.notes.contains { $0.hasPrefix("leak: 20 images") })
    #expect(try self.plan(.imported).notes.contains { $0.contains("imported weights") })
  }

  @Test func refusals() throws {
    func problem(_ body: () throws -> FoldPlan) -> String {
      do {
        _ = try body()
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(problem { try plan(labelled: []) }.contains("no labelled image"))
    #expect(problem { try plan(count: 31) }.contains("no patient is left"))
    let few = problem { try plan(count: 5, .known(patients(Array(0..<58)))) }
    #expect(few.contains("58 more are of patients") && few.contains("folds_of"))
    let unknown = PretrainedPatients.unknown("files changed")
    #expect(problem { try plan(unknown) }.contains("cannot be told, since files changed"))
    #expect(
      try plan(choice: .all, unknown).notes.contains { $0.hasPrefix("leak:") && $0.contains("files changed") }
    )
  }
}

@Suite struct FoldPoolingTests {
  private func images(_ range: Range<Int>) -> [PredictionTable.Radiograph] {
    range.map { .init(identifier: "r\($0)", patientKey: "P\($0 / 2)") }
  }

  /// A table whose scores and truths are functions of the image's number and of `shift`.
  private func table(
    _ range: Range<Int>, classes: [String] = ["a"], trial: String? = nil, shift: Int = 0
  ) -> PredictionTable {
    var columns = classes.map { name in
      PredictionTable.Column.scores(
        of: name, truth: range.map { $0 % 7 == 6 ? nil : ($0 * 5 + name.utf8.count) % 3 == 0 },
        scores: range.map { Double(($0 * 13 + shift) % 11) })
    }
    columns.append(.measure("accuracy", values: range.map { $0 % 4 == 3 ? nil : Double($0 % 2) }))
    return PredictionTable(subject: "probe", trial: trial, radiographs: images(range), columns: columns)
  }

  @Test func foldsBecomeOne() throws {
    let pooling = try FoldPooling([[table(0..<10)], [table(10..<25)], [table(25..<30)]])
    #expect(pooling.tables == [table(0..<30)] && pooling.notes.isEmpty)
    let trials = try FoldPooling([
      [table(0..<4, trial: "1"), table(0..<4, trial: "2")],
      [table(4..<8, trial: "2"), table(4..<8, trial: "1")],
    ])
    #expect(trials.tables == [table(0..<8, trial: "1"), table(0..<8, trial: "2")])
  }

  @Test func whatAFoldLacksIsLeftOutAndTold() throws {
    let pooling = try FoldPooling([
      [table(0..<4, classes: ["a", "b"])], [table(4..<8, classes: ["a", "c"])],
    ])
    #expect(pooling.tables == [table(0..<8)])
    #expect(
      pooling.notes.count == 2 && pooling.notes[0].hasPrefix("b, probe")
        && pooling.notes[1].hasPrefix("c, probe"))
    let one = try FoldPooling([[table(0..<4, trial: "1"), table(0..<4)], [table(4..<8)]])
    #expect(one.tables.count == 1 && one.notes == ["probe, 1: not pooled, since a fold has none"])
    #expect(throws: EvaluationError.self) {
      try FoldPooling([[table(0..<4, trial: "1")], [table(4..<8, trial: "2")]])
    }
    #expect(throws: EvaluationError.self) { try FoldPooling([]) }
    // An evaluation that tests an image twice is found out.
    do {
      _ = try FoldPooling([[table(0..<4)], [table(3..<8)]])
      Issue.record("an image in two folds was accepted")
    } catch { #expect("\(error)".contains("r3: expected in one fold's predictions")) }
  }

  @Test func pooledMetricsAreThoseOfAllImages() throws {
    let whole = table(0..<60, classes: ["a", "bb"])
    let metrics = try PooledMetrics.metrics([whole], seed: 4)
    guard case .scores(_, let truth, let scores) = whole.columns[1] else {
      Issue.record("no scores")
      return
    }
    let key = MetricKey("AUROC", of: "bb", subject: "probe")
    let found = try #require(metrics.first { $0.key == key })
    let area = try AreaUnderCurve(scores, truth)
    #expect(found.value == area.value)
    let bootstrap = Bootstrap(groups: whole.radiographs.map(\.patientKey), seed: 4)
    #expect(found.resampled == bootstrap.resampled([area])[0] && found.uncertainty != nil)
    func value(_ name: String, _ className: String?) -> Double? {
      metrics.first { $0.key == MetricKey(name, of: className, subject: "probe") }?.value
    }
    #expect(value("AUROC", nil) == (value("AUROC", "a")! + value("AUROC", "bb")!) / 2)
    #expect(value("AUPRC", "a") != nil && value("accuracy", nil) == 1.0 / 3)
    #expect(metrics.map(\.key).count == Set(metrics.map(\.key)).count && metrics.count == 7)
    // Of two trials the mean.
    let (one, two) = (table(0..<60, trial: "1"), table(0..<60, trial: "2", shift: 5))
    let both = try PooledMetrics.metrics([one, two], seed: 4)
    let single = try [one, two].map { try PooledMetrics.metrics([$0], seed: 4)[0].value }
    #expect(both[0].value == (single[0] + single[1]) / 2 && both.count == 5)
    #expect(throws: EvaluationError.self) {
      try PooledMetrics.metrics([table(0..<60, trial: "1"), table(0..<50, trial: "2")], seed: 4)
    }
  }

  @Test func resultsAreLaidOut() throws {
    let folds = [0.5, 0.7, 0.9].map { value in
      EvaluationResult(
        [
          EvaluationMetric(MetricKey("AUROC", of: "a", subject: "probe"), value),
          EvaluationMetric(
            MetricKey("AUROC", subject: "probe"), value, uncertainty: .interval(value - 0.1...value + 0.1)),
          EvaluationMetric(MetricKey("test positives", of: "a"), 7, unit: "images"),
        ], summary: MetricKey("AUROC", subject: "probe"), notes: ["same"] + (value > 0.8 ? ["other"] : []))
    }
    let pooled = try PooledMetrics.metrics([table(0..<60)], seed: 0)
    let result = FoldResult.result(pooled: pooled, folds, predictions: [table(0..<60)], notes: ["plan"])
    #expect(result.summary == MetricKey("AUROC", subject: "probe"))
    let mean = try #require(result[MetricKey("AUROC, mean over folds", of: "a", subject: "probe")])
    #expect(abs(mean.value - 0.7) < 1e-12)
    guard case .deviation(let deviation) = mean.uncertainty else {
      Issue.record("no deviation")
      return
    }
    #expect(abs(deviation - 0.2) < 1e-12)
    let second = try #require(result[MetricKey("AUROC, fold 2", subject: "probe")])
    #expect(second.value == 0.7 && second.uncertainty == .interval(0.7 - 0.1...0.7 + 0.1))
    #expect(result[MetricKey("AUROC, fold 2", of: "a", subject: "probe")] == nil)
    #expect(!result.metrics.contains { $0.key.name.hasPrefix("test positives") })
    #expect(result.notes == ["plan", "same", "fold 3: other"])
    #expect(result.tables.last?.rows == ["fold 1", "fold 2", "fold 3", "mean"])
  }
}
