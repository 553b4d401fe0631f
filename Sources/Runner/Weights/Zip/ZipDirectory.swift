import Foundation
import Runs
import WorldModel

/// The directory of a zip archive, read and checked.
///
/// libzip does not take its place. Asked for its strictest check it opens archives whose entries share bytes, whose two
/// directory records disagree, whose names lead out or whose entries are compressed, and it refuses files without
/// checksums, which PyTorch writes. It does not tell where an entry's data lie, so that the first two could not be
/// found on top of it without reading the directory here all the same.
struct ZipDirectory {
  /// Limits of what is read before anything is known to be true.
  private static let mostEntries = 1 << 20
  private static let longestDirectory = 256 << 20
  private static let longestComment = 65_535

  private let file: FileDescriptor
  private let path: String
  private let size: Int

  /// Where the directory lies, by the record at the archive's end.
  private struct Place {
    var count: Int
    var start: Int
    var length: Int
    /// The first byte of the record that follows it.
    var end: Int
  }

  init(_ file: FileDescriptor, path: String) throws {
    self.file = file
    self.path = path
    size = try file.regularFileSize()
  }

  /// Every entry, in the order of their data.
  /// - Throws: `WeightsFileError` for the first thing that is wrong.
  func entries() throws -> [ZipEntry] {
    let place = try findDirectory()
    let located = try readDirectory(place).map { ($0.header, try localised($0)) }.sorted { $0.0 < $1.0 }
    try Self.checkOrder(located, end: place.start, path: path)
    return located.map(\.1)
  }

  private func refuse(_ problem: String, _ place: String? = nil) -> WeightsFileError {
    WeightsFileError(path, place, problem)
  }

