/// Tables as they are written.
public enum DelimitedText {
  /// A cell by RFC 4180: quoted where it holds a comma, a quote or a line's end.
  public static func cell(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }) else { return text }
    return "\"" + text.replacing("\"", with: "\"\"") + "\""
  }
}
