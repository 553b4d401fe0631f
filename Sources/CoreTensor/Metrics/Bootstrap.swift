import CoreTensor

/// Percentile bootstrap (Efron 1979): how far a figure would move, had other radiographs of the same kind been tested
/// on.
///
/// Resample r draws, with replacement, as many patients as there are, each with all its radiographs; it is a function
/// of (seed, r) and the grouping alone. Figures that are resampled by equal bootstraps can therefore be compared
/// pairwise: `(trained - random).interval`.
public struct Bootstrap: Sendable, Equatable {
  /// How many resamples are drawn.
  public let resamples: Int
  /// Of an interval: 0.95 leaves 2.5 % on either side.
  public let confidence: Double
  public let seed: UInt64
  /// Each radiograph's group.
  private let groupOfRadiograph: [Int]
  private let groups: Int

  /// - Parameters:
  ///   - groups: each radiograph's patient, or a name of its own; radiographs of one group are drawn together.
  ///   - resamples: 1 or more; default 1000.
  ///   - confidence: between 0 and 1; default 0.95.
  ///   - seed: of the draws.
  public init(groups: [String], resamples: Int = 1000, confidence: Double = 0.95, seed: UInt64) {
    require(
      resamples > 0 && confidence > 0 && confidence < 1,
      "Bootstrap: \(resamples) resamples, confidence \(confidence)")
    (self.resamples, self.confidence, self.seed) = (resamples, confidence, seed)
    var numbers: [String: Int] = [:]
    groupOfRadiograph = groups.map { group in
      if let known = numbers[group] { return known }
      numbers[group] = numbers.count
      return numbers.count - 1
    }
    self.groups = numbers.count
  }

  /// Every radiograph is drawn by itself.
  /// - Parameters:
  ///   - count: radiographs.
  ///   - resamples: 1 or more; default 1000.
  ///   - confidence: between 0 and 1; default 0.95.
  ///   - seed: of the draws.
  public init(count: Int, resamples: Int = 1000, confidence: Double = 0.95, seed: UInt64) {
    self.init(
      groups: (0..<count).map(String.init), resamples: resamples, confidence: confidence, seed: seed)
  }

  /// How often each radiograph is in a resample.
  func weights(_ resample: Int) -> [Int32] {
    guard groups > 0 else { return [] }
    var random = RandomStream(seed: seed, stream: "bootstrap", index: resample)
    var drawn = [Int32](repeating: 0, count: groups)
    for _ in 0..<groups { drawn[random.integer(in: 0...groups - 1)] += 1 }
    return groupOfRadiograph.map { drawn[$0] }
  }

  /// Each figure, taken of each resample. All of them see the same resamples.
  /// - Precondition: every metric is of as many radiographs as the bootstrap.
  public func resampled(_ metrics: [any Metric]) -> [Resampled] {
    require(
      metrics.allSatisfy { $0.count == groupOfRadiograph.count },
      "Bootstrap: metrics of \(metrics.map(\.count)) radiographs, resamples of \(groupOfRadiograph.count)")
    let rows = Compute.map(resamples) { resample in
      let weights = weights(resample)
      return metrics.map { $0.value(weights: weights) }
    }
    return metrics.indices.map { index in
      Resampled(values: rows.map { $0[index] }, confidence: confidence)
    }
  }
}

/// A figure of each resample of a bootstrap.
public struct Resampled: Sendable, Equatable, Codable {
  /// In the order of resamples; nil where the figure was undefined.
  public let values: [Double?]
  public let confidence: Double

  public init(values: [Double?], confidence: Double) {
    (self.values, self.confidence) = (values, confidence)
  }

  /// From percentile to percentile of the values that are defined, interpolated as NumPy does; nil where fewer than
  /// half are.
  public var interval: ClosedRange<Double>? {
    let sorted = values.compactMap { $0 }.sorted()
    guard !sorted.isEmpty, 2 * sorted.count >= values.count else { return nil }
    func percentile(_ fraction: Double) -> Double {
      let place = fraction * Double(sorted.count - 1)
      let below = min(Int(place), sorted.count - 1)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
    }
    return percentile((1 - confidence) / 2)...percentile((1 + confidence) / 2)
  }

  /// Resample by resample, so that what makes radiographs hard for both drops out.
  /// - Precondition: both are of the same resamples.
  public static func - (a: Resampled, b: Resampled) -> Resampled {
    require(
      a.values.count == b.values.count && a.confidence == b.confidence,
      "Resampled: \(a.values.count) and \(b.values.count) resamples")
    return Resampled(
      values: zip(a.values, b.values).map { x, y in x.flatMap { x in y.map { x - $0 } } },
      confidence: a.confidence)
  }

  /// Mean of several figures in each resample, over those that are defined there.
  /// - Precondition: one figure or more, all of the same resamples.
  public static func mean(_ figures: [Resampled]) -> Resampled {
    require(!figures.isEmpty, "Resampled.mean: of nothing")
    return Resampled(
      values: figures[0].values.indices.map { index in
        let defined = figures.compactMap { $0.values[index] }
        return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
      }, confidence: figures[0].confidence)
  }
}
