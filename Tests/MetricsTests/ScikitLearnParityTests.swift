import CoreTensor
import Foundation
import Metrics
import Testing

private let python = ProcessInfo.processInfo.environment["CHEX_PYTHON"]

/// Random and degenerate cases against scikit-learn itself.
@Suite(.enabled(if: python != nil, "needs a Python with scikit-learn, named by CHEX_PYTHON"))
struct ScikitLearnParityTests {
  private struct Case: Codable {
    var scores: [Double]
    var labels: [Bool]
    var features: [[Double]] = []
    var penalty = 1.0
  }
  private struct Answer: Codable {
    let area: Double?
    let precision: Double?
    let weights: [Double]?
  }

  private static let program = #"""
    import json, sys, warnings, numpy as np
    from sklearn.metrics import roc_auc_score, average_precision_score
    from sklearn.linear_model import LogisticRegression
    warnings.simplefilter("ignore")
    answers = []
    for case in json.load(open(sys.argv[1])):
        y, s = np.array(case["labels"], int), np.array(case["scores"], float)
        answer = {"area": None, "precision": None, "weights": None}
        if 0 < y.sum() < len(y): answer["area"] = roc_auc_score(y, s)
        if y.sum(): answer["precision"] = average_precision_score(y, s)
        if case["features"]:
            fit = LogisticRegression(C=1 / case["penalty"], solver="newton-cholesky", tol=1e-12, max_iter=500)
            fit.fit(np.array(case["features"]), y)
            answer["weights"] = [*fit.coef_[0], fit.intercept_[0]]
        answers.append(answer)
    json.dump(answers, sys.stdout)
    """#

  private func ask(_ cases: [Case]) throws -> [Answer] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cases-\(UUID().uuidString).json")
    try JSONEncoder().encode(cases).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [try #require(python), "-c", Self.program, file.path]
    let told = Pipe()
    process.standardOutput = told
    try process.run()
    let data = told.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return try JSONDecoder().decode([Answer].self, from: data)
  }

  @Test func curves() throws {
    var random = RandomStream(seed: 1, stream: "cases")
    var cases = CurveCase.all.map { Case(scores: $0.scores, labels: $0.labels) }
    for index in 0..<150 {
      let radiographs = random.integer(in: 1...120)
      // Without ties, with some, with almost nothing else; and findings from rare to common.
      let levels = [1, 4, 30, 1 << 30][index % 4]
      let share = random.unit()
      cases.append(
        Case(
          scores: (0..<radiographs).map { _ in Double(random.integer(in: 0...levels)) / 7 - 3 },
          labels: (0..<radiographs).map { _ in random.chance(index % 5 == 0 ? 0.03 : share) }))
    }
    let answers = try ask(cases)
    try #require(answers.count == cases.count)
    for (item, answer) in zip(cases, answers) {
      let area = try AreaUnderCurve.value(item.scores, item.labels)
      let precision = try AveragePrecision.value(item.scores, item.labels)
      #expect((area == nil) == (answer.area == nil) && abs((area ?? 0) - (answer.area ?? 0)) < 1e-9)
      #expect((precision == nil) == (answer.precision == nil))
      #expect(abs((precision ?? 0) - (answer.precision ?? 0)) < 1e-9)
    }
    #expect(answers.contains { $0.area == nil } && answers.contains { $0.precision == nil })
  }

  @Test func logisticRegression() throws {
    var random = RandomStream(seed: 2, stream: "features")
    let cases = [1.0, 10, 1000].map { penalty in
      let features = (0..<90).map { _ in (0..<6).map { _ in random.normal() } }
      return Case(
        scores: features.map { $0[0] }, labels: features.map { random.unit() < 1 / (1 + exp(-$0[0])) },
        features: features, penalty: penalty)
    }
    for (item, answer) in zip(cases, try ask(cases)) {
      let probe = LinearProbe(
        item.features.flatMap { $0 }, width: 6, labels: item.labels, penalty: item.penalty)
      let expected = try #require(answer.weights)
      for (ours, theirs) in zip(probe.weights, expected) { #expect(abs(ours - theirs) < 1e-6) }
    }
  }
}
