import Foundation
import Runs

/// A picture of a run's folder as a page shows it.
struct ReportedPicture: Encodable {
  private enum CodingKeys: CodingKey { case file, width, height, bytes, omitted }
  /// Below the run's folder.
  let file: String
  let width: Int
  let height: Int
  let bytes: Int
  /// Why the page has it not; nil where it has.
  let omitted: String?
  let png: Data

  /// How much of pictures a page takes, in bytes: of one, and of all together.
  struct Room {
    static let standard = Room(one: 12 << 20, all: 64 << 20)
    let one: Int
    var all: Int
  }

  /// - Parameter room: what this picture takes of it goes.
  /// - Returns: nil where it is none, which becomes a problem.
  static func read(_ file: String, _ reader: inout FolderReader, _ room: inout Room) -> ReportedPicture? {
    let path = reader.root + "/" + file
    guard let data = reader.part(file, { try DurableFile.read(path) }) else { return nil }
    do throws(PngProblem) {
      let size = try size(data)
      let omitted: String? =
        data.count > room.one
        ? "a picture of more than \(room.one >> 20) MiB"
        : data.count > room.all ? "the page's room for pictures is used up" : nil
      if omitted == nil { room.all -= data.count }
      return ReportedPicture(
        file: file, width: size.width, height: size.height, bytes: data.count, omitted: omitted,
        png: omitted == nil ? data : Data())
    } catch {
      reader.note(file, "expected a whole PNG picture, found \(error.found)")
      return nil
    }
  }

  struct PngProblem: Error { let found: String }

  /// Walks over the file's chunks, of which each must be whole, so that no half picture passes for one.
  static func size(_ data: Data) throws(PngProblem) -> (width: Int, height: Int) {
    guard data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
      throw PngProblem(found: "another file")
    }
    func number(_ place: Int) -> Int { data[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    var (place, size): (Int, (width: Int, height: Int)?) = (8, nil)
    while place + 12 <= data.count {
      let length = number(place)
      let name = String(decoding: data[place + 4..<place + 8], as: UTF8.self)
      guard length <= data.count - place - 12 else { break }
      let body = data[place + 4..<place + 8 + length]
      guard body.withUnsafeBytes({ Checksum.value(of: $0) }) == UInt32(number(place + 8 + length)) else {
        throw PngProblem(found: "a wrong checksum at byte \(place)")
      }
      if name == "IHDR", length == 13 { size = (number(place + 8), number(place + 12)) }
      if name == "IEND" {
        guard let size, (1...100_000).contains(size.width), (1...100_000).contains(size.height) else {
          throw PngProblem(found: "no size")
        }
        return size
      }
      place += 12 + length
    }
    throw PngProblem(found: "its end after \(data.count) bytes")
  }
}
