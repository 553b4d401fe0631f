/// Several findings in one cell of a table.
enum FindingList {
  /// Whether a cell is empty, or holds what a program wrote for an empty one.
  static func saysNothing(_ cell: String) -> Bool {
    let text = cell.trimmingSpaces()
    return text.isEmpty || empty.contains(text.lowercased())
  }

  private static let empty: Set = ["nan", "none", "null", "na", "n/a", "<na>", "[]", "{}", "()"]

  /// The findings that a cell names: parted by `|` or `;`, or as a list of Python or JSON writes them
  /// (`['a', "b"]`), or parted by commas.
  /// - Parameter commasSeparate: whether a comma outside a list parts two findings; where a column parts its
  ///   findings otherwise, it belongs to a name.
  static func parse(_ cell: String, commasSeparate: Bool) -> Set<String> {
    let text = cell.trimmingSpaces()
    let names =
      items(ofList: text)
      ?? text.split { $0 == "|" || $0 == ";" || (commasSeparate && $0 == ",") }.map { String($0) }
    return Set(names.map { $0.trimmingSpaces() }.filter { !saysNothing($0) })
  }

  /// Whether commas can part the findings of a column: no cell parts them otherwise.
  static func commasSeparate(_ cells: [String]) -> Bool {
    !cells.contains { $0.utf8.contains { $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: ";") } }
  }

  /// The items of a list in brackets, quoted or not; nil where the text is none.
  private static func items(ofList text: String) -> [String]? {
    guard let first = text.first, let last = text.last, text.count >= 2,
      [Character("["), "(", "{"].contains(first), [Character("]"), ")", "}"].contains(last)
    else { return nil }
    var (items, item, quote): ([String], String, Character?) = ([], "", nil)
    for character in text.dropFirst().dropLast() {
      if let open = quote {
        if character == open { quote = nil } else { item.append(character) }
      } else if (character == "'" || character == "\"") && item.trimmingSpaces().isEmpty {
        (quote, item) = (character, "")
      } else if character == "," {
        items.append(item)
        item = ""
      } else {
        item.append(character)
      }
    }
    return items + [item]
  }
}
