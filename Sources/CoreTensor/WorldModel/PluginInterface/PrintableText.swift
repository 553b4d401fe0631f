extension String {
  /// With control characters written out, so that a name from elsewhere moves no cursor and clears no terminal.
  public var printable: String { printable(but: []) }

  /// - Parameter kept: control characters that stay.
  public func printable(but kept: Set<Unicode.Scalar>) -> String {
    guard unicodeScalars.contains(where: \.isControl) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isControl && !kept.contains(scalar) {
        text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
}

extension Unicode.Scalar {
  fileprivate var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}
