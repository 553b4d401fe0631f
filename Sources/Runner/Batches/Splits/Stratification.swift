/// Divides patients into parts of given shares so that each part has its share of every finding.
///
/// The method is iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011), for patients in place of samples: the
/// finding with the fewest patients left goes first, since later ones could not make up for it, and each of its patients
/// goes to the part that lacks most radiographs of it. Patients with many such radiographs go before those with few.
/// Patients bring several findings and radiographs at once, which leaves parts uneven, so in the end patients move as
/// long as that brings findings and sizes nearer to their shares.
package struct Stratification {
  /// Radiographs with each finding that each part still lacks, and radiographs altogether.
  private var lacking: [[Double]]
  private var lackingRadiographs: [Double]
  private var parts: [Int?]
  private let groups: PatientGroups
  /// Each pass makes the sum of squares smaller, and few are needed.
  private static let mostPasses = 20

  /// The part of each patient of `groups`.
  /// - Parameters:
  ///   - shares: of the parts, above 0; they sum to 1.
  ///   - seed: decides, with `stream`, between patients and parts that are equal otherwise.
  package static func parts(_ groups: PatientGroups, shares: [Double], seed: UInt64, stream: String) -> [Int]
  {
    var own = Stratification(groups, shares)
    let order = groups.shuffled(seed, stream)
    own.run(order)
    for _ in 0..<Self.mostPasses where own.improve(order) {}
    return own.parts.map { $0! }
  }

  private init(_ groups: PatientGroups, _ shares: [Double]) {
    self.groups = groups
    var totals = [Double](repeating: 0, count: groups.findingCount)
    for own in groups.findings { for (finding, count) in own { totals[finding] += Double(count) } }
    let radiographs = Double(groups.radiographs.reduce(0) { $0 + $1.count })
    lacking = shares.map { share in totals.map { $0 * share } }
    lackingRadiographs = shares.map { $0 * radiographs }
    parts = Array(repeating: nil, count: groups.radiographs.count)
  }

  private mutating func run(_ order: [Int]) {
    var left = [[(patient: Int, count: Int)]](repeating: [], count: groups.findingCount)
    for patient in order {
      for (finding, count) in groups.findings[patient] { left[finding].append((patient, count)) }
    }
    while true {
      for finding in left.indices { left[finding].removeAll { parts[$0.patient] != nil } }
      let open = left.indices.filter { !left[$0].isEmpty }
      guard let rarest = open.min(by: { left[$0].count < left[$1].count }) else { break }
      for (patient, _) in left[rarest].sortedStably(by: { $0.count > $1.count }) {
        place(patient, for: rarest)
      }
    }
    let others = order.filter { parts[$0] == nil }
    for patient in others.sortedStably(by: { [groups] in
      groups.radiographs[$0].count > groups.radiographs[$1].count
    }) {
      place(patient, for: nil)
    }
  }

  /// Puts a patient where most of a finding is lacking; of equals where most radiographs are.
  private mutating func place(_ patient: Int, for finding: Int?) {
    let part = lacking.indices.max { first, second in
      let own = finding.map { (lacking[first][$0], lacking[second][$0]) } ?? (0, 0)
      return own.0 == own.1 ? lackingRadiographs[first] < lackingRadiographs[second] : own.0 < own.1
    }!
    parts[patient] = part
    add(patient, to: part, 1)
  }

  /// - Parameter sign: -1 takes the patient away.
  private mutating func add(_ patient: Int, to part: Int, _ sign: Double) {
    lackingRadiographs[part] -= sign * Double(groups.radiographs[patient].count)
    for (finding, count) in groups.findings[patient] { lacking[part][finding] -= sign * Double(count) }
  }

  /// Moves each patient to where the squares of all that is lacking become least.
  /// - Returns: whether one moved.
  private mutating func improve(_ order: [Int]) -> Bool {
    var moved = false
    for patient in order {
      let from = parts[patient]!
      let gains = lacking.indices.map { $0 == from ? 0 : gain(patient, from, $0) }
      let best = gains.indices.max { gains[$0] < gains[$1] }!
      guard gains[best] > 1e-9 else { continue }
      add(patient, to: from, -1)
      add(patient, to: best, 1)
      parts[patient] = best
      moved = true
    }
    return moved
  }

  /// Half of what the sum of squares falls by where a patient moves.
  private func gain(_ patient: Int, _ from: Int, _ other: Int) -> Double {
    let count = Double(groups.radiographs[patient].count)
    return groups.findings[patient].reduce(
      count * (lackingRadiographs[other] - lackingRadiographs[from] - count)
    ) { sum, own in
      let count = Double(own.count)
      return sum + count * (lacking[other][own.finding] - lacking[from][own.finding] - count)
    }
  }
}

extension Array {
  /// Sorted, equals in their order.
  fileprivate func sortedStably(by precedes: (Element, Element) -> Bool) -> [Element] {
    enumerated().sorted { first, second in
      if precedes(first.element, second.element) { return true }
      return !precedes(second.element, first.element) && first.offset < second.offset
    }.map(\.element)
  }
}
