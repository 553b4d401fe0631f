import Foundation

/// The words of a Swift file that mean something to the compiler: names and texts, without comments.
struct SwiftSource {
  enum Kind: Equatable { case identifier, text }
  struct Word: Equatable {
    let kind: Kind
    let text: String
    /// From 1.
    let line: Int
  }

  private let bytes: [UInt8]
  private var place = 0
  private var line = 1
  private(set) var words: [Word] = []

  init(_ text: String) {
    bytes = Array(text.utf8)
    readCode(untilParenthesis: false)
  }

  private func starts(with text: StaticString, at offset: Int = 0) -> Bool {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    let first = place + offset
    return first + wanted.count <= bytes.count && bytes[first..<first + wanted.count].elementsEqual(wanted)
  }

  private mutating func advance(_ count: Int = 1) {
    for byte in bytes[place..<min(place + count, bytes.count)] where byte == UInt8(ascii: "\n") { line += 1 }
    place = min(place + count, bytes.count)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return (0x61...0x7A).contains(letter) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_")
  }

  /// Reads code to its end, or to the parenthesis that ends an interpolation.
  private mutating func readCode(untilParenthesis: Bool) {
    var depth = 0
    while place < bytes.count {
      if starts(with: "//") {
        while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { advance() }
      } else if starts(with: "/*") {
        skipComment()
      } else if let hashes = hashesBeforeQuote() {
        readText(hashes: hashes)
      } else if Self.isWord(bytes[place]) {
        readIdentifier()
      } else {
        if bytes[place] == UInt8(ascii: "(") { depth += 1 }
        if bytes[place] == UInt8(ascii: ")") {
          if untilParenthesis, depth == 0 { return }
          depth -= 1
        }
        advance()
      }
    }
  }

  private mutating func skipComment() {
    var depth = 0
    repeat {
      if starts(with: "/*") {
        depth += 1
        advance(2)
      } else if starts(with: "*/") {
        depth -= 1
        advance(2)
      } else {
        advance()
      }
    } while depth > 0 && place < bytes.count
  }

  private mutating func readIdentifier() {
    let first = place
    while place < bytes.count, Self.isWord(bytes[place]) { place += 1 }
    words.append(
      Word(kind: .identifier, text: String(decoding: bytes[first..<place], as: UTF8.self), line: line))
  }

  /// How many `#` stand before the quotation mark at the current place; nil where no text begins here.
  private func hashesBeforeQuote() -> Int? {
    let hashes = bytes[place...].prefix { $0 == UInt8(ascii: "#") }.count
    return starts(with: "\"", at: hashes) ? hashes : nil
  }

  /// Reads a text line by line, so that each word of it has its own line; code within `\(…)` is read as code.
  private mutating func readText(hashes: Int) {
    let mark = String(repeating: "#", count: hashes)
    let isLong = starts(with: "\"\"\"", at: hashes)
    let quote = Array(((isLong ? "\"\"\"" : "\"") + mark).utf8)
    let escape = Array(("\\" + mark).utf8)
    advance(hashes + (isLong ? 3 : 1))
    var part: [UInt8] = []
    func at(_ wanted: [UInt8]) -> Bool { bytes[place...].starts(with: wanted) }
    func keep() -> Word { Word(kind: .text, text: String(decoding: part, as: UTF8.self), line: line) }
    while place < bytes.count, !at(quote) {
      if at(escape) {
        advance(escape.count)
        if place < bytes.count, bytes[place] == UInt8(ascii: "(") {
          words.append(keep())
          part = []
          advance()
          readCode(untilParenthesis: true)
        }
        advance()
        // `\n` parts words as a line's end does.
        part.append(UInt8(ascii: " "))
        continue
      }
      if bytes[place] == UInt8(ascii: "\n") {
        words.append(keep())
        part = []
      } else {
        part.append(bytes[place])
      }
      advance()
    }
    words.append(keep())
    advance(quote.count)
  }
}

extension SwiftSource {
  /// The words of a name in camel case, in lower case: `fine`, `tune` and `chart` of `FineTuneChart`.
  static func parts(ofIdentifier name: String) -> [String] {
    var parts: [String] = []
    var previousIsUpper = true
    for character in name {
      if character == "_" {
        parts.append("")
      } else if character.isUppercase && !previousIsUpper || parts.isEmpty {
        parts.append(character.lowercased())
      } else {
        parts[parts.count - 1] += character.lowercased()
      }
      previousIsUpper = character.isUppercase
    }
    return parts.filter { !$0.isEmpty }
  }

  /// The words of a text: letters, digits, dashes and underscores.
  static func parts(ofText text: String) -> [String] {
    text.split { !($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }.map(String.init)
  }
}
