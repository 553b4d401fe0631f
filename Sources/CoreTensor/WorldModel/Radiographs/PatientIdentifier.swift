/// A patient as radiographs name one, in a form that two tables agree on.
///
/// Numbers are written in many ways: with spaces around, with zeros before that another program lost, as a fraction
/// after a table went through one (`10000032.0`). All of them mean one patient.
public struct PatientIdentifier: Sendable, Hashable {
  /// Without spaces around; a whole number without zeros before and without an empty fraction.
  public let key: String

  /// Nil where the text names nobody: nothing, `nan`, or a word that stands for every anonymous patient.
  public init?(_ text: String) {
    var bytes = text.utf8[...]
    while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
    while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
    if let digits = Self.wholeNumber(bytes) {
      key = digits
    } else {
      let bare = String(Substring(bytes))
      if Self.isPlaceholder(bare) { return nil }
      key = bare
    }
  }

  /// Whether the text stands where a name was taken out, or never was.
  private static func isPlaceholder(_ text: String) -> Bool {
    // No placeholder holds a digit, and most names do: a table has half a million of them.
    if text.utf8.contains(where: isDigit) { return false }
    let characters = text.uppercased().filter { $0.isLetter || $0.isNumber }
    return characters.isEmpty || placeholders.contains(characters)
  }

  private static let placeholders: Set = [
    "NAN", "NONE", "NULL", "NA", "UNKNOWN", "ANON", "ANONYM", "ANONYMOUS", "ANONYMIZED", "ANONYMISED",
    "ANONYMOUSPATIENT", "PATIENTANONYMOUS", "DEIDENTIFIED", "REMOVED", "REDACTED", "NOTAVAILABLE", "UNNAMED",
    "NONAME",
  ]

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// A whole number's digits without zeros before; nil for any other text.
  private static func wholeNumber(_ text: Substring.UTF8View) -> String? {
    let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard !parts[0].isEmpty, parts[0].allSatisfy(isDigit) else { return nil }
    guard parts.count == 1 || parts[1].allSatisfy({ $0 == UInt8(ascii: "0") }) else { return nil }
    let digits = parts[0].drop { $0 == UInt8(ascii: "0") }
    return digits.isEmpty ? "0" : String(Substring(digits))
  }
}
