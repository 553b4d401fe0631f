import Foundation
import WorldModel

/// What an ablation compares: rows, each a way to train, and columns, each an evaluation of what was trained.
package struct AblationTable: Equatable, Sendable {
  /// A way to train.
  package struct Row: Equatable, Sendable {
    /// Unique within the table.
    package let name: String
    /// Tasks to train on; nil for those of the command line, else of the registry.
    package let tasks: [String]?
    /// Whether losses are summed task by task (paper section 5.3, "naive").
    package let isNaive: Bool
    /// Settings in TOML by `table.key`, over those of the command line.
    package let settings: [Setting]
    /// What others reported of such a row, by the name of what they measured.
    package let reported: [Reported]

    package init(
      _ name: String, tasks: [String]? = nil, isNaive: Bool = false, settings: [Setting] = [],
      reported: [Reported] = []
    ) {
      (self.name, self.tasks, self.isNaive) = (name, tasks, isNaive)
      (self.settings, self.reported) = (settings, reported)
    }

    /// What the row sets, as a run's `config.toml` has it.
    package var assignments: [Setting] {
      (tasks.map { [Setting("run.tasks", OptionValue.list($0.map(OptionValue.text)).tomlText)] } ?? [])
        + (isNaive ? [Setting("run.naive", "true")] : []) + settings
    }

    static let stepsKey = "training.steps"

    /// Whether the row says itself how many steps it has.
    package var setsSteps: Bool { settings.contains { $0.key == Self.stepsKey } }
  }

  /// `table.key` and its value in TOML.
  package struct Setting: Equatable, Sendable {
    package let key: String
    package let value: String
    package init(_ key: String, _ value: String) { (self.key, self.value) = (key, value) }
  }

  /// A figure of somebody else's.
  package struct Reported: Equatable, Sendable {
    /// What was measured, with its unit: `"VinDr-CXR AUROC, 1% of labels (%)"`.
    package let metric: String
    package let mean: Double
    package let deviation: Double?
    package init(_ metric: String, _ mean: Double, deviation: Double? = nil) {
      (self.metric, self.mean, self.deviation) = (metric, mean, deviation)
    }
  }

  /// How what was trained is judged.
  package struct Evaluation: Equatable, Sendable {
    /// The words after `chex-runner`, without the run: `finetune classify --fraction 0.01`.
    package let command: String
    /// Metrics to show, as `metrics.json` names them (`"AUROC, linear probe"`); empty for the one that sums the
    /// evaluation up, and others of its name over all classes.
    package let metrics: [String]
    package init(_ command: String, metrics: [String] = []) {
      (self.command, self.metrics) = (command, metrics)
    }
  }

  package var title: String
  /// Where reported figures are from; empty without any.
  package var source: String
  package var rows: [Row]
  package var evaluations: [Evaluation]

  package init(title: String, source: String = "", rows: [Row], evaluations: [Evaluation] = []) {
    (self.title, self.source, self.rows, self.evaluations) = (title, source, rows, evaluations)
  }

  /// Names of what others reported, in the rows' order.
  package var reportedMetrics: [String] {
    var names: [String] = []
    for name in rows.flatMap(\.reported).map(\.metric) where !names.contains(name) { names.append(name) }
    return names
  }
}

package struct AblationError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
