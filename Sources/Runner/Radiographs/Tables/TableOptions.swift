import Imaging

/// How a table of radiographs is read: which columns mean what, and which rows are wanted.
public struct TableOptions: Sendable, Equatable, Codable {
  /// Column with the radiographs' paths, relative to the table's folder or absolute. Nil: the first of `file`,
  /// `path`, `image`, `filename`, `file path`, `image path` that the table has. Names found so are compared without
  /// case, spaces and marks: `Patient ID`, `patient_id` and `PatientID` are one.
  public var pathColumn: String?
  /// Column with findings, several separated by `|` or `;`, by commas where no cell has either, or written as a list
  /// (`['a', 'b']`). Nil: `labels`, `label` or `Finding Labels`, if there.
  public var labelColumn: String?
  /// Columns that are a finding each, with its name: 1 present, 0 absent, -1 uncertain, read as the collection options
  /// say, and nothing where it is not known. Where some are given, a column of findings is read only if it is named.
  public var labelColumns: [String]
  /// Column with the patient. Nil: `patient_id`, `patient`, `subject_id` or `subject`, if there.
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

  static let usualPaths = ["file", "path", "image", "filename", "file path", "image path"]
  static let usualLabels = ["labels", "label", "Finding Labels"]
  static let usualPatients = ["patient_id", "patient", "subject_id", "subject"]
  static let usualSplits = ["split"]
  static let usualViews = ["view", "View Position", "projection"]
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
  /// In millimetres, of the files' pixels.
  let pixelSpacing: Int?
  let filters: [Filter]
  /// Every other column, and those of the view and of masks.
  let attributes: [Int]

  /// A column that names files of masks.
  struct Mask: Sendable, Equatable {
    let column: String
    /// Of the mask: `lungs` of `lungs_mask`.
    let name: String

    /// Nil where a column of that name has no masks.
    init?(column: String) {
      let words = column.lowercased().split { $0 == "_" || $0 == " " }
      guard let last = words.last, last == "mask" || last == "masks" else { return nil }
      self.column = column
      name = words.count > 1 ? words.dropLast().joined(separator: " ") : "mask"
    }
  }

  var masks: [Mask] { attributes.compactMap { Mask(column: names[$0]) } }

  /// - Throws: the problem in words; the caller knows the file.
  init(header: [String], options: TableOptions) throws(TableProblem) {
    let names = header.map { $0.trimmingSpaces() }
    self.names = names
    var places: [String: Int] = [:]
    for (place, name) in names.enumerated() where places.updateValue(place, forKey: name) != nil {
      throw TableProblem("two columns are called \"\(name.shortened)\"; every column needs a name of its own")
    }
    let list = Self.list(names)
    func index(of name: String, for meaning: String) throws(TableProblem) -> Int {
      if let index = places[name] { return index }
      throw TableProblem("no column \"\(name)\" for \(meaning); the columns are: \(list)")
    }
    func find(_ given: String?, _ usual: [String], _ meaning: String) throws(TableProblem) -> Int? {
      guard let given else { return Self.firstIndex(of: usual, in: names) }
      return try index(of: given, for: meaning)
    }
    guard let path = try find(options.pathColumn, TableOptions.usualPaths, "the radiographs' paths") else {
      throw TableProblem(
        "no column with the radiographs' paths: none of \(TableOptions.usualPaths.joined(separator: ", ")) is "
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
    pixelSpacing = Self.firstIndex(of: [ImageHeader.Tag.pixelSpacing], in: names)
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
    let meaningful = Set([path, labels, patient, split].compactMap { $0 } + findings)
    attributes = names.indices.filter { !meaningful.contains($0) }
  }

  /// Some of the names, for a message.
  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(20).map(\.shortened).joined(separator: ", ")
    return names.count > 20 ? shown + " and \(names.count - 20) more" : shown
  }

  /// The first of `usual` that is among `names`, compared by their letters and digits in any case.
  static func firstIndex(of usual: [String], in names: [String]) -> Int? {
    func bare(_ name: String) -> String { name.lowercased().filter { $0.isLetter || $0.isNumber } }
    let places = Dictionary(names.enumerated().map { (bare($1), $0) }) { first, _ in first }
    return usual.lazy.compactMap { places[bare($0)] }.first
  }
}

/// A problem with a table, before the file's name is added.
struct TableProblem: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

extension String {
  /// As much of a name as a message has room for.
  var shortened: String { utf8.count <= 80 ? self : String(prefix(60)) + "…" }
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
