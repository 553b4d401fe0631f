/// Which of two rows has more of a metric, and what others reported of it.
extension AblationResults {
  /// An ordering of two rows.
  package struct Ordering: Codable, Equatable, Sendable {
    package let more: String
    package let less: String
    package let difference: Difference
  }

  /// How orderings that others reported fare here.
  package struct Agreement: Codable, Equatable, Sendable {
    /// What was reported, and the metric here.
    package let reported: String
    package let evaluation: String
    package let metric: String
    /// Pairs of rows of which both have figures.
    package let pairs: Int
    /// The same way beyond the noise, the same way within it, the other way within it, the other way beyond it.
    package let holds: Int
    package let agrees: Int
    package let differs: Int
    package let contradicts: Int
  }

  /// The orderings of a column that hold beyond the noise, the largest difference first.
  package func orderings(_ column: Column) -> [Ordering] {
    column.pairs.filter(\.difference.isBeyondNoise)
      .sorted { abs($0.difference.mean) > abs($1.difference.mean) }
      .map { pair in
        let own = pair.difference
        let isMore = own.mean > 0
        let (more, less) = isMore ? (pair.second, pair.first) : (pair.first, pair.second)
        let turned = Difference(
          mean: abs(own.mean), low: isMore ? own.low : own.high.map { -$0 },
          high: isMore ? own.high : own.low.map { -$0 })
        return Ordering(more: rows[more].name, less: rows[less].name, difference: turned)
      }
  }

  /// Each column beside each metric that was reported of the rows.
  package var agreements: [Agreement] {
    let names = rows.flatMap(\.reported).map(\.metric)
    let metrics = names.enumerated().filter { names.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    return columns.flatMap { column in metrics.compactMap { agreement(column, $0) } }
  }

  private func agreement(_ column: Column, _ metric: String) -> Agreement? {
    func reported(_ row: Int) -> Double? { rows[row].reported.first { $0.metric == metric }?.mean }
    var counts = (holds: 0, agrees: 0, differs: 0, contradicts: 0)
    for pair in column.pairs {
      guard let first = reported(pair.first), let second = reported(pair.second), first != second else {
        continue
      }
      let isSame = (second > first) == (pair.difference.mean > 0)
      switch (isSame, pair.difference.isBeyondNoise) {
      case (true, true): counts.holds += 1
      case (true, false): counts.agrees += 1
      case (false, false): counts.differs += 1
      case (false, true): counts.contradicts += 1
      }
    }
    let pairs = counts.holds + counts.agrees + counts.differs + counts.contradicts
    guard pairs > 0 else { return nil }
    return Agreement(
      reported: metric, evaluation: column.evaluation, metric: column.metric, pairs: pairs,
      holds: counts.holds,
      agrees: counts.agrees, differs: counts.differs, contradicts: counts.contradicts)
  }
}
