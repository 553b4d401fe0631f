import Foundation
import WorldModel

/// What an audit found, as scripts read it.
package struct AuditReport: Codable, Sendable {
  package struct Collection: Codable, Sendable {
    package let name: String
    package let summary: String
    package let radiographs: Int
    package let decoded: Int
    /// What the source itself remarks.
    package let notes: [String]
  }
  package struct Failure: Codable, Sendable {
    package let reason: String
    package let radiographs: [String]
  }
  package struct Range: Codable, Sendable {
    package let least: Int
    package let median: Int
    package let most: Int
  }
  package struct Count: Codable, Sendable {
    package let name: String
    package let radiographs: Int
  }
  package struct Headers: Codable, Sendable {
    package let width: Range
    package let height: Range
    /// Radiographs by the length of their shorter side, in pixels.
    package let shorterSides: [Count]
    package let bitDepths: [Count]
    package let channels: [Count]
    package let photometric: [Count]
    package let manufacturers: [Count]
    package let views: [Count]
  }
  package struct Split: Codable, Sendable {
    package let name: String
    package let trains: Bool
    package let radiographs: Int
    package let decoded: Int
    package let patients: Int
    /// Radiographs that name no finding, present or unknown.
    package let withoutLabels: Int
    package let findings: [Finding]
  }
  package struct Finding: Codable, Sendable {
    package let name: String
    package let present: Int
    package let unknown: Int
  }
  package struct Near: Codable, Sendable {
    package let radiographs: [String]
    package let correlation: Double
    package let isNegative: Bool
  }
  package struct Leak: Codable, Sendable {
    package let kind: AuditLeakKind
    package let sides: [String]
    package let patient: String?
    package let radiographs: [String]
  }
  package struct Suspects: Codable, Sendable {
    package let kind: AuditSuspicion
    package let radiographs: [String]
  }
  package struct Verdict: Codable, Sendable {
    /// - unchecked: what could not be compared, so that nothing is known of it.
    package enum Weight: String, Codable, Sendable { case leak, unchecked, allowed, problem, suspect }
    package let name: String
    package let weight: Weight
    package let count: Int
    package let meaning: String
    package let advice: String
  }

  package let collections: [Collection]
  package let seconds: Double
  package let undecodable: [Failure]
  /// Nil where no radiograph could be decoded.
  package let headers: Headers?
  package let splits: [Split]
  package let findingsThatNeverOccur: [String]
  package let exactDuplicates: [[String]]
  package let nearDuplicates: [Near]
  package let leaks: [Leak]
  package let suspects: [Suspects]
  package let verdicts: [Verdict]
  /// No leak and nothing unchecked but what is allowed, and some radiograph that can be used.
  package let passed: Bool

  /// A split's or collection's name in lists.
  package static func side(_ name: String) -> String { name.isEmpty ? "no split" : name }

  package var sentence: String {
    let leaked = verdicts.filter { $0.weight == .leak }
    if !leaked.isEmpty {
      return "leaks were found: mend them, or allow them by name (--allow \(leaked[0].name))"
    }
    if let unchecked = verdicts.first(where: { $0.weight == .unchecked }) {
      return "\(unchecked.meaning), so that leaks may be there: \(unchecked.advice), or allow it by name "
        + "(--allow \(unchecked.name))"
    }
    if !passed { return "no radiograph can be used" }
    if verdicts.isEmpty { return "nothing to mend" }
    let allowed = verdicts.contains { $0.weight == .allowed }
    return "no leak\(allowed ? " but those that were allowed" : ""); look at what is listed before training"
  }
}

