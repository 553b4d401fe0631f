import Foundation
import WorldModel

/// Reads the text of a flag by the kind of its setting.
package enum SettingText {
  /// - Parameter isToml: whether quotes and brackets are TOML (`--set`) or belong to the text (`--data`).
  /// - Returns: nil where the text is nothing of that kind.
  package static func value(of text: String, as kind: OptionKind, isToml: Bool) -> OptionValue? {
    if isToml, let first = text.first, "\"'[".contains(first) { return SettingsFile.value(ofToml: text) }
    switch kind {
    case .integer: return Int(text).map(OptionValue.integer)
    case .number: return number(text)
    case .boolean: return ["true": true, "false": false][text].map(OptionValue.boolean)
    case .choice, .text: return .text(text)
    case .numbers where text.isEmpty: return .list([])
    case .interval, .numbers:
      let numbers = items(of: text).map(number)
      return numbers.contains(nil) ? nil : .list(numbers.compactMap { $0 })
    case .texts:
      if text.isEmpty { return .list([]) }
      let names = items(of: text)
      return names.contains("") ? nil : .list(names.map(OptionValue.text))
    }
  }

  /// Parts between commas, without spaces around them.
  package static func items(of text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// Only decimal notation: no hexadecimal, no infinity.
  private static func number(_ text: String) -> OptionValue? {
    guard text.allSatisfy({ "0123456789.+-eE".contains($0) }) else { return nil }
    return Double(text).map(OptionValue.number)
  }
}
