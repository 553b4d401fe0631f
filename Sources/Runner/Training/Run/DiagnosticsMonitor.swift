import Batches
import Console
import CoreTensor
import Foundation
import NeuralNetworks
import Radiographs
import WorldModel

/// One look at the encoder that is transferred: what a JEPA loss does not tell.
package struct DiagnosticsReport: Codable, Equatable {
  package var step: Int
  package var diagnostics: FeatureDiagnostics
  package var probe: ProbeResult?
  /// Whether rank or deviation is under its threshold.
  package var isCollapsed: Bool

  /// Its numbers under tags of TensorBoard.
  /// - Parameter suffix: of the groups' names.
  func scalars(suffix: String = "") -> [(tag: String, value: Double)] {
    let probed = (probe?.findings ?? []).map { ("linear_probe\(suffix)/\($0.name)", $0.areaUnderCurve) }
    return [
      ("diagnostics\(suffix)/effective_rank", diagnostics.rank),
      ("diagnostics\(suffix)/feature_deviation", diagnostics.deviation),
    ] + (probe.map { [("linear_probe\(suffix)/mean_auroc", $0.mean)] } ?? []) + probed
  }
}

/// Looks at features of held-out radiographs, beside those of the encoder as it began.
final class DiagnosticsMonitor {
  let source: RadiographCache
  private let split: DataSplit
  let configuration: RunConfiguration
  private let probe: EncoderProbe?
  let backend: any Backend
  /// Makes the encoder that is transferred, as initialised.
  let fresh: () -> any ImageEncoder
  /// Figures of the random encoder, for comparison; made when first asked for, so that training begins at once.
  private(set) lazy var initial = try? report(fresh(), step: 0)

  /// - Parameter fresh: makes the encoder that is transferred, as initialised.
  init(
    _ source: RadiographCache, _ split: DataSplit, _ configuration: RunConfiguration,
    _ backend: any Backend, fresh: @escaping () -> any ImageEncoder
  ) {
    self.fresh = fresh
    self.backend = backend
    self.source = source
    self.split = split
    self.configuration = configuration
    probe = EncoderProbe(
      source.records, findingNames: source.findingNames, wanted: configuration.evaluation.labels,
      split: split)
  }

  /// - Returns: nil where fewer than two held-out radiographs can be used.
  /// - Throws: `MetricError` where a feature is not finite.
  func report(_ encoder: any ImageEncoder, step: Int) throws -> DiagnosticsReport? {
    let held = heldOut(configuration.diagnostics.images)
    let features = try FeatureExtraction.features(encoder, source, radiographs: held, backend)
    guard features.radiographs.count > 1 else { return nil }
    let diagnostics = FeatureDiagnostics(features)
    let limits = configuration.diagnostics
    return DiagnosticsReport(
      step: step, diagnostics: diagnostics,
      probe: try probe.map {
        try $0(try FeatureExtraction.features(encoder, source, radiographs: $0.radiographs, backend))
      },
      isCollapsed:
        !(diagnostics.rank >= limits.minimumRank && diagnostics.deviation >= limits.minimumDeviation))
  }

  /// So many held-out radiographs at most, spread over all of them.
  func heldOut(_ most: Int) -> [Int] {
    split.heldOut.equallySpaced(most)
  }

  /// Lines for the log.
  func lines(_ report: DiagnosticsReport) -> [String] {
    var lines = [
      String(
        format:
          "diagnostics at step %d: feature deviation %.4f, effective rank %.1f on %d held-out radiographs",
        report.step,
        report.diagnostics.deviation, report.diagnostics.rank, report.diagnostics.radiographs)
        + (initial.map {
          String(format: " (random encoder: %.4f, %.1f)", $0.diagnostics.deviation, $0.diagnostics.rank)
        } ?? "")
    ]
    if let probe = report.probe {
      lines.append(
        String(format: "linear probe at step %d: mean AUROC %.3f", report.step, probe.mean)
          + (initial?.probe.map { String(format: " (random encoder: %.3f)", $0.mean) } ?? "")
          + ", \(probe.findings.count == 1 ? "1 finding" : "\(probe.findings.count) findings"), \(probe.trainRadiographs) radiographs to learn from, \(probe.testRadiographs) to test on"
      )
    }
    if report.isCollapsed {
      lines.append(
        String(
          format:
            "COLLAPSE: features no longer tell radiographs apart (rank %.1f, threshold %g; deviation %.4f, threshold %g). "
            + "Try a lower learning rate, a higher ema_start, or more radiographs.", report.diagnostics.rank,
          configuration.diagnostics.minimumRank, report.diagnostics.deviation,
          configuration.diagnostics.minimumDeviation))
    }
    return lines
  }

  /// A table of each finding's AUROC beside the random encoder's; empty without a probe.
  func table(_ report: DiagnosticsReport, for terminal: Terminal) -> String {
    guard let probe = report.probe else { return "" }
    let random = Dictionary(
      uniqueKeysWithValues: (initial?.probe?.findings ?? []).map { ($0.name, $0.areaUnderCurve) })
    var table = TextTable(columns: [
      .init("finding"), .init("AUROC", .right), .init("random encoder", .right), .init("positives", .right),
      .init("test radiographs", .right),
    ])
    for finding in probe.findings {
      table.add([
        finding.name, String(format: "%.3f", finding.areaUnderCurve),
        random[finding.name].map { String(format: "%.3f", $0) } ?? "", "\(finding.positives)",
        "\(finding.radiographs)",
      ])
    }
    return table.text(for: terminal)
  }
}
