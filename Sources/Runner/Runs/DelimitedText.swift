import WorldModel

/// Tables as they are written.
public enum DelimitedText {
  /// A cell by RFC 4180: quoted where it holds a comma, a quote or a line's end, which stays. Other control characters
  /// are written out (`\u{1B}`), and a text that a spreadsheet would compute (`=…`, `+…`, `-…`, `@…`) is led by an
  /// apostrophe, so that a radiograph's name from elsewhere does nothing where the table is opened.
  public static func cell(_ text: String) -> String {
    let text = content(text)
    guard text.utf8.contains(where: { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }

  /// What a reader of the table finds in the cell of a text.
  public static func content(_ text: String) -> String { inert(text.printable(but: ["\n", "\r"])) }

  private static func inert(_ text: String) -> String {
    guard let first = text.utf8.first, [0x3D, 0x2B, 0x2D, 0x40].contains(first), Double(text) == nil else {
      return text
    }
    return "'" + text
  }
}
