import CoreTensor
import Foundation
import Metrics
import Testing
import WorldModel

@testable import Ablation

@Suite struct AblationResultsTests {
  // MARK: Differences

  private func noise(_ stream: String, _ count: Int, _ middle: Double, _ width: Double) -> [Double?] {
    var random = RandomStream(seed: 1, stream: stream)
    return (0..<count).map { _ in middle + width * Double(random.uniform(in: -0.5...0.5)) }
  }

  /// What is common to both rows (which patients were drawn) drops out of their difference.
  @Test func pairedDifferencesAreNarrowerThanTheRows() throws {
    let shared = noise("patients", 1000, 0.7, 0.2)
    let own = shared.map { $0.map { $0 + 0.02 } }
    let paired = PairedResamples(
      values: [[(0.7, shared), (0.7, shared)], [(0.72, own), (0.72, own)]], confidence: 0.95)
    let difference = try #require(paired.difference(0, 1))
    #expect(abs(difference.mean - 0.02) < 1e-12)
    #expect(abs((difference.low ?? 0) - 0.02) < 1e-9 && abs((difference.high ?? 0) - 0.02) < 1e-9)
    #expect(difference.isBeyondNoise)
  }

  /// Seeds that disagree widen the interval, though each alone is sure.
  @Test func seedsThatDisagreeAreNoise() throws {
    let flat = [Double?](repeating: 0.5, count: 1000)
    func row(_ values: [Double]) -> [(value: Double, resampled: [Double?]?)?] {
      values.map { value in (value, flat.map { _ in value }) }
    }
    let paired = PairedResamples(values: [row([0.5, 0.5, 0.5]), row([0.6, 0.45, 0.52])], confidence: 0.95)
    let difference = try #require(paired.difference(0, 1))
    #expect(abs(difference.mean - 0.07 / 3) < 1e-12)
    let (low, high) = (try #require(difference.low), try #require(difference.high))
    #expect(abs(low + 0.05) < 1e-9 && abs(high - 0.1) < 1e-9)
    #expect(!difference.isBeyondNoise)
  }

  @Test func onlySeedsThatBothRowsHaveCount() throws {
    let paired = PairedResamples(
      values: [[(0.5, nil), nil, (0.1, nil)], [(0.6, nil), (0.9, nil), nil]], confidence: 0.95)
    let difference = try #require(paired.difference(0, 1))
    #expect(abs(difference.mean - 0.1) < 1e-12 && difference.low == nil && !difference.isBeyondNoise)
    #expect(PairedResamples(values: [[nil], [(0.5, nil)]], confidence: 0.95).difference(0, 1) == nil)
  }

  // MARK: Metrics of predictions

  private let radiographs = (0..<4).map {
    PredictionTable.Radiograph(identifier: "\($0)", patientKey: "patient \($0 / 2)")
  }

  @Test func aMetricIsTheMeanOverTrialsOfTheMeanOverClasses() throws {
    func table(_ trial: String, _ scores: [[Double]]) -> PredictionTable {
      PredictionTable(
        subject: "1% of labels", trial: trial, radiographs: radiographs,
        columns: [
          .scores(of: "a", truth: [true, false, true, false], scores: scores[0]),
          .scores(of: "b", truth: [true, true, false, nil], scores: scores[1]),
          .scores(of: "never", truth: [false, false, false, false], scores: scores[0]),
        ])
    }
    let tables = [
      table("seed 0", [[4, 1, 3, 2], [1, 2, 3, 0]]), table("seed 1", [[1, 2, 3, 4], [3, 4, 1, 0]]),
    ]
    let metric = try #require(try ResampledMetric(MetricKey("AUROC", subject: "1% of labels"), tables))
    // Trial 0: a 1, b 0; trial 1: a 0.25, b 1.
    #expect(abs((metric.value ?? 0) - (0.5 + 0.625) / 2) < 1e-12)
    let single = try #require(
      try ResampledMetric(MetricKey("AUROC", of: "b", subject: "1% of labels"), tables))
    #expect(single.value == 0.5)
    #expect(try ResampledMetric(MetricKey("AUROC", subject: "10% of labels"), tables) == nil)
    #expect(try ResampledMetric(MetricKey("recall@5"), tables) == nil)
    let resampled = metric.resampled(Bootstrap(groups: radiographs.map(\.patientKey), resamples: 50, seed: 0))
    #expect(resampled.count == 50 && resampled.contains { $0 != nil })
  }

  @Test func aMeasureIsTheMeanOfThoseThatCount() throws {
    let table = PredictionTable(
      subject: "with a", radiographs: radiographs, columns: [.measure("recall@1", values: [1, nil, 0, 0.5])])
    #expect(try ResampledMetric(MetricKey("recall@1", subject: "with a"), [table])?.value == 0.5)
  }

  // MARK: Reports

  private func difference(_ mean: Double, _ low: Double, _ high: Double) -> AblationResults.Difference {
    .init(mean: mean, low: low, high: high)
  }

