import Batches
import Console
import CoreTensor
import Foundation
import Layers
import Radiographs
import WorldModel

/// One look at the encoder that is transferred: what a JEPA loss does not tell.
package struct HealthReport: Codable, Equatable {
  package var step: Int
  package var health: FeatureHealth
  package var probe: ProbeResult?
  /// Whether rank or deviation is under its threshold.
  var isCollapsed: Bool
}

/// Looks at features of held-out films, beside those of the encoder as it began.
final class HealthMonitor {
  private let source: FilmCache
  private let partition: FilmPartition
  private let configuration: RunConfiguration
  private let probe: EncoderProbe?
  private let backend: any Backend
  private let fresh: () -> any ImageEncoder
  /// Figures of the random encoder, for comparison; made when first asked for, so that training begins at once.
  private(set) lazy var initial = try? report(fresh(), step: 0)

  /// - Parameter fresh: makes the encoder that is transferred, as initialised.
  init(
    _ source: FilmCache, _ partition: FilmPartition, _ configuration: RunConfiguration,
    _ backend: any Backend, fresh: @escaping () -> any ImageEncoder
  ) {
    self.fresh = fresh
    self.backend = backend
    self.source = source
    self.partition = partition
    self.configuration = configuration
    probe = EncoderProbe(
      source.records, findingNames: source.findingNames, wanted: configuration.evaluation.labels,
      partition: partition)
  }

  /// - Returns: nil where fewer than two held-out films can be used.
  /// - Throws: `MetricError` where a feature is not finite.
  func report(_ encoder: any ImageEncoder, step: Int) throws -> HealthReport? {
    let count = min(configuration.health.films, partition.heldOut.count)
    let held = (0..<count).map { partition.heldOut[$0 * partition.heldOut.count / count] }
    let features = FeatureExtraction.features(encoder, source, films: held, backend)
    guard features.films.count > 1 else { return nil }
    let health = FeatureHealth(features)
    let limits = configuration.health
    return HealthReport(
      step: step, health: health,
      probe: try probe.map {
        try $0(FeatureExtraction.features(encoder, source, films: $0.films, backend))
      },
      isCollapsed: !(health.rank >= limits.minimumRank && health.deviation >= limits.minimumDeviation))
  }

  /// Lines for the log.
  func lines(_ report: HealthReport) -> [String] {
    var lines = [
      String(
        format: "health at step %d: feature deviation %.4f, effective rank %.1f on %d held-out films",
        report.step,
        report.health.deviation, report.health.rank, report.health.films)
        + (initial.map {
          String(format: " (random encoder: %.4f, %.1f)", $0.health.deviation, $0.health.rank)
        } ?? "")
    ]
    if let probe = report.probe {
      lines.append(
        String(format: "linear probe at step %d: mean AUROC %.3f", report.step, probe.mean)
          + (initial?.probe.map { String(format: " (random encoder: %.3f)", $0.mean) } ?? "")
          + ", \(probe.findings.count == 1 ? "1 finding" : "\(probe.findings.count) findings"), \(probe.trainFilms) films to learn from, \(probe.testFilms) to test on"
      )
    }
    if report.isCollapsed {
      lines.append(
        String(
          format:
            "COLLAPSE: features no longer tell films apart (rank %.1f, threshold %g; deviation %.4f, threshold %g). "
            + "Try a lower learning rate, a higher ema_start, or more films.", report.health.rank,
          configuration.health.minimumRank, report.health.deviation, configuration.health.minimumDeviation))
    }
    return lines
  }

  /// A table of each finding's AUROC beside the random encoder's; empty without a probe.
  func table(_ report: HealthReport, for terminal: Terminal) -> String {
    guard let probe = report.probe else { return "" }
    let random = Dictionary(
      uniqueKeysWithValues: (initial?.probe?.findings ?? []).map { ($0.name, $0.areaUnderCurve) })
    var table = TextTable(columns: [
      .init("finding"), .init("AUROC", .right), .init("random encoder", .right), .init("positives", .right),
      .init("test films", .right),
    ])
    for finding in probe.findings {
      table.add([
        finding.name, String(format: "%.3f", finding.areaUnderCurve),
        random[finding.name].map { String(format: "%.3f", $0) } ?? "", "\(finding.positives)",
        "\(finding.films)",
      ])
    }
    return table.text(for: terminal)
  }
}
