import Runs
import WorldModel

/// Reads files of splits: a CSV `file,patient,split[,fold]`, or lists as the field publishes them, one for each split,
/// with a name a line and maybe labels after it.
package enum SplitFile {
  /// Longest file that is read, in bytes.
  static let mostBytes = 1 << 28
  static let usualFolds = ["fold"]
  private static let comment = "# "
  private static let checksumMark = "checksum:"

  /// Reads one CSV, or lists that are each another split.
  /// - Parameters:
  ///   - files: paths; a list's name tells its split (`train`, `val` or `test` in it), or `SPLIT=PATH` does.
  ///   - checksum: what the list's must be, `sha256:` or not before it; nil for any.
  /// - Throws: `RadiographsError.table` where a file is malformed, names a radiograph on two sides, or has another
  ///   checksum than expected.
  package static func read(_ files: [String], checksum: String? = nil) throws -> SplitList {
    var list = SplitList()
    for file in files {
      let rows = try rows(of: file)
      for (entry, place) in rows { try list.add(entry, at: place) }
    }
    if let checksum, checksum != list.checksum {
      throw RadiographsError.table(
        path: files.joined(separator: ", "), line: nil,
        problem:
          "the split's checksum is \(list.checksum), expected \(checksum) (data.split_checksum); take the file "
          + "that was meant, or leave the checksum out")
    }
    return list
  }

  private typealias Row = (entry: SplitList.Entry, place: TablePlace)

  /// What one file says, which must have the checksum that a line of it tells.
  private static func rows(of file: String) throws -> [Row] {
    let (path, named) = parts(of: file)
    let content = try Content(path)
    let isTable = [".csv", ".tsv", ".csv.gz", ".tsv.gz"].contains { path.lowercased().hasSuffix($0) }
    let rows = isTable && named == nil ? try table(content) : try lines(content, named)
    if rows.isEmpty {
      throw RadiographsError.table(path: path, line: nil, problem: "the list names no radiograph")
    }
    guard let (line, text) = content.promised.last else { return rows }
    let place = TablePlace(path: path, line: line)
    guard let expected = SplitChecksum.parse(text) else {
      throw place.refuse("a checksum is \"sha256:\" and 64 hexadecimal digits, found \"\(text.shortened)\"")
    }
    var own = SplitList()
    for (entry, place) in rows { try own.add(entry, at: place) }
    guard own.checksum == expected else {
      throw place.refuse(
        "the list has the checksum \(own.checksum), and this line says \(expected); take the file anew from where it "
          + "was published, or remove the line if it was changed on purpose")
    }
    return rows
  }

  /// `test=lists/a.txt` where no file is called so.
  private static func parts(of file: String) -> (path: String, split: String?) {
    guard !FileBytes.exists(file), let equals = file.firstIndex(of: "=") else { return (file, nil) }
    let split = String(file[..<equals])
    guard !split.isEmpty, !split.contains("/") else { return (file, nil) }
    return (String(file[file.index(after: equals)...]), split)
  }

  /// A file's lines, without those that are comments.
  private struct Content {
    let path: String
    /// Comment lines before everything else are emptied, so that lines keep their numbers.
    var bytes: [UInt8]
    var promised: [(line: Int, text: String)] = []

    init(_ path: String) throws {
      self.path = path
      var found = try TextFile.bytes(path: path, mostBytes: SplitFile.mostBytes)
      if found.starts(with: [0xEF, 0xBB, 0xBF]) { found.removeFirst(3) }
      bytes = []
      for (index, line) in found.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
        if index > 0 { bytes.append(0x0A) }
        guard line.starts(with: SplitFile.comment.utf8) else {
          bytes += line
          continue
        }
        let text = String(decoding: line.dropFirst(SplitFile.comment.utf8.count), as: UTF8.self)
          .trimmingSpaces()
        if text.lowercased().hasPrefix(SplitFile.checksumMark) {
          promised.append((index + 1, text.dropFirst(SplitFile.checksumMark.count).trimmingSpaces()))
        }
      }
    }
  }

  /// The name on a line of a list. What follows it is labels where it is whole numbers; else the whole line is a name
  /// with spaces in it. Empty where the line is.
  static func name(ofLine line: String) -> String {
    let text = line.trimmingSpaces()
    let words = text.split { $0.isWhitespace || $0 == "," }
    return words.dropFirst().allSatisfy { Int($0) != nil } ? words.first.map(String.init) ?? "" : text
  }

  private static func lines(_ content: Content, _ named: String?) throws -> [Row] {
    guard let split = named ?? WordList.split(ofFile: content.path) else {
      throw RadiographsError.table(
        path: content.path, line: nil,
        problem:
          "the name of a list tells its split, by train, val or test in it, and this tells none; give SPLIT=PATH, "
          + "such as test=\(content.path)")
    }
    var rows: [Row] = []
    for (index, slice) in content.bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
    {
      let place = TablePlace(path: content.path, line: index + 1)
      guard let line = String(validating: slice, as: UTF8.self), !slice.contains(0) else {
        throw place.refuse("this is not UTF-8 text")
      }
      let name = name(ofLine: line)
      if !name.isEmpty { rows.append((.init(name: name, split: split), place)) }
    }
    return rows
  }

  private static func table(_ content: Content) throws -> [Row] {
    // The reader finds the separator on its first line.
    let comments = content.bytes.prefix { $0 == 0x0A }.count
    func refuse(_ problem: DelimitedReader.Problem) -> RadiographsError {
      .table(path: content.path, line: problem.line + comments, problem: problem.text)
    }
    do {
      var reader = try DelimitedReader(Array(content.bytes.dropFirst(comments)))
      guard let header = try reader.next() else {
        throw RadiographsError.table(
          path: content.path, line: nil, problem: "the table is empty; a header is needed")
      }
      let columns = try SplitColumns(header.fields, content.path)
      var rows: [Row] = []
      while let row = try reader.next() {
        let place = TablePlace(path: content.path, line: row.line + comments)
        guard row.fields.count == header.fields.count else {
          throw place.refuse(
            "\(row.fields.count) cells found, \(header.fields.count) expected as in the header")
        }
        rows.append((try columns.entry(row.fields, place), place))
      }
      return rows
    } catch let problem as DelimitedReader.Problem { throw refuse(problem) }
  }
}