/// Makes the report from the radiographs as they were seen.
package struct AuditFindings {
  let collections: [AuditCollection]
  let radiographs: [AuditRadiograph]
  let duplicates: AuditDuplicates
  let leaks: [AuditLeak]
  /// Suspicions of each radiograph.
  let suspicions: [[AuditSuspicion]]
  private let training: [String]
  private let allowed: Set<String>

  package init(
    _ collections: [AuditCollection], _ radiographs: [AuditRadiograph], training: [String],
    allowed: Set<String>
  ) {
    (self.collections, self.radiographs, self.training, self.allowed) = (
      collections, radiographs, training, allowed
    )
    duplicates = AuditDuplicates(radiographs.map(\.look))
    leaks = AuditLeak.find(radiographs, duplicates, training: training, names: collections.map(\.name))
    suspicions = radiographs.map { $0.collection == 0 ? AuditSuspicion.all(of: $0) : [] }
  }

  /// A radiograph's name in lists: that of its collection goes before it where there are several.
  func name(_ radiograph: Int) -> String {
    let prefix =
      radiographs[radiograph].collection == 0
      ? "" : collections[radiographs[radiograph].collection].name + ": "
    return prefix + radiographs[radiograph].record.identifier
  }

  func isTraining(_ split: String) -> Bool { training.contains(split) }

  /// The radiographs to train on.
  var own: [AuditRadiograph] { radiographs.filter { $0.collection == 0 } }

  package func report(seconds: Double) -> AuditReport {
    let exact = duplicates.exact.map { $0.map(name) }
    let near = duplicates.near.map {
      AuditReport.Near(
        radiographs: [name($0.first), name($0.second)], correlation: Double($0.correlation),
        isNegative: $0.isNegative)
    }
    let splits = self.splits()
    let names = collections[0].source.findingNames
    let present = Set(own.flatMap(\.record.findings))
    let verdicts = self.verdicts(neverOccurring: names.filter { !present.contains($0) })
    return AuditReport(
      collections: collections.enumerated().map { number, collection in
        let all = radiographs.filter { $0.collection == number }
        return .init(
          name: collection.name, summary: collection.source.summary, radiographs: all.count,
          decoded: all.count { $0.look != nil }, notes: collection.source.notes)
      },
      seconds: seconds, undecodable: failures(), headers: headers(), splits: splits,
      findingsThatNeverOccur: names.filter { !present.contains($0) }, exactDuplicates: exact,
      nearDuplicates: near,
      leaks: leaks.map {
        .init(kind: $0.kind, sides: $0.sides, patient: $0.patient, radiographs: $0.radiographs.map(name))
      },
      suspects: AuditSuspicion.allCases.compactMap { kind in
        let found = radiographs.indices.filter { suspicions[$0].contains(kind) }
        return found.isEmpty ? nil : .init(kind: kind, radiographs: found.map(name))
      },
      verdicts: verdicts,
      passed: !verdicts.contains { [.leak, .unchecked].contains($0.weight) }
        && own.contains { $0.look != nil })
  }

  private func failures() -> [AuditReport.Failure] {
    var byReason: [String: [String]] = [:]
    for (index, radiograph) in radiographs.enumerated() {
      if let reason = radiograph.reason { byReason[reason, default: []].append(name(index)) }
    }
    return byReason.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
      .map { .init(reason: $0.key, radiographs: $0.value) }
  }

  private func verdicts(neverOccurring: [String]) -> [AuditReport.Verdict] {
    var verdicts = AuditLeakKind.allCases.compactMap { kind -> AuditReport.Verdict? in
      let count = leaks.count { $0.kind == kind }
      guard count > 0 else { return nil }
      return .init(
        name: kind.rawValue, weight: allowed.contains(kind.rawValue) ? .allowed : .leak, count: count,
        meaning: kind.meaning, advice: kind.advice)
    }
    func add(
      _ name: String, _ weight: AuditReport.Verdict.Weight, _ count: Int, _ meaning: String, _ advice: String
    ) {
      guard count > 0 else { return }
      verdicts.append(.init(name: name, weight: weight, count: count, meaning: meaning, advice: advice))
    }
    let (nameless, isBlind) = AuditLeak.withoutPatient(radiographs, training: training)
    add(
      AuditLeakKind.patientsUnknown.rawValue,
      allowed.contains(AuditLeakKind.patientsUnknown.rawValue) ? .allowed : isBlind ? .unchecked : .suspect,
      nameless,
      AuditLeakKind.patientsUnknown.meaning, AuditLeakKind.patientsUnknown.advice)
    add(
      "undecodable", .problem, radiographs.count { $0.reason != nil }, "radiographs that cannot be decoded",
      "mend or drop them; a run skips them and says so")
    add(
      "exact-duplicates", .problem, duplicates.exact.reduce(0) { $0 + $1.count - 1 },
      "radiographs that repeat another's pixels", "drop them: a radiograph that is there twice counts twice")
    add(
      "near-duplicates", .problem, duplicates.near.count, "pairs of radiographs with nearly equal pictures",
      "keep the better one of each pair")
    for kind in AuditSuspicion.allCases {
      let count = suspicions.count { $0.contains(kind) }
      add(kind.rawValue, .suspect, count, kind.meaning, kind.advice)
    }
    let labelled = own.contains { !$0.record.findings.isEmpty || !$0.record.unknown.isEmpty }
    let unlabelled = labelled ? own.count { $0.record.findings.isEmpty && $0.record.unknown.isEmpty } : 0
    add(
      "without-labels", .suspect, unlabelled, "radiographs without any label in a collection that has labels",
      "check that an empty cell means \"no finding\"")
    add(
      "findings-that-never-occur", .suspect, neverOccurring.count, "findings that no radiograph has",
      "leave them out of evaluation.labels")
    return verdicts
  }
}
