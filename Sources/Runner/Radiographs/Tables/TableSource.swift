import Foundation
import Imaging
import WorldModel

/// Radiographs that a CSV table lists, with patient, split, findings and further columns.
public struct TableSource: RadiographSource {
  public let records: [RadiographRecord]
  public let findingNames: [String]
  public let summary: String
  /// Of radiographs that name nobody, and of PNG radiographs of 16 bits that use fewer.
  public let notes: [String]
  private let files: RadiographFiles
  /// Columns that name files of masks, and the names of these.
  private let masks: [TableColumns.Mask]

  /// Longest table that is read, in bytes.
  static let mostBytes = 1 << 30

  /// Reads the table; radiographs are opened only when they are asked for. A radiograph's identifier is its path as
  /// written. Labels such as "No Finding" are findings like any other. Columns of views and of masks are read and stay
  /// attributes: `lungs_mask` names the file of the mask "lungs", or several separated by `|`, and `mask` that of "mask".
  /// - Parameters:
  ///   - table: path of a CSV file with a header line (RFC 4180; semicolons and tabs are recognised).
  ///   - options: columns and filters.
  ///   - collection: what -1 stands for in label columns; nothing else of it applies.
  ///   - note: a remark that opens the summary, such as how the table was found.
  /// - Throws: `RadiographsError` with the line where a row has too few or too many cells, names no file, or names
  ///   one that an earlier row named; or where no row is left.
  public init(
    table: String, options: TableOptions = TableOptions(),
    collection: CollectionOptions = CollectionOptions(),
    decoder: RadiographDecoder = RadiographDecoder(), note: String? = nil
  ) throws {
    let content = try TableContent(path: table, options: options, collection: collection)
    var records = content.records
    let anonymous = records.removePlaceholders()
    masks = content.masks
    self.records = records
    findingNames = Set(content.records.flatMap(\.findings) + options.labelColumns).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
    files = RadiographFiles(
      folder: table.lastIndex(of: "/").map { String(table[..<$0]) } ?? "", decoder: decoder)
    var parts = [note ?? "table \(table)", "\(records.count) radiographs"]
    parts += content.meanings
    if !options.filters.isEmpty { parts.append("only " + options.filters.joined(separator: " and ")) }
    summary = parts.joined(separator: ", ")
    notes = [anonymous].compactMap { $0 } + files.depthNotes(records.map(\.identifier))
  }

  public func radiograph(at index: Int) throws -> GrayImage {
    try files.radiograph(records[index].identifier)
  }

  public func truth(at index: Int) throws -> RadiographTruth? {
    let record = records[index]
    var truth = KnownTruth()
    for mask in masks {
      let names = (record.attributes[mask.column] ?? "").split(separator: "|").map { $0.trimmingSpaces() }
        .filter { !$0.isEmpty }
      if !names.isEmpty { truth.maskFiles[mask.name] = names }
    }
    guard !truth.maskFiles.isEmpty else { return nil }
    return try truth.scaled(try header(at: index), files: files, identifier: record.identifier) {
      try radiograph(at: index)
    }
  }

  public func header(at index: Int) throws -> ImageHeader? { try files.header(records[index].identifier) }

  /// Whether the table's header has a column that names files.
  static func hasPathColumn(table: String) throws -> Bool {
    var reader = try openReader(table)
    do {
      let header = try reader.next()?.fields ?? []
      return TableColumns.firstIndex(of: TableOptions.usualPaths, in: header.map { $0.trimmingSpaces() })
        != nil
    } catch { throw RadiographsError.table(path: table, line: error.line, problem: error.text) }
  }

  static func openReader(_ path: String) throws -> DelimitedReader {
    let bytes = try TextFile.bytes(path: path, mostBytes: mostBytes)
    do {
      return try DelimitedReader(bytes)
    } catch { throw RadiographsError.table(path: path, line: error.line, problem: error.text) }
  }
}

/// The rows of a table that are wanted, as records.
private struct TableContent {
  var records: [RadiographRecord] = []
  /// For the summary: which column means what.
  var meanings: [String] = []
  var masks: [TableColumns.Mask] = []
  private var lines: [String: Int] = [:]
  /// For each record, its cell of findings.
  private var labelCells: [String] = []
  private let path: String
  private let policy: LabelPolicy