  private func read(_ place: Int, _ count: Int, _ what: String) throws -> [UInt8] {
    guard place >= 0, count >= 0, place <= size, count <= size - place else {
      throw refuse(
        "the zip archive is damaged: \(what) would take \(count) bytes from byte \(place), the file has \(size)"
      )
    }
    var bytes = [UInt8](repeating: 0, count: count)
    if count > 0 { try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: place) } }
    return bytes
  }

  /// A number of the archive as an offset or size.
  private func integer(_ bytes: [UInt8], _ place: Int, _ width: Int, _ what: String) throws -> Int {
    let number = LittleEndian.number(bytes, place, width)
    guard number <= UInt64(size) else {
      throw refuse("the zip archive is damaged: \(what) is \(number), the file has \(size) bytes")
    }
    return Int(number)
  }

  // MARK: The archive's end

  private func findDirectory() throws -> Place {
    let length = min(size, 22 + Self.longestComment)
    let tail = try read(size - length, length, "its end")
    let starts = stride(from: length - 22, through: 0, by: -1)
    let isEnd = { (at: Int) in
      LittleEndian.number(tail, at, 4) == 0x0605_4b50
        && LittleEndian.short(tail, at + 20, 2) == length - at - 22
    }
    guard let at = starts.first(where: isEnd) else {
      throw refuse(
        "expected a zip archive's directory at the end of \(size) bytes, found none: the file was cut short; "
          + "copy or download it again")
    }
    guard LittleEndian.number(tail, at + 4, 4) == 0 else {
      throw refuse("is one part of a zip archive of several")
    }
    let end = size - length + at
    let counts = (LittleEndian.short(tail, at + 8, 2), LittleEndian.short(tail, at + 10, 2))
    let (bytes, start) = (LittleEndian.short(tail, at + 12, 4), LittleEndian.short(tail, at + 16, 4))
    guard counts.0 == counts.1 else { throw refuse("is one part of a zip archive of several") }
    var place = Place(count: counts.0, start: start, length: bytes, end: end)
    if let large = try findLargeDirectory(before: end) {
      let agrees =
        (counts.0 == 0xffff || counts.0 == large.count) && (bytes == 0xffff_ffff || bytes == large.length)
        && (start == 0xffff_ffff || start == large.start)
      guard agrees else {
        throw refuse("the zip archive's two directory records disagree; no program wrote it so by mistake")
      }
      place = large
    }
    guard place.count > 0, place.count <= Self.mostEntries, place.length <= Self.longestDirectory,
      place.start <= place.end, place.length == place.end - place.start, place.count <= place.length / 46
    else {
      throw refuse(
        "the zip archive is damaged: a directory of \(place.count) entries in \(place.length) bytes from byte "
          + "\(place.start), which should end at byte \(place.end)")
    }
    return place
  }

  /// The ZIP64 record, where there is one before the usual one.
  private func findLargeDirectory(before end: Int) throws -> Place? {
    guard end >= 20 else { return nil }
    let locator = try read(end - 20, 20, "the ZIP64 locator")
    guard LittleEndian.number(locator, 0, 4) == 0x0706_4b50 else { return nil }
    let at = try integer(locator, 8, 8, "the ZIP64 record's place")
    let record = try read(at, 56, "the ZIP64 record")
    guard LittleEndian.number(record, 0, 4) == 0x0606_4b50,
      try integer(record, 4, 8, "the ZIP64 record's size") == end - 20 - at - 12
    else { throw refuse("the zip archive is damaged: no ZIP64 record at byte \(at)") }
    let count = try integer(record, 24, 8, "the number of entries")
    guard LittleEndian.number(record, 16, 8) == 0,
      try integer(record, 32, 8, "the number of entries") == count
    else { throw refuse("is one part of a zip archive of several") }
    return Place(
      count: count, start: try integer(record, 48, 8, "the directory's place"),
      length: try integer(record, 40, 8, "the directory's size"), end: at)
  }

  // MARK: Entries

  /// An entry as the directory announces it.
  private struct Announced {
    let name: String
    let size: Int
    let checksum: UInt32
    /// Place of its own header.
    let header: Int
    let flags: Int
  }

  private func readDirectory(_ place: Place) throws -> [Announced] {
    let bytes = try read(place.start, place.length, "the directory")
    var found: [Announced] = []
    var names: Set<String> = []
    var at = 0
    for _ in 0..<place.count {
      guard at + 46 <= bytes.count, LittleEndian.number(bytes, at, 4) == 0x0201_4b50 else {
        throw refuse("the zip archive is damaged: its directory has no entry at byte \(place.start + at)")
      }
      let lengths = [28, 30, 32].map { LittleEndian.short(bytes, at + $0, 2) }
      let next = at + 46 + lengths.reduce(0, +)
      guard next <= bytes.count else {
        throw refuse("the zip archive is damaged: its directory ends in an entry")
      }
      let entry = try announced(Array(bytes[at..<next]), lengths)
      guard names.insert(entry.name).inserted else {
        throw refuse("holds two entries of that name", entry.name)
      }
      found.append(entry)
      at = next
    }
    guard at == bytes.count else {
      throw refuse("the zip archive is damaged: its directory has bytes left over")
    }
    return found
  }

  private func announced(_ bytes: [UInt8], _ lengths: [Int]) throws -> Announced {
    let name = try checkedName(bytes[46..<46 + lengths[0]])
    let (flags, method) = (LittleEndian.short(bytes, 8, 2), LittleEndian.short(bytes, 10, 2))
    guard flags & 0x2041 == 0 else { throw refuse("is encrypted; save it again without", name) }
    guard method == 0 else {
      throw refuse(
        "is compressed (zip method \(method)); torch.save stores without compression: save it again with it",
        name)
    }
    var fields = [(24, 0xffff_ffff), (20, 0xffff_ffff), (42, 0xffff_ffff)].map { at, mark in
      let value = LittleEndian.short(bytes, at, 4)
      return value == mark ? nil : value
    }
    if fields.contains(nil) {
      let extra = Array(bytes[46 + lengths[0]..<46 + lengths[0] + lengths[1]])
      try fill(&fields, from: extra, name)
    }
    guard let size = fields[0], let packed = fields[1], let header = fields[2], size == packed else {
      throw refuse("is stored, so its two sizes should be equal, and they are not", name)
    }
    return Announced(
      name: name, size: size, checksum: UInt32(LittleEndian.number(bytes, 16, 4)), header: header,
      flags: flags)
  }

  /// Takes numbers that need eight bytes from the extra field of ZIP64.
  private func fill(_ fields: inout [Int?], from extra: [UInt8], _ name: String) throws {
    var at = 0
    while at + 4 <= extra.count {
      let (kind, length) = (LittleEndian.short(extra, at, 2), LittleEndian.short(extra, at + 2, 2))
      guard at + 4 + length <= extra.count else { break }
      var value = at + 4
      for index in fields.indices where kind == 1 && fields[index] == nil && value + 8 <= at + 4 + length {
        fields[index] = try integer(extra, value, 8, "a size or place of \(name)")
        value += 8
      }
      at += 4 + length
    }
    guard !fields.contains(nil) else { throw refuse("lacks its ZIP64 sizes", name) }
  }

  private func checkedName(_ bytes: ArraySlice<UInt8>) throws -> String {
    guard let name = String(validating: bytes, as: UTF8.self), !name.isEmpty else {
      throw refuse("holds an entry without a name in UTF-8")
    }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isOdd = name.unicodeScalars.contains { $0.value < 0x20 || $0 == "\\" || $0.value == 0x7f }
    guard !isOdd, !name.hasPrefix("/"), !parts.contains(".."), !parts.contains(".") else {
      throw refuse(
        "holds an entry named \(JsonText.quoted(name)), which leads out of the archive; not opened")
    }
    return name
  }

  /// Compares the entry's own header with what the directory says, and finds its data behind it.
  private func localised(_ entry: Announced) throws -> ZipEntry {
    let head = try read(entry.header, 30, "the header of \(entry.name)")
    let length = LittleEndian.short(head, 26, 2)
    let name = try read(entry.header + 30, length, "the header of \(entry.name)")
    guard LittleEndian.number(head, 0, 4) == 0x0403_4b50, name.elementsEqual(entry.name.utf8),
      LittleEndian.short(head, 8, 2) == 0, LittleEndian.short(head, 6, 2) == entry.flags
    else { throw refuse("the directory and the entry's own header disagree", entry.name) }
    if entry.flags & 8 == 0 {
      let (crc, packed, size) = (
        UInt32(LittleEndian.number(head, 14, 4)), LittleEndian.short(head, 18, 4),
        LittleEndian.short(head, 22, 4)
      )
      let sizes = [packed, size].allSatisfy { $0 == entry.size || $0 == 0xffff_ffff }
      guard crc == entry.checksum, sizes else {
        throw refuse("the directory and the entry's own header disagree", entry.name)
      }
    }
    let start = entry.header + 30 + length + LittleEndian.short(head, 28, 2)
    guard start <= size, entry.size <= size - start else {
      throw refuse(
        "would take \(entry.size) bytes from byte \(start), the file has \(size): it was cut short",
        entry.name)
    }
    return ZipEntry(name: entry.name, size: entry.size, checksum: entry.checksum, dataStart: start)
  }

  /// Entries must not share bytes, with one another or with the directory.
  private static func checkOrder(_ entries: [(Int, ZipEntry)], end: Int, path: String) throws {
    var free = 0
    for (header, entry) in entries {
      guard header >= free else {
        throw WeightsFileError(path, entry.name, "overlaps the entry before it, which no honest archive does")
      }
      free = entry.dataStart + entry.size
    }
    guard free <= end else { throw WeightsFileError(path, nil, "the last entry overlaps the zip directory") }
  }
}
