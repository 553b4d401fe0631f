import Foundation
import Training

/// Which runs have losses of the same kind: of the same terms, over as many patches, with the settings that decide
/// what a loss is.
struct LossGroups {
  private typealias Term = RunComparison.Term
  /// The terms of each run.
  let terms: [[RunComparison.Term]]
  /// The group of each run, from 1 in the runs' order.
  let numbers: [Int]
  private let names: [String]
  /// For each group but the first, how its first run differs from the first of all.
  private let reasons: [String]

  /// How many groups there are.
  var count: Int { numbers.max() ?? 0 }

  /// Means over few steps differ a little by the draws.
  private static let tolerance = 0.05

  /// - Parameters:
  ///   - names: of the runs.
  ///   - differences: settings that are not the same in all runs.
  init(
    _ names: [String], _ settings: [RunSettings], _ terms: [[RunComparison.Term]], _ differences: [String]
  ) {
    var firsts: [Int] = []
    var numbers: [Int] = []
    var reasons: [String] = []
    func reason(_ run: Int, _ other: Int) -> String? {
      Self.reason((settings[run], terms[run]), (settings[other], terms[other]), differences)
    }
    for run in names.indices {
      if let group = firsts.firstIndex(where: { reason(run, $0) == nil }) {
        numbers.append(group + 1)
        continue
      }
      if let first = firsts.first { reasons.append(reason(run, first) ?? "") }
      firsts.append(run)
      numbers.append(firsts.count)
    }
    (self.names, self.terms, self.numbers, self.reasons) = (names, terms, numbers, reasons)
  }

  /// Why two losses cannot be compared; nil where they can.
  private static func reason(
    _ run: (settings: RunSettings, terms: [Term]), _ other: (settings: RunSettings, terms: [Term]),
    _ differences: [String]
  ) -> String? {
    let different = differences.filter { run.settings[$0] != other.settings[$0] }
    if let key = different.first(where: {
      run.settings.decidesTheLoss($0) || other.settings.decidesTheLoss($0)
    }) {
      return "\(key) is \(run.settings[key] ?? "not set") and \(other.settings[key] ?? "not set")"
    }
    guard run.terms.map(\.name) == other.terms.map(\.name) else {
      return "the terms are \(list(run.terms)) and \(list(other.terms))"
    }
    // The same tasks with the same options draw alike, whatever came of it.
    let tasks = Set(run.settings.tasks + other.settings.tasks)
    let isSameTask = !different.contains { key in
      key == "run.tasks" || tasks.contains { key.hasPrefix($0 + ".") }
    }
    if isSameTask { return nil }
    for (own, its) in zip(run.terms, other.terms) {
      switch (own.patches, its.patches) {
      // A task's own term is over no patches; a run of before they were recorded has none at all.
      case (nil, nil) where (run.terms + other.terms).contains { $0.patches != nil }: continue
      case (let first?, let second?) where abs(first - second) <= tolerance * max(first, second): continue
      default: return "\(own.name) is over \(text(own.patches)) and \(text(its.patches)) patches"
      }
    }
    return nil
  }

  private static func list(_ terms: [Term]) -> String {
    terms.isEmpty ? "unknown" : terms.map(\.name).joined(separator: ", ")
  }

  private static func text(_ patches: Double?) -> String {
    guard let patches else { return "an unrecorded number of" }
    return String(format: "%g", (patches * 10).rounded() / 10)
  }

  /// The patches of all terms of a run together; a dash where they were not recorded.
  static func total(_ terms: [RunComparison.Term]) -> String {
    let counts = terms.compactMap(\.patches)
    return counts.isEmpty ? "-" : text(counts.reduce(0, +))
  }

  /// What to know before losses are put beside one another; empty where they can be.
  var text: String {
    guard count > 1 else { return "" }
    var lines = ["Losses of \(count) kinds, which cannot be compared with one another:"]
    for group in 1...count {
      let members = zip(names, numbers).filter { $0.1 == group }.map(\.0).joined(separator: ", ")
      lines.append(
        "  \(group): \(members)" + (group > 1 ? "; from 1 it differs since \(reasons[group - 2])" : ""))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
