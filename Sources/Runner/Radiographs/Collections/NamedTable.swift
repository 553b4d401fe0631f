/// A comma-separated table, packed by gzip or not, whose cells are asked for by the names of their columns.
struct NamedTable {
  let path: String
  /// Names of the columns without white space around them; the owners' surplus columns have empty ones.
  let names: [String]
  private var reader: DelimitedReader

  /// Opens a table and reads its header.
  init(path: String) throws {
    self.path = path
    reader = try TableSource.openReader(path)
    do {
      guard let header = try reader.next() else {
        throw RadiographsError.table(path: path, line: nil, problem: "the table is empty; a header is needed")
      }
      names = header.fields.map { $0.trimmingSpaces() }
    } catch let problem as DelimitedReader.Problem {
      throw RadiographsError.table(path: path, line: problem.line, problem: problem.text)
    }
  }

  /// Where a column stands, or nil.
  func index(of name: String) -> Int? { names.firstIndex(of: name) }

  /// Where a column stands.
  /// - Throws: `RadiographsError.table`, naming the columns that are there.
  func column(_ name: String) throws -> Int {
    if let index = index(of: name) { return index }
    throw RadiographsError.table(
      path: path, line: nil,
      problem:
        "no column \"\(name)\"; the columns are: \(names.filter { !$0.isEmpty }.joined(separator: ", "))")
  }

  /// The next row, or nil at the end. Cells may be missing only in columns without a name, and surplus only if empty.
  mutating func next() throws -> Row? {
    do {
      guard let record = try reader.next() else { return nil }
      let cells = record.fields
      let fits =
        cells.count == names.count
        || names.dropFirst(cells.count).allSatisfy(\.isEmpty)
          && cells.dropFirst(names.count).allSatisfy(\.isEmpty)
      guard fits else {
        throw RadiographsError.table(
          path: path, line: record.line,
          problem: "\(cells.count) cells found, \(names.count) expected as in the header")
      }
      return Row(path: path, line: record.line, cells: cells, names: names)
    } catch let problem as DelimitedReader.Problem {
      throw RadiographsError.table(path: path, line: problem.line, problem: problem.text)
    }
  }

  struct Row {
    let path: String
    let line: Int
    let cells: [String]
    let names: [String]

    var place: TablePlace { TablePlace(path: path, line: line) }

    /// A cell without white space around it; empty where the table has no such column.
    subscript(column: Int?) -> String { column.map { self[$0] } ?? "" }

    /// A cell without white space around it.
    subscript(column: Int) -> String {
      guard column < cells.count else { return "" }
      let cell = cells[column]
      guard let first = cell.utf8.first, let last = cell.utf8.last, first <= 0x20 || last <= 0x20 else {
        return cell
      }
      return cell.trimmingSpaces()
    }

    /// The error to throw at this row.
    func refuse(_ problem: String) -> RadiographsError { place.refuse(problem) }

    /// A cell that must not be empty.
    func needed(_ column: Int) throws -> String {
      let cell = self[column]
      if cell.isEmpty { throw refuse("column \"\(names[column])\" is empty") }
      return cell
    }

    /// A cell that must be a finite number.
    func number(_ column: Int) throws -> Double {
      guard let number = Double(self[column]), number.isFinite else {
        throw refuse("column \"\(names[column])\": a number is expected, found \"\(self[column])\"")
      }
      return number
    }

    /// A cell of a column of labels: 1, 0, -1 or nothing.
    func label(_ column: Int) throws -> LabelCell {
      guard let label = LabelCell(column < cells.count ? cells[column] : "") else {
        throw refuse(
          "column \"\(names[column])\": 1, 0, -1 or nothing is expected, found \"\(self[column])\"")
      }
      return label
    }
  }
}

/// A line of a table or list.
struct TablePlace: Sendable, Equatable {
  let path: String
  let line: Int

  func refuse(_ problem: String) -> RadiographsError { .table(path: path, line: line, problem: problem) }
  /// `line 7 of train.csv`
  var words: String { "line \(line) of \(path.split(separator: "/").last ?? "")" }
}
