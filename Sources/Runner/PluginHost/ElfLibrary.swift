import Foundation

/// What a shared library says of itself in its ELF tables, read without running any of its code.
///
/// Only what this project runs on is read: 64 bits, little-endian. Every offset is checked, so that a damaged file
/// is an error and never a crash. Layouts: System V ABI, "Object Files" and "Dynamic Linking".
public struct ElfLibrary: Sendable {
  /// Why a file is no library of this machine.
  public struct Fault: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was found instead of a library: `"a file that is no ELF"`.
    public let description: String
  }

  /// Names in `DT_NEEDED`: the libraries that the loader brings with it.
  public let needed: [String]
  /// Names that the library defines for others.
  public let defined: Set<String>

  /// Texts of 64 hexadecimal digits, among which a plugin keeps the fingerprint of the core that it was built against.
  public let fingerprints: Set<String>

  /// - Throws: `Fault`.
  public init(path: String) throws {
    let data: Data
    do { data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) } catch {
      throw Fault(description: "a file that cannot be read")
    }
    try self.init(bytes: ElfBytes(data: data))
  }

  init(data: Data) throws { try self.init(bytes: ElfBytes(data: data)) }

  private init(bytes: ElfBytes) throws {
    guard bytes.data.count > 0 else { throw Fault(description: "an empty file") }
    guard bytes.data.prefix(4) == Data([0x7f, 0x45, 0x4c, 0x46]) else {
      throw Fault(description: "a file that is no ELF library")
    }
    guard try bytes.byte(4) == 2, try bytes.byte(5) == 1, try bytes.half(18) == Self.machine else {
      throw Fault(description: "a library of another machine")
    }
    guard try bytes.half(16) == 3 else { throw Fault(description: "an ELF file that is no shared library") }
    let sections = try ElfSection.all(in: bytes)
    var needed: [String] = []
    var defined: Set<String> = []
    for section in sections where section.type == 6 || section.type == 11 {
      guard sections.indices.contains(section.link) else { throw ElfBytes.truncated }
      let names = sections[section.link]
      if section.type == 6 {
        needed += try Self.needed(section, names, bytes)
      } else {
        defined.formUnion(try Self.defined(section, names, bytes))
      }
    }
    self.needed = needed
    self.defined = defined
    fingerprints = bytes.runsOfHexadecimalDigits(count: 64)
  }

  #if arch(x86_64)
    private static let machine = 62
  #elseif arch(arm64)
    private static let machine = 183
  #endif

  /// Entries of 16 bytes: tag, value; tag 1 is `DT_NEEDED`, tag 0 ends the table.
  private static func needed(_ table: ElfSection, _ names: ElfSection, _ bytes: ElfBytes) throws -> [String] {
    var needed: [String] = []
    for index in 0..<table.size / 16 {
      let tag = try bytes.long(table.offset + 16 * index)
      if tag == 0 { break }
      if tag == 1 {
        needed.append(try bytes.text(in: names, at: try bytes.long(table.offset + 16 * index + 8)))
      }
    }
    return needed
  }

  /// Entries of 24 bytes: name, info, other, section (0 where the symbol is only asked for), value, size.
  private static func defined(_ table: ElfSection, _ names: ElfSection, _ bytes: ElfBytes) throws -> [String]
  {
    try (0..<table.size / 24).compactMap { index in
      let entry = table.offset + 24 * index
      guard try bytes.half(entry + 6) != 0 else { return nil }
      return try bytes.text(in: names, at: bytes.word(entry))
    }
  }
}

/// A header of the section table.
private struct ElfSection {
  /// 6 is the dynamic table, 11 the dynamic symbols.
  let type: Int
  let offset: Int
  let size: Int
  /// The section that holds this one's texts.
  let link: Int

  static func all(in bytes: ElfBytes) throws -> [ElfSection] {
    let start = try bytes.long(40)
    let size = try bytes.half(58)
    let count = try bytes.half(60)
    guard size >= 64, count > 0 else {
      throw ElfLibrary.Fault(description: "a library whose section table is missing")
    }
    guard start <= bytes.data.count, size * count <= bytes.data.count - start else {
      throw ElfBytes.truncated
    }
    return try (0..<count).map { index in
      let header = start + size * index
      let section = ElfSection(
        type: try bytes.word(header + 4), offset: try bytes.long(header + 24),
        size: try bytes.long(header + 32), link: try bytes.word(header + 40))
      // Type 8 takes no room in the file.
      guard section.type == 8 || (section.offset <= bytes.data.count && section.size <= bytes.data.count)
      else {
        throw ElfBytes.truncated
      }
      return section
    }
  }
}

/// Little-endian numbers at checked offsets.
private struct ElfBytes {
  static let truncated = ElfLibrary.Fault(description: "a truncated or damaged library")
  let data: Data

  func byte(_ offset: Int) throws -> Int { try number(offset, 1) }
  func half(_ offset: Int) throws -> Int { try number(offset, 2) }
  func word(_ offset: Int) throws -> Int { try number(offset, 4) }
  func long(_ offset: Int) throws -> Int { try number(offset, 8) }

  func text(in section: ElfSection, at offset: Int) throws -> String {
    guard offset < section.size, section.offset <= data.count, section.size <= data.count - section.offset
    else {
      throw Self.truncated
    }
    let start = data.startIndex + section.offset
    let tail = data[(start + offset)..<(start + section.size)]
    guard let end = tail.firstIndex(of: 0) else { throw Self.truncated }
    return String(decoding: tail[..<end], as: UTF8.self)
  }

  /// Texts of exactly `count` hexadecimal digits, wherever they stand.
  func runsOfHexadecimalDigits(count: Int) -> Set<String> {
    data.withUnsafeBytes { bytes in
      var (found, length): (Set<String>, Int) = ([], 0)
      for (place, byte) in bytes.enumerated() {
        if (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) {
          length += 1
        } else {
          if length == count { found.insert(String(decoding: bytes[place - count..<place], as: UTF8.self)) }
          length = 0
        }
      }
      return found
    }
  }

  private func number(_ offset: Int, _ count: Int) throws -> Int {
    guard offset >= 0, offset <= data.count - count else { throw Self.truncated }
    let start = data.startIndex + offset
    let value = (0..<count).reduce(UInt64(0)) { $0 | UInt64(data[start + $1]) << (8 * UInt64($1)) }
    guard let number = Int(exactly: value) else { throw Self.truncated }
    return number
  }
}
