/// Finds what was probably meant by a word that does not exist.
public enum Suggestions {
  /// The candidate nearest to `word`, where one is near enough to be a slip of the keyboard or a part of the name.
  public static func nearest(to word: String, in candidates: [String]) -> String? {
    let folded = normalised(word)
    guard !folded.isEmpty else { return nil }
    let ranked = candidates.map { candidate -> (name: String, distance: Int) in
      (candidate, distance(folded, normalised(candidate)))
    }
    guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
    let tolerance = max(1, min(3, folded.count / 3))
    if best.distance <= tolerance { return best.name }
    guard folded.count >= 3 else { return nil }
    return ranked.filter { normalised($0.name).contains(folded) || folded.contains(normalised($0.name)) }
      .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?.name
  }

  /// A clause to put after an error: `"; did you mean --tasks?"`, or nothing.
  package static func clause(for word: String, in candidates: [String]) -> String {
    nearest(to: word, in: candidates).map { "; did you mean \($0)?" } ?? ""
  }

  /// Dashes, underscores and capitals are what people mix up most.
  private static func normalised(_ word: String) -> String {
    String(word.lowercased().drop { $0 == "-" }.prefix(64)).replacing("_", with: "-")
  }

  /// Edits between two words: insertion, deletion, substitution, and two neighbours exchanged.
  package static func distance(_ first: String, _ second: String) -> Int {
    let a = Array(first)
    let b = Array(second)
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        let substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
        row[j] = min(last[j] + 1, row[j - 1] + 1, substitution)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          row[j] = min(row[j], beforeLast[j - 2] + 1)
        }
      }
      (beforeLast, last) = (last, row)
    }
    return last[b.count]
  }
}
