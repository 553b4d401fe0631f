/// How a table of films is read: which columns mean what, and which rows are wanted.
public struct TableOptions: Sendable, Equatable, Codable {
  /// Column with the films' paths, relative to the table's folder or absolute. Nil: the first of `file`,
  /// `path`, `image`, `filename` that the table has, in any case.
  public var pathColumn: String?
  /// Column with findings, several separated by `|` or `;`. Nil: `labels`, `label` or `Finding Labels`, if
  /// there.
  public var labelColumn: String?
  /// Columns that are a finding each, with its name: 1 present, 0 absent, -1 uncertain, read as the collection options
  /// say, and nothing where it is not known. Where some are given, a column of findings is read only if it is named.
  public var labelColumns: [String]
  /// Column with the patient. Nil: `patient_id`, `patient` or `Patient ID`, if there.
  public var patientColumn: String?
  /// Column with the split. Nil: `split`, if there.
  public var splitColumn: String?
  /// Rows to keep, each `column=value` with the cell's whole text; a row must match all. Default: none, every
  /// row.
  public var filters: [String]

  public init(
    pathColumn: String? = nil, labelColumn: String? = nil, patientColumn: String? = nil,
    splitColumn: String? = nil, filters: [String] = [], labelColumns: [String] = []
  ) {
    self.pathColumn = pathColumn
    self.labelColumn = labelColumn
    self.patientColumn = patientColumn
    self.splitColumn = splitColumn
    self.filters = filters
    self.labelColumns = labelColumns
  }

  static let usualPaths = ["file", "path", "image", "filename"]
  static let usualLabels = ["labels", "label", "Finding Labels"]
  static let usualPatients = ["patient_id", "patient", "Patient ID"]
  static let usualSplits = ["split"]
  static let usualViews = ["view", "View Position", "ViewPosition"]
}

/// Where in a table's header each meaning stands.
struct TableColumns {
  struct Filter {
    let column: Int
    let value: String
  }

  let names: [String]
  let path: Int
  let labels: Int?
  /// Columns that are a finding each.
  let findings: [Int]
  let patient: Int?
  let split: Int?
  let view: Int?
  let filters: [Filter]
  /// Every other column, and that of the view.
  let attributes: [Int]

  /// - Throws: the problem in words; the caller knows the file.
  init(header: [String], options: TableOptions) throws(TableProblem) {
    let names = header.map { $0.trimmingSpaces() }
    self.names = names
    if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
      throw TableProblem("two columns are called \"\(twice)\"; every column needs a name of its own")
    }
    let list = names.joined(separator: ", ")
    func index(of name: String, for meaning: String) throws(TableProblem) -> Int {
      if let index = names.firstIndex(of: name) { return index }
      throw TableProblem("no column \"\(name)\" for \(meaning); the columns are: \(list)")
    }
    func find(_ given: String?, _ usual: [String], _ meaning: String) throws(TableProblem) -> Int? {
      guard let given else { return Self.firstIndex(of: usual, in: names) }
      return try index(of: given, for: meaning)
    }
    guard let path = try find(options.pathColumn, TableOptions.usualPaths, "the films' paths") else {
      throw TableProblem(
        "no column with the films' paths: none of \(TableOptions.usualPaths.joined(separator: ", ")) is "
          + "among the columns \(list); name the right one as path column")
    }
    self.path = path
    let usualLabels = options.labelColumns.isEmpty ? TableOptions.usualLabels : []
    labels = try find(options.labelColumn, usualLabels, "labels")
    var findings: [Int] = []
    for name in options.labelColumns {
      let column = try index(of: name, for: "a finding")
      if findings.contains(column) { throw TableProblem("label column \"\(name)\" is given twice") }
      findings.append(column)
    }
    self.findings = findings
    view = Self.firstIndex(of: TableOptions.usualViews, in: names)
    patient = try find(options.patientColumn, TableOptions.usualPatients, "patients")
    split = try find(options.splitColumn, TableOptions.usualSplits, "splits")
    var filters: [Filter] = []
    for filter in options.filters {
      guard let equals = filter.firstIndex(of: "=") else {
        throw TableProblem("filter \"\(filter)\" is not of the form column=value")
      }
      let column = try index(of: String(filter[..<equals]), for: "the filter \"\(filter)\"")
      filters.append(Filter(column: column, value: String(filter[filter.index(after: equals)...])))
    }
    self.filters = filters
    let meaningful = [path, labels, patient, split] + findings
    attributes = names.indices.filter { !meaningful.contains($0) }
  }

  /// The first of `usual` that is among `names`, in any case.
  static func firstIndex(of usual: [String], in names: [String]) -> Int? {
    let lowered = names.map { $0.lowercased() }
    return usual.lazy.compactMap { lowered.firstIndex(of: $0.lowercased()) }.first
  }
}

/// A problem with a table, before the file's name is added.
struct TableProblem: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

extension StringProtocol {
  /// Without white space at both ends.
  func trimmingSpaces() -> String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text = text.dropFirst() }
    while let last = text.last, last.isWhitespace { text = text.dropLast() }
    return String(text)
  }
}
