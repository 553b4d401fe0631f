/// Reads comma-separated records by RFC 4180: quoted fields, doubled quotes, line breaks within quotes, CRLF,
/// LF or CR, a byte order mark. Semicolons or tabs separate where the first line has more of them than
/// commas.
package struct DelimitedReader {
  package struct Record: Equatable {
    /// Line of the file, counted from 1, where the record begins.
    package let line: Int
    package let fields: [String]
  }
  package struct Problem: Error, Equatable {
    package let line: Int
    package let text: String
  }

  private let bytes: [UInt8]
  private let separator: UInt8
  private var place = 0
  private var line = 1

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  package init(_ bytes: [UInt8]) throws(Problem) {
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw Problem(line: 1, text: "the table is UTF-16 text; save it as UTF-8")
    }
    self.bytes = bytes
    place = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    separator = Self.separator(of: bytes)
  }

  /// The next record that is not an empty line, or nil at the end.
  package mutating func next() throws(Problem) -> Record? {
    while place < bytes.count, isLineEnd(bytes[place]) { endLine() }
    guard place < bytes.count else { return nil }
    let start = line
    var fields: [String] = []
    while true {
      fields.append(try field())
      guard place < bytes.count else { return Record(line: start, fields: fields) }
      if isLineEnd(bytes[place]) {
        endLine()
        return Record(line: start, fields: fields)
      }
      // Past the separator; at the very end of the file an empty field follows it.
      place += 1
    }
  }

  private static func separator(of bytes: [UInt8]) -> UInt8 {
    var counts: [UInt8: Int] = [:]
    var quoted = false
    for byte in bytes {
      if byte == quote { quoted.toggle() }
      if !quoted && (byte == newline || byte == carriageReturn) { break }
      if !quoted { counts[byte, default: 0] += 1 }
    }
    // The comma wins a tie.
    var best = UInt8(ascii: ",")
    for other in [UInt8(ascii: ";"), UInt8(ascii: "\t")]
    where counts[other, default: 0] > counts[best, default: 0] {
      best = other
    }
    return best
  }

  private func isLineEnd(_ byte: UInt8) -> Bool { byte == Self.newline || byte == Self.carriageReturn }

  private mutating func endLine() {
    if bytes[place] == Self.carriageReturn, place + 1 < bytes.count, bytes[place + 1] == Self.newline {
      place += 1
    }
    place += 1
    line += 1
  }

  private mutating func field() throws(Problem) -> String {
    if place < bytes.count, bytes[place] == Self.quote { return try quotedField() }
    let start = place
    while place < bytes.count, bytes[place] != separator, !isLineEnd(bytes[place]) { place += 1 }
    return try text(bytes[start..<place], at: line)
  }

  private mutating func quotedField() throws(Problem) -> String {
    let start = line
    var content: [UInt8] = []
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      if byte != Self.quote {
        if byte == Self.newline { line += 1 }
        content.append(byte)
        place += 1
      } else if place + 1 < bytes.count, bytes[place + 1] == Self.quote {
        content.append(byte)
        place += 2
      } else {
        place += 1
        guard place == bytes.count || bytes[place] == separator || isLineEnd(bytes[place]) else {
          throw Problem(line: line, text: "text follows a closing quote; a quote within quotes is doubled")
        }
        return try text(content[...], at: start)
      }
    }
    throw Problem(line: start, text: "a quote opens here and is never closed")
  }

  private func text(_ slice: ArraySlice<UInt8>, at line: Int) throws(Problem) -> String {
    guard let text = String(validating: slice, as: UTF8.self), !slice.contains(0) else {
      throw Problem(line: line, text: "this is not UTF-8 text; save the table as UTF-8")
    }
    return text
  }
}
