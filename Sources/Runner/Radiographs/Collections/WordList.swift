/// A list of radiographs without a header, one a line: a name, then whole numbers, separated by white space or commas.
/// The last line may lack its end.
enum WordList {
  struct Row {
    let place: TablePlace
    let name: String
    let values: [Int]
  }

  /// Longest list that is read, in bytes.
  static let mostBytes = 1 << 28

  /// Reads a list.
  /// - Parameters:
  ///   - count: how many numbers follow each name.
  ///   - range: what a number may be.
  /// - Throws: `RadiographsError.table` with the line where one is malformed, or where the list is empty.
  static func read(_ path: String, count: Int, in range: ClosedRange<Int> = 0...1) throws -> [Row] {
    var bytes = try TextFile.bytes(path: path, mostBytes: mostBytes)[...]
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
    var rows: [Row] = []
    var line = 0
    for slice in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      line += 1
      let place = TablePlace(path: path, line: line)
      let words = slice.split { $0 <= 0x20 || $0 == UInt8(ascii: ",") }
      guard let first = words.first else { continue }
      guard let name = String(validating: first, as: UTF8.self), !first.contains(0) else {
        throw place.refuse("this is not UTF-8 text")
      }
      guard words.count == count + 1 else {
        throw place.refuse(
          "a name and \(count) numbers are expected, found \(words.count - 1) after the name")
      }
      let values = try words.dropFirst().map { word in
        let text = String(decoding: word, as: UTF8.self)
        guard let value = Int(text), range.contains(value) else {
          throw place.refuse("\(range.lowerBound) to \(range.upperBound) is expected, found \"\(text)\"")
        }
        return value
      }
      rows.append(Row(place: place, name: name, values: values))
    }
    if rows.isEmpty { throw RadiographsError.table(path: path, line: nil, problem: "the list is empty") }
    return rows
  }

  /// The split that a list's file name tells: train, val or test; nil where it tells none.
  static func split(ofFile path: String) -> String? {
    let name = (path.split(separator: "/").last ?? "").lowercased()
    if name.contains("train") { return "train" }
    if name.contains("val") { return "val" }
    return name.contains("test") ? "test" : nil
  }
}