  init(path: String, options: TableOptions, collection: CollectionOptions) throws {
    self.path = path
    do {
      policy = try Self.policy(options, collection)
    } catch { throw RadiographsError.table(path: path, line: nil, problem: error.text) }
    var reader = try TableSource.openReader(path)
    do {
      guard let header = try reader.next() else {
        throw TableProblem("the table is empty; a header is needed")
      }
      let columns = try TableColumns(header: header.fields, options: options)
      masks = columns.masks
      var rowCount = 0
      while let row = try reader.next() {
        rowCount += 1
        try add(row, columns)
      }
      if records.isEmpty {
        throw TableProblem(
          rowCount == 0
            ? "the table has a header and no rows"
            : "none of its \(rowCount) rows matches " + options.filters.joined(separator: " and "))
      }
      enterLabels()
      describe(columns)
    } catch let problem as DelimitedReader.Problem {
      throw RadiographsError.table(path: path, line: problem.line, problem: problem.text)
    } catch let problem as TableProblem {
      throw RadiographsError.table(path: path, line: nil, problem: problem.text)
    }
  }

  /// What -1 stands for; options that a table cannot obey are refused.
  private static func policy(
    _ options: TableOptions, _ collection: CollectionOptions
  ) throws(TableProblem) -> LabelPolicy {
    let obeyed: Set<CollectionOptions.Part> =
      options.labelColumns.isEmpty ? [] : [.uncertain, .uncertainFindings]
    if let idle = collection.changed.first(where: { !obeyed.contains($0) }) {
      throw TableProblem(
        "option \(idle.rawValue) does not apply: "
          + (obeyed.isEmpty
            ? "a table without label columns has no uncertain labels" : "this is a plain table"))
    }
    return try LabelPolicy(collection, findings: options.labelColumns)
  }

  private mutating func add(_ row: DelimitedReader.Record, _ columns: TableColumns) throws {
    func refuse(_ problem: String) -> RadiographsError {
      .table(path: path, line: row.line, problem: problem)
    }
    let cells = row.fields
    guard cells.count == columns.names.count else {
      throw refuse("\(cells.count) cells found, \(columns.names.count) expected as in the header")
    }
    guard columns.filters.allSatisfy({ cells[$0.column] == $0.value }) else { return }
    let identifier = self.identifier(cells[columns.path])
    guard !identifier.isEmpty else { throw refuse("column \"\(columns.names[columns.path])\" names no file") }
    if let earlier = lines.updateValue(row.line, forKey: identifier) {
      throw refuse(
        "\"\(identifier.shortened)\" is named again, first on line \(earlier); each radiograph may have one row, "
          + "with its labels separated by |")
    }
    func cell(_ column: Int?) -> String? {
      column.map { cells[$0].trimmingSpaces() }.flatMap { $0.isEmpty ? nil : $0 }
    }
    var record = RadiographRecord(
      identifier: identifier, patient: cell(columns.patient), split: cell(columns.split),
      view: cell(columns.view).flatMap(RadiographView.init(code:)),
      attributes: Dictionary(uniqueKeysWithValues: columns.attributes.map { (columns.names[$0], cells[$0]) }))
    if let column = columns.pixelSpacing, let text = cell(column) {
      record.attributes[ImageHeader.Tag.pixelSpacing] = text
    }
    for column in columns.findings {
      guard let label = LabelCell(cells[column]) else {
        throw refuse(
          "column \"\(columns.names[column])\": 1, 0, -1 or nothing is expected, found \"\(cells[column].shortened)\""
        )
      }
      policy.enter(label, of: columns.names[column], blankIsUnknown: true, into: &record)
    }
    records.append(record)
    labelCells.append(cell(columns.labels) ?? "")
  }

  /// A radiograph's path as written, but for spaces around it that no file has in its name.
  private func identifier(_ cell: String) -> String {
    let bare = cell.trimmingSpaces()
    if bare == cell { return cell }
    let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
    return FileBytes.exists(cell.hasPrefix("/") ? cell : folder + cell) ? cell : bare
  }

  private mutating func enterLabels() {
    let commasSeparate = FindingList.commasSeparate(labelCells)
    for (index, cell) in labelCells.enumerated() {
      records[index].findings.formUnion(FindingList.parse(cell, commasSeparate: commasSeparate))
    }
  }

  private mutating func describe(_ columns: TableColumns) {
    meanings = [
      ("labels", columns.labels), ("patients", columns.patient), ("splits", columns.split),
    ].map { meaning, column in
      column.map { "\(meaning) in \"\(columns.names[$0])\"" } ?? "no \(meaning)"
    }
    if !columns.masks.isEmpty {
      meanings.append("masks in " + columns.masks.map { "\"\($0.column)\"" }.joined(separator: ", "))
    }
    if !columns.findings.isEmpty {
      let labels = "\(columns.findings.count) label columns, \(policy.words)"
      if columns.labels == nil { meanings[0] = labels } else { meanings.insert(labels, at: 1) }
    }
  }
}
