import Foundation
import Radiographs
import Runs
import WorldModel

/// Writes radiographs of a source, as PNG, with all that is known of them: `images/`, `labels.csv`, and where the
/// source knows more, `masks/`, `landmarks.csv` and `boxes.csv`.
struct RadiographExport {
  /// What was written.
  struct Outcome: Equatable {
    var radiographs = 0
    /// Radiographs that could not be used, and why.
    var skipped: [UnusableRadiograph] = []
    /// Names in the folder, folders with a `/` at the end.
    var files: [String] = []
    /// Findings that are a column each, since of some radiograph one of them is not known; else empty.
    var labelColumns: [String] = []
  }

  let source: any RadiographSource
  let folder: String

  /// - Throws: `StorageError.folderNotEmpty` where the folder holds something.
  func run() throws -> Outcome {
    try Folder.fill(folder, refusal: { StorageError.folderNotEmpty(path: folder, isRun: false) }, write)
  }

  private func write() throws -> Outcome {
    var outcome = Outcome(files: ["images/"])
    try Folder.create(folder + "/images")
    var labels = ExportedLabels(source)
    var (landmarks, boxes) = ("", "")
    for (index, record) in source.records.enumerated() {
      let radiograph: String
      do { radiograph = try write(index, as: labels.freshName(record)) } catch let unusable
        as UnusableRadiograph
      {
        outcome.skipped.append(unusable)
        continue
      }
      outcome.radiographs += 1
      labels.add(record, radiograph: radiograph)
      guard let truth = try source.truth(at: index) else { continue }
      try writeMasks(truth, of: radiograph)
      for (name, place) in truth.landmarks.sorted(by: { $0.key < $1.key }) {
        landmarks += row([radiograph, name], [place.row, place.column])
      }
      for box in truth.boxes {
        boxes += row([radiograph, box.finding], [box.row, box.column, box.height, box.width])
      }
    }
    try DurableFile.write(labels.text, to: folder + "/labels.csv")
    outcome.labelColumns = labels.columns
    if Folder.exists(folder + "/masks") { outcome.files.append("masks/") }
    outcome.files.append("labels.csv")
    for (name, header, rows) in [
      ("landmarks.csv", "file,landmark,row,column\n", landmarks),
      ("boxes.csv", "file,finding,row,column,height,width\n", boxes),
    ] where !rows.isEmpty {
      try DurableFile.write(header + rows, to: "\(folder)/\(name)")
      outcome.files.append(name)
    }
    return outcome
  }

  /// - Returns: the radiograph's path within the folder.
  private func write(_ index: Int, as name: String) throws -> String {
    let radiograph = "images/\(name).png"
    try PngWriter.write(try source.radiograph(at: index), to: "\(folder)/\(radiograph)")
    return radiograph
  }

  private func writeMasks(_ truth: RadiographTruth, of radiograph: String) throws {
    guard !truth.masks.isEmpty else { return }
    try Folder.create(folder + "/masks")
    let name = radiograph.dropFirst("images/".count).dropLast(".png".count)
    for (mask, image) in truth.masks.sorted(by: { $0.key < $1.key }) {
      try PngWriter.write(image, to: "\(folder)/masks/\(name)-\(ExportedLabels.fileName(mask)).png")
    }
  }

  private func row(_ texts: [String], _ numbers: [Double]) -> String {
    (texts.map(DelimitedText.cell) + numbers.map { String(format: "%.2f", $0) }).joined(separator: ",") + "\n"
  }
}

/// `labels.csv`: a row for each radiograph, in columns that `--data` finds by their names.
private struct ExportedLabels {
  /// Findings that are a column each; empty where they stand in one column.
  let columns: [String]
  private(set) var text: String
  private let hasSplits: Bool
  private let hasViews: Bool
  private var names: Set<String> = []

  init(_ source: any RadiographSource) {
    let records = source.records
    // One column of findings cannot say that one is not known.
    columns = records.contains { !$0.unknown.isEmpty } ? source.findingNames : []
    hasSplits = records.contains { $0.split != nil }
    hasViews = records.contains { $0.view != nil }
    let optional = (hasSplits ? ["split"] : []) + (hasViews ? ["view"] : [])
    let header = ["file", "patient_id"] + optional + (columns.isEmpty ? ["labels"] : columns)
    text = header.map(DelimitedText.cell).joined(separator: ",") + "\n"
  }

  /// A name for a radiograph's file that no other has, made of its identifier without a file's ending.
  mutating func freshName(_ record: RadiographRecord) -> String {
    let base = Self.fileName(Self.withoutEnding(record.identifier))
    var (name, number) = (base, 2)
    while !names.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }

  mutating func add(_ record: RadiographRecord, radiograph: String) {
    var cells = [radiograph, record.patient ?? ""]
    if hasSplits { cells.append(record.split ?? "") }
    if hasViews { cells.append(record.view?.rawValue ?? "") }
    if columns.isEmpty {
      cells.append(record.findings.sorted().joined(separator: "|"))
    } else {
      cells += columns.map { finding in record.label(of: finding).map { $0 ? "1" : "0" } ?? "" }
    }
    text += cells.map(DelimitedText.cell).joined(separator: ",") + "\n"
  }

  /// Letters, digits and dashes as they are, all else an underscore.
  static func fileName(_ text: String) -> String {
    text.map { $0.isLetter || $0.isNumber || $0 == "-" ? String($0) : "_" }.joined()
  }

  private static func withoutEnding(_ identifier: String) -> String {
    let ending = (identifier as NSString).pathExtension
    let isEnding = !ending.isEmpty && ending.count <= 5 && ending.contains { $0.isLetter }
    return isEnding ? String(identifier.dropLast(ending.count + 1)) : identifier
  }
}
