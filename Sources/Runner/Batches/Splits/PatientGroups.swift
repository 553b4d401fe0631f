import CoreTensor
import WorldModel

/// Radiographs by patient, and how many of each patient's radiographs have each finding.
///
/// Patients stand in the order of their keys and radiographs in that of their identifiers, so that nothing that is drawn
/// depends on the order of the records.
package struct PatientGroups: Sendable {
  /// Indices into the records, of one patient each.
  package let radiographs: [[Int]]
  /// For each patient, the findings that it has, as places in the list of findings, and on how many radiographs.
  let findings: [[(finding: Int, count: Int)]]
  let findingCount: Int

  /// - Parameters:
  ///   - records: of a whole source.
  ///   - chosen: which of them are grouped, as indices.
  ///   - findings: that count; a finding of which nothing is known counts as absent.
  package init(_ records: [RadiographRecord], _ chosen: [Int], findings names: [String]) {
    let groups = Dictionary(grouping: chosen) { records[$0].patientKey }
    radiographs = groups.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { key in
      groups[key]!.sorted {
        records[$0].identifier.utf8.lexicographicallyPrecedes(records[$1].identifier.utf8)
      }
    }
    let places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    findings = radiographs.map { own in
      var counts: [Int: Int] = [:]
      for radiograph in own {
        for finding in records[radiograph].findings where records[radiograph].label(of: finding) == true {
          if let place = places[finding] { counts[place, default: 0] += 1 }
        }
      }
      return counts.sorted { $0.key < $1.key }.map { (finding: $0.key, count: $0.value) }
    }
    findingCount = names.count
  }

  /// The patients in an order that depends on seed and stream alone.
  func shuffled(_ seed: UInt64, _ stream: String, step: Int = 0) -> [Int] {
    var random = RandomStream(seed: seed, stream: stream, step: step)
    return random.permutation(radiographs.count)
  }
}