  private var results: AblationResults {
    let cells = [
      AblationResults.Cell(values: [0.6, 0.62], mean: 0.61, deviation: 0.0141, difference: nil),
      .init(values: [0.7, 0.7], mean: 0.7, deviation: 0, difference: difference(0.09, 0.05, 0.13)),
      .init(values: [0.59, nil], mean: 0.59, deviation: nil, difference: difference(-0.01, -0.04, 0.02)),
    ]
    let pairs = [
      AblationResults.Pair(first: 0, second: 1, difference: difference(0.09, 0.05, 0.13)),
      .init(first: 0, second: 2, difference: difference(-0.01, -0.04, 0.02)),
      .init(first: 1, second: 2, difference: difference(-0.11, -0.15, -0.06)),
    ]
    func row(_ name: String, _ reported: Double?) -> AblationResults.Row {
      .init(
        name: name, settings: [], refusal: nil,
        reported: reported.map { [.init(metric: "VinDr (%)", mean: $0, deviation: 1)] } ?? [],
        costs: name == "c"
          ? [] : [0, 1].map { .init(seed: $0, steps: 500, radiographs: 8000, seconds: 90 + 12 * Double($0)) })
    }
    return AblationResults(
      title: "T", source: "S", seeds: [0, 1], confidence: 0.95, resamples: 1000,
      rows: [row("a_1", 80), row("b & Δ", 85), row("c", 90)],
      columns: [
        .init(
          evaluation: "probe", metric: "AUROC", unit: "", cells: cells, pairs: pairs, radiographs: 40,
          patients: 20)
      ], notes: ["a note"], failures: [])
  }

  @Test func orderingsBeyondTheNoiseAreTurnedToTheLarger() {
    let found = results.orderings(results.columns[0])
    #expect(found.map(\.more) == ["b & Δ", "b & Δ"] && found.map(\.less) == ["c", "a_1"])
    #expect(found[0].difference == difference(0.11, 0.06, 0.15))
  }

  /// What every row has alike is a line, and no column.
  @Test func aColumnThatIsTheSameInEveryRowIsALine() throws {
    let own = results
    let cell = AblationResults.Cell(values: [0.25, 0.75], mean: 0.5, deviation: nil, difference: nil)
    let pixels = AblationResults.Column(
      evaluation: "probe", metric: "AUROC, pixels", unit: "", cells: [cell, cell, cell], pairs: [],
      radiographs: nil,
      patients: nil)
    let wider = AblationResults(
      title: "T", source: "S", seeds: own.seeds, confidence: 0.95, resamples: 1000, rows: own.rows,
      columns: own.columns + [pixels], notes: [], failures: [])
    #expect(wider.telling.map(\.metric) == ["AUROC"] && own.same.isEmpty)
    let text = AblationText(wider).text(for: .init(isInteractive: false, width: 200))
    #expect(text.contains("the same in every row: AUROC, pixels 0.5000\n"))
    #expect(!AblationFiles(wider).latex.contains("pixels"))
    #expect(AblationFiles(wider).csv.contains("AUROC, pixels"))
  }

  /// Reported: c > b > a. Here a < b beyond the noise, c below a within it, c below b beyond it.
  @Test func reportedOrderingsAreCounted() {
    let own = results.agreements
    #expect(own.count == 1)
    let counts: [Int] = [own[0].pairs, own[0].holds, own[0].agrees, own[0].differs, own[0].contradicts]
    #expect(counts == [3, 1, 0, 1, 1])
  }

  @Test func tablesOfEveryForm() throws {
    let files = AblationFiles(results)
    #expect(
      files.csv.split(separator: "\n").map(String.init)[1...3] == [
        "a_1,probe,AUROC,0,0.6", "a_1,probe,AUROC,1,0.62", "b & Δ,probe,AUROC,0,0.7",
      ])
    #expect(files.csv.contains("c,probe,AUROC,1,\n"))
    #expect(files.csv.contains("a_1,training,steps,0,500\na_1,training,radiographs,0,8000\n"))
    let latex = files.latex
    #expect(latex.contains("a\\_1 & $500$ & $1.6$ & $0.6100 \\pm 0.0141$ & $80 \\pm 1$ \\\\"))
    #expect(latex.contains("b \\& $\\Delta$ & $500$ & $1.6$ & $\\mathbf{0.7000} \\pm 0.0000^{*}$"))
    #expect(latex.contains("c & -- & -- & "))
    let text = AblationText(results).text(for: .init(isInteractive: false, width: 200))
    #expect(text.contains("2 of 3 orderings are beyond the noise") && text.contains("a note"))
    #expect(
      text.split(separator: "\n").contains { $0.contains("radiographs seen") && $0.hasPrefix("a run of") })
    #expect(text.contains("1.60"))
    #expect(text.contains("(+0.0900 [0.0500, 0.1300] *)") && !text.contains("(1) "))
    // On a narrow terminal names of evaluations stand above the table.
    let narrow = AblationText(results).text(for: .init(isInteractive: false, width: 30))
    #expect(
      narrow.contains("(1) AUROC")
        && narrow.split(separator: "\n").contains { $0.hasPrefix("row ") && $0.contains("(1)") })
  }
}
