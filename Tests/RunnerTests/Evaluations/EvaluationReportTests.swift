import Metrics
import Testing
import WorldModel

@testable import Commands
@testable import Console
@testable import Evaluations

/// How results of evaluations are laid out, and which presets they take.
@Suite struct EvaluationReportTests {
  private let area = MetricKey("AUROC", of: "mass", subject: "linear probe")
  private let count = MetricKey("test images", of: "mass")

  private func report(_ metrics: [EvaluationReport.Metric], _ tables: [MetricTable] = []) -> EvaluationReport
  {
    EvaluationReport(
      run: "runs/a", evaluation: "spot", step: 7, source: "images", trainImages: 10, validationImages: 0,
      testImages: 5, summary: "\(area)", metrics: metrics, notes: ["left out: hernia"], tables: tables)
  }

  private func text(_ report: EvaluationReport) -> String {
    report.text(for: Terminal(isInteractive: false, width: 120))
  }

  @Test func encodersStandBesideOneAnotherWhereTheTableSaysSo() {
    func sampled(_ value: Double) -> EvaluationMetric {
      EvaluationMetric(
        area, value, resampled: Resampled(values: [value - 0.1, value, value + 0.1], confidence: 0.9))
    }
    let images = EvaluationMetric(count, 5, unit: "images")
    let table = MetricTable(
      "linear probe, AUROC", rows: ["mass", "mean"],
      columns: [.init("AUROC", [area, nil], comparesEncoders: true), .init("images", [count, nil])])
    let text = text(
      report(
        [
          .init(sampled(0.75), random: sampled(0.5), pixels: EvaluationMetric(area, 0.625)),
          .init(images, random: images, pixels: images),
        ], [table]))
    for words in [
      "spot of runs/a at step 7", "10 images to learn from", "linear probe, AUROC", "trained − random",
      "0.7500 [0.", "0.6250", "0.2500 [0.250, 0.250]", "left out: hernia",
    ] {
      #expect(text.contains(words), "\(words): \(text)")
    }
    let row = text.split(separator: "\n").first { $0.hasPrefix("mass") } ?? ""
    #expect(row.hasSuffix(" 5") && row.split(separator: " ").filter { $0 == "5" }.count == 1, "\(text)")
  }

  @Test func withoutTablesEveryMetricIsListed() {
    let text = text(report([.init(EvaluationMetric(area, 0.75, uncertainty: .deviation(0.05)))]))
    #expect(text.contains("AUROC of mass, linear probe  0.7500 ± 0.0500"), "\(text)")
    #expect(!text.contains("random encoder"))
  }

  @Test func jsonHasKeysAndNoLayout() throws {
    let json = try Output.json(report([.init(EvaluationMetric(area, 0.75, uncertainty: .interval(0.5...1)))]))
    #expect(json.contains(#""class":"mass","name":"AUROC","subject":"linear probe""#), "\(json)")
    #expect(json.contains(#""trained":{"high":1,"low":0.5,"value":0.75}"#) && !json.contains("tables"))
  }

  private let definition = EvaluationDefinition(
    name: "spot", summary: "", options: [],
    presets: [
      EvaluationPreset(
        name: "small encoder", reason: "", occasion: .encoder { depth, width in depth < 12 || width < 384 },
        values: []),
      EvaluationPreset(name: "chexpert", reason: "", values: []),
      EvaluationPreset(name: "rsna", reason: "", values: []),
    ], make: { _ in throw EvaluationError("never made") })

  private func names(
    _ sources: [String], depth: Int = 12, width: Int = 768, named: String? = nil
  ) -> [String] {
    EvaluationPresets.chosen(definition, sources: sources, depth: depth, width: width, named: named).map(
      \.name)
  }

  @Test func presetsAreChosenByCollectionAndEncoder() {
    #expect(names(["chexpert:/data/c"]) == ["chexpert"])
    #expect(names(["rsna:/data/a", "rsna:/data/b"]) == ["rsna"])
    #expect(names(["rsna:/data/a", "nih:/data/b"]).isEmpty)
    #expect(names(["rsna:/data/a", "rsna"]).isEmpty)
    #expect(names(["rsna"]).isEmpty && names(["phantom"]).isEmpty)
    #expect(names(["folder"], named: "chexpert") == ["chexpert"])
    #expect(names(["chexpert:/data/c"], depth: 4, named: "none").isEmpty)
    #expect(names(["phantom"], depth: 4, width: 128) == ["small encoder"])
    #expect(names(["chexpert:/c"], depth: 4, width: 128) == ["small encoder", "chexpert"])
  }
}
