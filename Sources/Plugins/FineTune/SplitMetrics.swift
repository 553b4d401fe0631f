import CoreTensor
import FineTuning
import Foundation
import Metrics
import WorldModel

/// How well scores tell radiographs apart.
struct SplitMetrics: TrialFigures {
  struct Class: Sendable, Equatable, Codable {
    let name: String
    /// Areas under the receiver operating characteristic and the precision-recall curve; nil without one radiograph of
    /// each kind.
    let auroc: Double?
    let auprc: Double?
    let radiographs: Int
    let positives: Int
  }
  let classes: [Class]
  /// Share of radiographs whose class has the highest score, where each radiograph is of one class.
  let accuracy: Double?
  /// The loss that training lowers.
  let loss: Double
  let radiographs: Int

  /// - Throws: `MetricError` where a score is not finite.
  init(_ scores: RadiographScores, _ labels: RadiographLabels) throws {
    let isSingle = labels.kind == .single
    let rows = isSingle ? scores.probabilities(.single) : scores.logits
    let columns = labels.classes.indices.map { number in rows.map { $0[number] } }
    let known = labels.classes.indices.map { number in scores.radiographs.map { labels[$0][number] } }
    let areas = try MultiLabelSummary(
      AreaUnderCurve.init, names: labels.classes, scores: columns, labels: known)
    let precision = try MultiLabelSummary(
      AveragePrecision.init, names: labels.classes, scores: columns, labels: known)
    classes = zip(areas.classes, precision.classes).map { area, precision in
      Class(
        name: area.name, auroc: area.value, auprc: area.value == nil ? nil : precision.value,
        radiographs: area.radiographs, positives: area.positives)
    }
    accuracy =
      isSingle
      ? try Accuracy(
        scores: scores.logits.flatMap { $0 }, classes: labels.classes.count,
        truth: scores.radiographs.map(labels.singleClass)
      ).value : nil
    radiographs = scores.radiographs.count
    loss = radiographs == 0 ? .infinity : Double(labels.loss(scores.tensor, scores.radiographs).scalar)
  }

  /// Over the classes where it is defined; nil where it is nowhere.
  var meanAuroc: Double? { Self.mean(classes.compactMap(\.auroc)) }
  var meanAuprc: Double? { Self.mean(classes.compactMap(\.auprc)) }

  static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  var measure: String { accuracy != nil ? "accuracy" : "mean AUROC" }
  /// Accuracy, or the mean AUROC; nil where no class has one radiograph of each kind.
  var choice: Double? { accuracy ?? meanAuroc }

  /// Whether it is better than an earlier epoch's, on the same radiographs: of two equals the lower loss, which alone
  /// decides where there is nothing else.
  func isBetter(than other: SplitMetrics) -> Bool {
    guard let own = choice, let others = other.choice, own != others else { return loss < other.loss }
    return own > others
  }
}

extension RadiographScores {
  /// The probability of each class, a row for each radiograph.
  func probabilities(_ kind: LabelKind) -> [[Double]] { Self.probabilities(of: logits, kind) }

  static func probabilities(of logits: [[Double]], _ kind: LabelKind) -> [[Double]] {
    switch kind {
    case .multi: logits.map { $0.map { 1 / (1 + exp(-$0)) } }
    case .single: logits.map(Self.softmax)
    }
  }

  private static func softmax(_ logits: [Double]) -> [Double] {
    let largest = logits.max() ?? 0
    let powers = logits.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  var tensor: Tensor {
    Tensor(
      logits.flatMap { $0.map { Float($0) } }, shape: [logits.count, logits.first?.count ?? 0])
  }
}

extension RadiographLabels {
  /// Mean loss of logits (radiographs, classes).
  func loss(_ logits: Tensor, _ radiographs: [Int]) -> Tensor {
    switch kind {
    case .multi: binaryCrossEntropy(logits, targets: radiographs.flatMap { self[$0] })
    case .single: softmaxCrossEntropy(logits, classes: radiographs.map { singleClass(of: $0) })
    }
  }
}
