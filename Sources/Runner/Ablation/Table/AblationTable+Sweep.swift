import Foundation
import WorldModel

extension AblationTable {
  /// A setting, and the values that it takes in turn.
  package struct Axis: Equatable, Sendable {
    package let key: String
    /// In TOML.
    package let values: [String]

    /// - Parameter text: `training.learning_rate=1e-4,3e-4`; commas within brackets or quotes divide nothing.
    /// - Throws: `AblationError`.
    package init(_ text: String) throws {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      let path = parts[0].split(separator: ".", omittingEmptySubsequences: false)
      guard parts.count == 2, path.count == 2, path.allSatisfy({ !$0.isEmpty }) else {
        throw AblationError("--grid: expected TABLE.KEY=VALUE,VALUE,…, found \"\(text)\"")
      }
      if ["run.seed", "run.out"].contains(parts[0]) {
        throw AblationError("--grid: \(parts[0]) is the ablation's own; --seeds says how many seeds")
      }
      (key, values) = (parts[0], Self.divided(parts[1]))
      guard values.allSatisfy({ !$0.isEmpty }), Set(values).count == values.count else {
        throw AblationError("--grid: \(parts[0]): expected values that differ, found \"\(parts[1])\"")
      }
    }

    private static func divided(_ text: String) -> [String] {
      var (parts, depth, quoted) = ([""], 0, false)
      for character in text {
        if character == "\"" { quoted.toggle() }
        if !quoted && "[{".contains(character) { depth += 1 }
        if !quoted && "]}".contains(character) { depth -= 1 }
        if character == "," && depth == 0 && !quoted {
          parts.append("")
        } else {
          parts[parts.count - 1].append(character)
        }
      }
      return parts.map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// Every row with every combination of the axes' values.
  /// - Throws: `AblationError` where a row sets what an axis varies.
  package func crossed(with axes: [Axis]) throws -> AblationTable {
    guard !axes.isEmpty else { return self }
    guard Set(axes.map(\.key)).count == axes.count else {
      throw AblationError("--grid: expected a setting once, found one twice")
    }
    var points: [[Setting]] = [[]]
    for axis in axes {
      points = points.flatMap { point in axis.values.map { point + [Setting(axis.key, $0)] } }
    }
    var table = self
    table.rows = try rows.flatMap { row in
      if let both = row.assignments.first(where: { own in axes.contains { $0.key == own.key } }) {
        throw AblationError("--grid: \(both.key) is set by the row \"\(row.name)\" already")
      }
      return points.map { point in
        let name = point.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
        return Row(
          row.name.isEmpty ? name : "\(row.name), \(name)", tasks: row.tasks, isNaive: row.isNaive,
          settings: row.settings + point, reported: row.reported)
      }
    }
    return table
  }

  /// Every set of tasks but the empty one: single tasks first, all of them last.
  package static func subsets(of tasks: [String]) -> AblationTable {
    let sets = (1..<(1 << tasks.count)).map { bits in
      tasks.indices.filter { bits >> $0 & 1 == 1 }.map { tasks[$0] }
    }
    return AblationTable(
      title: "Every subset of \(tasks.joined(separator: ", "))",
      rows: sets.sorted { ($0.count, $0.lexicographicKey(tasks)) < ($1.count, $1.lexicographicKey(tasks)) }
        .map { Row($0.joined(separator: ", "), tasks: $0) })
  }
}

extension [String] {
  /// Orders sets of tasks as the tasks are ordered.
  fileprivate func lexicographicKey(_ tasks: [String]) -> String {
    map { task in String(UnicodeScalar(UInt8(65 + (tasks.firstIndex(of: task) ?? 0)))) }.joined()
  }
}
