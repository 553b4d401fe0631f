import CoreTensor
import Foundation
import Metrics
import WorldModel

/// What an ablation came to.
package struct AblationResults: Codable, Sendable {
  /// How much more one row has of a metric than another.
  package struct Difference: Codable, Equatable, Sendable {
    /// Mean over the seeds that both rows have.
    package let mean: Double
    /// Ends of the interval over patients and seeds; nil where the evaluation keeps no predictions.
    package let low: Double?
    package let high: Double?

    /// Whether the interval leaves zero out.
    package var isBeyondNoise: Bool { (low ?? -1) > 0 || (high ?? 1) < 0 }
  }

  /// A metric of a row.
  package struct Cell: Codable, Equatable, Sendable {
    /// By seed, in the order of `seeds`; nil where the run or its evaluation is missing.
    package let values: [Double?]
    package let mean: Double?
    /// Standard deviation of a sample over seeds; nil of fewer than two.
    package let deviation: Double?
    /// From the first row; nil for the first row, and for rows that cannot be compared.
    package let difference: Difference?
  }

  package struct Column: Codable, Equatable, Sendable {
    package let evaluation: String
    package let metric: String
    package let unit: String
    package let cells: [Cell]
    /// Every pair of rows that can be compared.
    package let pairs: [Pair]
    /// Test radiographs and patients of the first seed; nil without predictions.
    package let radiographs: Int?
    package let patients: Int?
  }

  /// Two rows of the table, the earlier first.
  package struct Pair: Codable, Equatable, Sendable {
    package let first: Int
    package let second: Int
    /// Of the second from the first.
    package let difference: Difference
  }

  package struct Row: Codable, Equatable, Sendable {
    package let name: String
    /// What the row sets, as `table.key = value`.
    package let settings: [String]
    /// Why it is not compared with the others; nil where it is.
    package let refusal: String?
    package let reported: [Reported]
    /// Of its finished runs, by seed.
    package let costs: [Cost]
  }

  package struct Reported: Codable, Equatable, Sendable {
    package let metric: String
    package let mean: Double
    package let deviation: Double?
  }

  package let title: String
  package let source: String
  package let seeds: [Int]
  package let confidence: Double
  package let resamples: Int
  package let rows: [Row]
  package let columns: [Column]
  /// What is missing or failed, and sentences on how to read the table.
  package let notes: [String]
  package let failures: [AblationScheduler.Failure]
}

extension AblationResults {
  /// Columns in which rows differ, all of them where they differ in none: what an evaluation finds without the model,
  /// plain pixels for instance, is the same in each.
  package var telling: [Column] { columns.allSatisfy(\.isSame) ? columns : columns.filter { !$0.isSame } }
  /// The others.
  package var same: [Column] { columns.allSatisfy(\.isSame) ? [] : columns.filter(\.isSame) }
}

extension AblationResults.Column {
  /// Whether all rows, two or more, have the same values, seed by seed.
  var isSame: Bool {
    let known = cells.map(\.values).filter { $0.contains { $0 != nil } }
    return known.count > 1 && known.allSatisfy { $0 == known[0] }
  }
}

/// Takes paired differences over patients and seeds.
///
/// Resample r draws patients (the same for every run that was tested on the same radiographs) and, with replacement,
/// seeds (the same for both rows), and takes the mean difference again. Of few seeds such an interval is somewhat narrow.
struct PairedResamples {
  /// Of each row, each seed: its value, and that of each resample; nil where it is missing.
  let values: [[(value: Double, resampled: [Double?]?)?]]
  let confidence: Double

  /// - Returns: nil where the rows have no seed in common.
  func difference(_ first: Int, _ second: Int) -> AblationResults.Difference? {
    let seeds = values[first].indices.filter { values[first][$0] != nil && values[second][$0] != nil }
    guard !seeds.isEmpty else { return nil }
    let pairs = seeds.map { (values[first][$0]!, values[second][$0]!) }
    let middle = mean(pairs.map { $1.value - $0.value })
    let drawn = pairs.compactMap { own -> [Double?]? in
      guard let a = own.0.resampled, let b = own.1.resampled else { return nil }
      return zip(a, b).map { x, y in x.flatMap { x in y.map { $0 - x } } }
    }
    guard drawn.count == pairs.count, let count = drawn.first?.count, count > 0 else {
      return AblationResults.Difference(mean: middle, low: nil, high: nil)
    }
    let resampled = (0..<count).map { resample -> Double? in
      var random = RandomStream(seed: 0, stream: "ablation.seeds", index: resample)
      let values = seeds.indices.map { _ in drawn[random.integer(in: 0...seeds.count - 1)][resample] }
      let known = values.compactMap { $0 }
      return known.count == values.count ? mean(known) : nil
    }
    let interval = Resampled(values: resampled, confidence: confidence).interval
    return AblationResults.Difference(
      mean: middle, low: interval?.lowerBound, high: interval?.upperBound)
  }
}
