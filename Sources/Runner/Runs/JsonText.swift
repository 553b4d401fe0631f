import Foundation

/// JSON written by hand, where the order of keys must be ours, and what to say of JSON that does not fit.
package enum JsonText {
  /// A value as JSON: keys sorted, no slash escaped, and what JSON cannot say as a number as the text `"nan"`, `"inf"`
  /// or `"-inf"`.
  /// - Parameters:
  ///   - value: what is encoded.
  ///   - lines: one line without an end, or many, indented, and an end of line.
  ///   - keys: as the value names them, or in snake case.
  package static func encoded(
    _ value: some Encodable, _ lines: Lines = .many, keys: Keys = .asNamed
  ) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if lines == .many { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.keyEncodingStrategy = keys == .snakeCase ? .convertToSnakeCase : .useDefaultKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self) + (lines == .many ? "\n" : "")
  }

  package enum Lines { case one, many }

  /// A value of JSON that `encoded` wrote, or that an earlier version wrote under former keys.
  /// - Parameter keys: as the value names them, or in snake case.
  /// - Throws: `DecodingError`; `reason` says it in a few words.
  package static func decoded<Value: Decodable>(
    _ type: Value.Type, from json: Data, keys: Keys = .asNamed
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1]
      guard key.intValue == nil else { return key }
      let name = FormerKeys.current(key.stringValue)
      return NamedKey(stringValue: keys == .snakeCase ? camelCase(name) : name)
    }
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: json)
  }

  package enum Keys { case asNamed, snakeCase }

  private struct NamedKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private static func camelCase(_ name: String) -> String {
    let words = name.split(separator: "_")
    return words.prefix(1).joined()
      + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Why decoding failed, in a few words.
  package static func reason(_ error: any Error) -> String {
    func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
    return switch error {
    case DecodingError.keyNotFound(let key, let context):
      "no \(place(context.codingPath + [key]))"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "another type at \(place(context.codingPath))"
    case DecodingError.dataCorrupted(let context):
      context.codingPath.isEmpty ? "no JSON" : "another value at \(place(context.codingPath))"
    default: "\(error)"
    }
  }

  /// A key that stands twice in the outermost object of `json`, of which a decoder would silently drop one; nil where
  /// each stands once. Keys are compared as they are written.
  package static func repeatedKey(of json: Data) -> String? {
    var (depth, start, isEscaped, isKey): (Int, Int?, Bool, Bool) = (0, nil, false, true)
    var keys: Set<[UInt8]> = []
    return json.withUnsafeBytes { bytes -> String? in
      for (place, byte) in bytes.enumerated() {
        if let begin = start {
          if isEscaped {
            isEscaped = false
          } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
          } else if byte == UInt8(ascii: "\"") {
            start = nil
            guard depth == 1 && isKey else { continue }
            isKey = false
            let key = [UInt8](bytes[begin..<place])
            if !keys.insert(key).inserted { return String(decoding: key, as: UTF8.self) }
          }
          continue
        }
        switch byte {
        case UInt8(ascii: "\""): start = place + 1
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: ","): if depth == 1 { isKey = true }
        default: break
        }
      }
      return nil
    }
  }

  /// `text` with its quotation marks.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          let digits = String(scalar.value, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result + "\""
  }
}
