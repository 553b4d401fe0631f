/// Helps whoever mistyped a name.
public enum NearMiss {
  /// The candidate that `name` most likely stands for, where one is near enough.
  public static func suggestion(for name: String, among candidates: some Sequence<String>) -> String? {
    let allowed = max(1, min(3, name.count / 3))
    let ranked = candidates.map { (distance: distance(name.lowercased(), $0.lowercased()), name: $0) }
    return ranked.filter { $0.distance <= allowed }.min { ($0.distance, $0.name) < ($1.distance, $1.name) }?
      .name
  }

  /// `did you mean "probability"? ` or nothing, then what exists.
  public static func remedy(for name: String, among candidates: [String], kind: String) -> String {
    let exists =
      candidates.isEmpty ? "there is no \(kind)" : "known: " + candidates.joined(separator: ", ")
    guard let nearest = suggestion(for: name, among: candidates) else { return exists }
    return "did you mean \"\(nearest)\"? \(exists)"
  }

  /// Edits (a letter added, left out, changed, or two neighbours swapped) that turn one text into the other.
  static func distance(_ first: String, _ second: String) -> Int {
    let first = Array(first)
    let second = Array(second)
    var rows = (0...first.count).map { row in (0...second.count).map { row == 0 ? $0 : $0 == 0 ? row : 0 } }
    for row in first.indices.map({ $0 + 1 }) {
      for column in second.indices.map({ $0 + 1 }) {
        let change = first[row - 1] == second[column - 1] ? 0 : 1
        rows[row][column] = min(
          rows[row - 1][column] + 1, rows[row][column - 1] + 1, rows[row - 1][column - 1] + change)
        let swapped =
          row > 1 && column > 1 && first[row - 1] == second[column - 2]
          && first[row - 2] == second[column - 1]
        if swapped { rows[row][column] = min(rows[row][column], rows[row - 2][column - 2] + 1) }
      }
    }
    return rows[first.count][second.count]
  }
}
