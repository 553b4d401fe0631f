import WorldModel

/// Reads lines of a shard's index. Half a million of them are read when a store is opened, which a general reader of
/// JSON takes half a minute for; this one knows what a line holds and refuses everything else.
struct StoreLineReader {
  struct Problem: Error {
    let text: String
    init(_ text: String) { self.text = text }
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  /// Attributes of the line before: radiographs of one source have the same.
  private var attributeCount = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The next line, or nil at the end.
  mutating func next() throws(Problem) -> StoreLine? {
    guard position < bytes.count else { return nil }
    var record = RadiographRecord(identifier: "")
    var radiograph = StoredRadiograph(
      width: 0, height: 0, bits: 0, crc32: 0, sourceWidth: 0, sourceHeight: 0, sourceDepth: 0,
      sourceChannels: 0, crop: PixelBox(row: 0, column: 0, height: 0, width: 0), cropWasRefused: false)
    radiograph.offset = -1
    var reason: String?
    try expect("{")
    repeat {
      let key = try string()
      try expect(":")
      switch key {
      case "dropped": reason = try string()
      case "identifier": record.identifier = try string()
      case "patient": record.patient = try string()
      case "split": record.split = try string()
      case "view": record.view = try view()
      case "findings": record.findings = Set(try strings())
      case "unknown": record.unknown = Set(try strings())
      case "attributes": record.attributes = try pairs()
      default: try readPlace(key, into: &radiograph)
      }
    } while try takes(",")
    try expect("}")
    if position < bytes.count { try expect("\n") }
    if record.identifier.isEmpty { throw Problem("a line without an identifier") }
    if let reason { return .dropped(UnusableRadiograph(identifier: record.identifier, reason: reason)) }
    try check(radiograph)
    return .radiograph(record, radiograph)
  }

  private mutating func readPlace(_ key: String, into radiograph: inout StoredRadiograph) throws(Problem) {
    switch key {
    case "offset": radiograph.offset = try integer()
    case "width": radiograph.width = try integer()
    case "height": radiograph.height = try integer()
    case "bits": radiograph.bits = try integer()
    case "crc32":
      guard let sum = UInt32(exactly: try integer()) else { throw Problem("a crc32 of more than 32 bits") }
      radiograph.crc32 = sum
    case "source":
      let numbers = try integers(4)
      (radiograph.sourceWidth, radiograph.sourceHeight) = (numbers[0], numbers[1])
      (radiograph.sourceDepth, radiograph.sourceChannels) = (numbers[2], numbers[3])
    case "crop":
      let numbers = try integers(4)
      radiograph.crop = PixelBox(row: numbers[0], column: numbers[1], height: numbers[2], width: numbers[3])
    case "crop_refused": radiograph.cropWasRefused = try integer() != 0
    default: throw Problem("a key \"\(key)\" that version \(StoreManifest.version) does not have")
    }
  }

  /// Refuses what no store can hold; whether it fits the shard is the caller's to say.
  private func check(_ radiograph: StoredRadiograph) throws(Problem) {
    let most = 1_000_000
    guard (1...most).contains(radiograph.width), (1...most).contains(radiograph.height) else {
      throw Problem("a radiograph of \(radiograph.width) × \(radiograph.height) pixels")
    }
    guard radiograph.bits == 8 || radiograph.bits == 16 else {
      throw Problem("\(radiograph.bits) bits; 8 or 16 are expected")
    }
    guard radiograph.offset >= 0, radiograph.offset % 64 == 0 else {
      throw Problem("an offset that is missing or no multiple of 64")
    }
    let (box, width, height) = (radiograph.crop, radiograph.sourceWidth, radiograph.sourceHeight)
    guard (1...most).contains(width), (1...most).contains(height), radiograph.sourceDepth <= 64,
      radiograph.sourceChannels <= 64, box.height > 0, box.width > 0, box.row <= height, box.column <= width,
      box.height <= height - box.row, box.width <= width - box.column
    else { throw Problem("a crop or a source's size that cannot be") }
  }

  // MARK: JSON

  private mutating func expect(_ scalar: Unicode.Scalar) throws(Problem) {
    guard try takes(scalar) else {
      let found = position < bytes.count ? "byte \(bytes[position])" : "the end"
      let wanted = scalar == "\n" ? "the end of the line" : "\"\(scalar)\""
      throw Problem("\(wanted) expected at byte \(position), found \(found)")
    }
  }

  private mutating func takes(_ scalar: Unicode.Scalar) throws(Problem) -> Bool {
    guard position < bytes.count, bytes[position] == UInt8(truncatingIfNeeded: scalar.value) else {
      return false
    }
    position += 1
    return true
  }

  /// A whole number from 0.
  private mutating func integer() throws(Problem) -> Int {
    let start = position
    var value = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      // Fifteen digits are more than any store needs, and cannot overflow.
      if position - start == 15 { throw Problem("a number of more than 15 digits at byte \(start)") }
      value = value * 10 + Int(bytes[position] - 0x30)
      position += 1
    }
    if position == start { throw Problem("a number from 0 expected at byte \(start)") }
    return value
  }

  private mutating func integers(_ count: Int) throws(Problem) -> [Int] {
    try expect("[")
    var values = [try integer()]
    while try takes(",") { values.append(try integer()) }
    try expect("]")
    guard values.count == count else { throw Problem("\(values.count) numbers, \(count) are expected") }
    return values
  }

  private mutating func strings() throws(Problem) -> [String] {
    try expect("[")
    if try takes("]") { return [] }
    var values = [try string()]
    while try takes(",") { values.append(try string()) }
    try expect("]")
    return values
  }

  private mutating func pairs() throws(Problem) -> [String: String] {
    try expect("{")
    if try takes("}") { return [:] }
    var values = [String: String](minimumCapacity: attributeCount)
    repeat {
      let key = try string()
      try expect(":")
      values[key] = try string()
    } while try takes(",")
    try expect("}")
    attributeCount = values.count
    return values
  }

  private mutating func view() throws(Problem) -> RadiographView {
    let code = try string()
    guard let view = RadiographView(rawValue: code) else { throw Problem("no view is called \"\(code)\"") }
    return view
  }

  private mutating func string() throws(Problem) -> String {
    try expect("\"")
    let start = position
    while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C { position += 1 }
    guard position < bytes.count else { throw Problem("a text without an end") }
    var text = String(decoding: bytes[start..<position], as: UTF8.self)
    while bytes[position] != 0x22 {
      text.unicodeScalars.append(try escaped())
      let next = position
      while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C { position += 1 }
      guard position < bytes.count else { throw Problem("a text without an end") }
      text += String(decoding: bytes[next..<position], as: UTF8.self)
    }
    position += 1
    return text
  }

  /// The escapes that are written: a quotation mark, a backslash, and `\u00xx`.
  private mutating func escaped() throws(Problem) -> Unicode.Scalar {
    let start = position
    guard position + 1 < bytes.count else { throw Problem("a text without an end") }
    let kind = bytes[position + 1]
    position += 2
    if kind == 0x22 || kind == 0x5C { return Unicode.Scalar(kind) }
    guard kind == UInt8(ascii: "u"), position + 4 <= bytes.count else {
      throw Problem("an escape that is not read at byte \(start)")
    }
    let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
    guard let value = UInt8(digits, radix: 16) else {
      throw Problem("an escape that is not read at byte \(start)")
    }
    position += 4
    return Unicode.Scalar(value)
  }
}