/// Where in a table of splits each meaning stands.
private struct SplitColumns {
  let file: Int
  let patient: Int?
  let split: Int?
  let fold: Int?

  init(_ header: [String], _ path: String) throws {
    let names = header.map { $0.trimmingSpaces() }
    func find(_ usual: [String]) -> Int? { TableColumns.firstIndex(of: usual, in: names) }
    let list = names.prefix(20).map(\.shortened).joined(separator: ", ")
    guard let file = find(TableOptions.usualPaths) else {
      throw RadiographsError.table(
        path: path, line: nil,
        problem:
          "no column with the radiographs' names: none of \(TableOptions.usualPaths.joined(separator: ", ")) is "
          + "among the columns \(list)")
    }
    (self.file, patient) = (file, find(TableOptions.usualPatients))
    (split, fold) = (find(TableOptions.usualSplits), find(SplitFile.usualFolds))
    if split == nil && fold == nil {
      throw RadiographsError.table(
        path: path, line: nil, problem: "no column split or fold; the columns are \(list)")
    }
  }

  func entry(_ cells: [String], _ place: TablePlace) throws -> SplitList.Entry {
    func cell(_ column: Int?) -> String { column.map { cells[$0].trimmingSpaces() } ?? "" }
    let name = SplitText.name(ofCell: cell(file))
    guard !name.isEmpty else { throw place.refuse("the line names no radiograph") }
    let (split, text) = (cell(split), cell(fold))
    guard let fold = text.isEmpty ? 0 : Int(text), text.isEmpty || fold > 0 else {
      throw place.refuse("a fold is a whole number from 1, found \"\(text.shortened)\"")
    }
    if split.isEmpty && fold == 0 { throw place.refuse("\"\(name.shortened)\" has neither split nor fold") }
    let patient = cell(patient)
    return .init(
      name: name, patient: patient.isEmpty ? nil : SplitText.name(ofCell: patient), split: split,
      fold: fold > 0 ? fold : nil)
  }
}
