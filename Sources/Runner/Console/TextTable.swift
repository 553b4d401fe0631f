import CoreTensor

/// A table in plain text: aligned columns, the last one wrapped to the width that is left.
public struct TextTable: Sendable {
  /// Which side of its column a text keeps to.
  public enum Alignment: Sendable {
    case left
    case right
  }

  /// A column's head.
  public struct Column: Sendable {
    public let title: String
    public let alignment: Alignment
    public init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  private static let gap = 2
  /// The last column is not wrapped to less; a narrower terminal breaks lines itself.
  private static let leastWidth = 16

  public let columns: [Column]
  public private(set) var rows: [[String]] = []

  public init(columns: [Column]) { self.columns = columns }

  /// - Precondition: one text for each column.
  public mutating func add(_ texts: [String]) {
    require(
      texts.count == columns.count, "TextTable: \(texts.count) texts for \(columns.count) columns")
    rows.append(texts)
  }

  /// The table, each line ended, without blanks at the ends of lines.
  /// - Parameter terminal: gives the width, and whether the head may be bold.
  public func text(for terminal: Terminal) -> String {
    let widths = columns.indices.map { index in
      ([columns[index].title] + rows.map { $0[index] }).flatMap { Self.lines($0) }.map(\.count).max() ?? 0
    }
    let before = widths.dropLast().reduce(0) { $0 + $1 + Self.gap }
    let last = min(widths.last ?? 0, max(terminal.width - before, Self.leastWidth))
    let fitted = widths.dropLast() + [last]
    var result = ""
    for line in Self.layOut(columns.map(\.title), columns, Array(fitted)) {
      result += terminal.styled(line, .bold) + "\n"
    }
    result += fitted.map { String(repeating: "-", count: $0) }.joined(separator: "  ") + "\n"
    for row in rows {
      for line in Self.layOut(row, columns, Array(fitted)) { result += line + "\n" }
    }
    return result
  }

  private static func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  private static func layOut(_ texts: [String], _ columns: [Column], _ widths: [Int]) -> [String] {
    let cells = texts.indices.map { index in
      index == texts.count - 1
        ? lines(texts[index]).flatMap { wrapped(String($0), width: widths[index]) }
        : lines(texts[index]).map(String.init)
    }
    return (0..<(cells.map(\.count).max() ?? 0)).map { line in
      var result = ""
      for index in cells.indices {
        let cell = line < cells[index].count ? cells[index][line] : ""
        let blanks = String(repeating: " ", count: max(0, widths[index] - cell.count))
        result += columns[index].alignment == .right ? blanks + cell : cell + blanks
        if index < cells.count - 1 { result += String(repeating: " ", count: gap) }
      }
      while result.hasSuffix(" ") { result.removeLast() }
      return result
    }
  }

  /// Breaks at blanks only: a path that is longer than a line stays whole, so that it can be copied and searched for.
  static func wrapped(_ text: String, width: Int) -> [String] {
    var result: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + 1 + word.count > width {
        result.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    return result + [line]
  }
}
