import WorldModel

/// Draws splits, folds and shots of patients; each is a function of the radiographs and a seed.
package struct SplitDraw {
  package static let names = ["train", "val", "test"]

  let records: [RadiographRecord]
  let findings: [String]
  let seed: UInt64

  /// - Parameters:
  ///   - records: of a whole source.
  ///   - findings: that are divided evenly.
  package init(_ records: [RadiographRecord], findings: [String], seed: UInt64) {
    (self.records, self.findings, self.seed) = (records, findings, seed)
  }

  /// Patients divided into training, validation and test radiographs.
  /// - Parameters:
  ///   - chosen: indices of the radiographs that are divided.
  ///   - fractions: shares of train, val and test, which sum to 1; 0 for none.
  /// - Returns: the split of each of `chosen`.
  /// - Throws: `SplitDrawError` where a share above 0 gets no patient.
  package func splits(_ chosen: [Int], fractions: [Double]) throws -> [String] {
    let wanted = fractions.indices.filter { fractions[$0] > 0 }
    let parts = try parts(
      chosen, shares: wanted.map { fractions[$0] }, stream: "splits",
      called: wanted.map { "split \(Self.names[$0])" })
    return parts.map { Self.names[wanted[$0]] }
  }

  /// Patients divided into folds of equal size.
  /// - Returns: the fold of each of `chosen`, from 1.
  /// - Throws: `SplitDrawError` where there are fewer patients than folds.
  package func folds(_ chosen: [Int], count: Int) throws -> [Int] {
    try parts(
      chosen, shares: Array(repeating: 1 / Double(count), count: count), stream: "folds",
      called: (1...count).map { "fold \($0)" }
    ).map { $0 + 1 }
  }

  private func parts(_ chosen: [Int], shares: [Double], stream: String, called names: [String]) throws
    -> [Int]
  {
    let groups = PatientGroups(records, chosen, findings: findings)
    let parts = Stratification.parts(groups, shares: shares, seed: seed, stream: stream)
    var byRadiograph: [Int: Int] = [:]
    for (patient, part) in parts.enumerated() {
      for radiograph in groups.radiographs[patient] { byRadiograph[radiograph] = part }
    }
    if let empty = shares.indices.first(where: { !parts.contains($0) }) {
      throw SplitDrawError(
        "\(names[empty]): no patient is left for it, of \(parts.count) patients with \(chosen.count) radiographs; "
          + "ask for fewer or larger parts, or more radiographs")
    }
    return chosen.map { byRadiograph[$0]! }
  }

  /// k-shot: k radiographs with each finding, each of another patient, and k without any finding; other findings of
  /// these radiographs count too. Of one draw, fewer shots are a part of more.
  /// - Parameters:
  ///   - chosen: radiographs to draw from.
  ///   - draw: its number, from 1.
  /// - Returns: indices in the order of `chosen`, and findings of which there were fewer, with how many.
  package func shots(
    _ chosen: [Int], count: Int, draw: Int
  ) -> (
    radiographs: [Int], short: [(finding: String, count: Int)]
  ) {
    let groups = PatientGroups(records, chosen, findings: findings)
    let patients = groups.shuffled(seed, "shots", step: draw).map { groups.radiographs[$0] }
    var (kept, short): (Set<Int>, [(finding: String, count: Int)]) = ([], [])
    func take(_ name: String, _ isCase: (RadiographRecord) -> Bool) {
      let found = patients.compactMap { $0.first { isCase(records[$0]) } }.prefix(count)
      kept.formUnion(found)
      if found.count < count { short.append((name, found.count)) }
    }
    for finding in findings { take(finding) { $0.label(of: finding) == true } }
    take("no finding") { record in findings.allSatisfy { record.label(of: $0) == false } }
    return (chosen.filter(kept.contains), short)
  }
}

package struct SplitDrawError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
