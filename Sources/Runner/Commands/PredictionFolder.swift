import Console
import Evaluations
import Figures
import Foundation
import Imaging
import Radiographs
import Runs
import WorldModel

/// What `predict` leaves: a row for each radiograph as soon as it is known, and masks.
final class PredictionFolder {
  static let tableName = "predictions.csv"
  static let skippedName = "skipped.csv"
  private static let requestName = "request.json"

  private let path: String
  private let lock: RunLock
  private let classes: [String]
  private let table: LineFile
  private let skippedTable: LineFile
  /// Identifiers of radiographs that were looked at, as the tables hold them.
  private(set) var done: Set<String> = []
  /// Of these, those that could not be used.
  private(set) var skipped = 0
  private(set) var masks = 0
  private(set) var overlays = 0
  private let hasMasks: Bool
  private var names: Set<String> = []

  /// - Parameters:
  ///   - request: what decides the predictions; a folder of another is refused.
  ///   - classes: of the predictions.
  ///   - hasMasks: whether each has a mask; then a last column says how their files' names begin.
  /// - Throws: `EvaluationError`, `StorageError`.
  init(_ path: String, request: String, classes: [String], hasMasks: Bool) throws {
    (self.path, self.classes, self.hasMasks) = (path, classes, hasMasks)
    let file = path + "/" + Self.requestName
    let isKnown = access(file, F_OK) == 0
    if !isKnown, Folder.exists(path), let stranger = try Folder.names(path).first {
      throw EvaluationError(
        "--out \(path): expected a new folder, or one of the same predictions, found \(stranger) in it; give another"
      )
    }
    try Folder.create(path)
    lock = try RunLock(path: path + "/lock", folder: path)
    if isKnown {
      guard String(decoding: try DurableFile.read(file), as: UTF8.self) == request else {
        throw EvaluationError(
          "--out \(path): holds predictions of another model or other radiographs (\(Self.requestName)); give another"
        )
      }
    } else {
      try DurableFile.write(request, to: file)
    }
    let header =
      ["radiograph"] + classes.map { "probability of \($0)" } + classes + (hasMasks ? ["file"] : [])
    table = try LineFile(path + "/" + Self.tableName, header: header)
    skippedTable = try LineFile(path + "/" + Self.skippedName, header: ["radiograph", "reason"])
    for identifier in try table.firstCells() {
      done.insert(identifier)
      masks += masksOfNext(identifier)
    }
    for identifier in try skippedTable.firstCells() {
      done.insert(identifier)
      skipped += 1
    }
  }

  /// Takes the name of a radiograph that an earlier call wrote, and counts its masks.
  private func masksOfNext(_ identifier: String) -> Int {
    let name = freshName(identifier)
    if access(overlayFile(name), F_OK) == 0 { overlays += 1 }
    return classes.count { access(maskFile(name, $0), F_OK) == 0 }
  }

  /// - Parameter overlaying: the radiograph, where masks are drawn over it; nil for none.
  func add(
    _ record: RadiographRecord, _ prediction: RadiographPrediction, thresholds: [Double],
    overlaying radiograph: GrayImage?
  ) throws {
    let name = freshName(record.identifier)
    if !prediction.masks.isEmpty { try Folder.create(path + "/masks") }
    for (mask, own) in zip(prediction.masks, classes) {
      try PngWriter.write(mask, to: maskFile(name, own))
      masks += 1
    }
    let isPresent = zip(prediction.probabilities, thresholds).map { $0 >= $1 }
    if let radiograph, !prediction.masks.isEmpty {
      try Folder.create(path + "/overlays")
      try MaskOverlay(
        title: record.identifier, radiograph: radiograph,
        layers: classes.indices.map {
          .init(
            name: classes[$0], probability: prediction.probabilities[$0], isPresent: isPresent[$0],
            mask: prediction.masks[$0])
        }
      ).write(to: overlayFile(name))
      overlays += 1
    }
    try table.append(
      [record.identifier] + prediction.probabilities.map { String(format: "%.6f", $0) }
        + isPresent.map { $0 ? "1" : "0" } + (hasMasks ? [name] : []))
    done.insert(DelimitedText.content(record.identifier))
  }

  func skip(_ record: RadiographRecord, _ reason: String) throws {
    try skippedTable.append([record.identifier, reason])
    done.insert(DelimitedText.content(record.identifier))
    skipped += 1
  }

  /// Whether an earlier call, or this one, has looked at a radiograph.
  func isDone(_ identifier: String) -> Bool { done.contains(DelimitedText.content(identifier)) }

  private func overlayFile(_ name: String) -> String { path + "/overlays/" + name + ".png" }

  private func maskFile(_ name: String, _ own: String) -> String {
    path + "/masks/" + name + "-" + Self.safe(own) + ".png"
  }

  /// A name that no other radiograph has, made of an identifier without its ending; the same in the same order.
  private func freshName(_ identifier: String) -> String {
    let ending = identifier.split(separator: ".").last.map(String.init) ?? ""
    let isEnding = (1...5).contains(ending.count) && ending.contains(where: \.isLetter)
    let base = Self.safe(isEnding ? String(identifier.dropLast(ending.count + 1)) : identifier)
    var (name, number) = (base, 2)
    while !names.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }

  private static func safe(_ text: String) -> String {
    let kept = text.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" }
    // A file's name has 255 bytes at most, and a letter up to four.
    return String(String(kept).drop { $0 == "." }.suffix(kept.allSatisfy(\.isASCII) ? 150 : 40))
  }
}

/// A table that grows line by line; a line that was cut short is written again.
private final class LineFile {
  private let path: String
  private let file: FileHandle

  init(_ path: String, header: [String]) throws {
    self.path = path
    if access(path, F_OK) != 0 { try DurableFile.write(Self.line(header), to: path) }
    guard let file = FileHandle(forUpdatingAtPath: path) else {
      throw EvaluationError("\(path): cannot be written: \(String(cString: strerror(errno)))")
    }
    self.file = file
    let text = try file.readToEnd() ?? Data()
    let end = text.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    try file.truncate(atOffset: UInt64(end))
    try file.seek(toOffset: UInt64(end))
  }

  deinit { try? file.close() }

  private static func line(_ cells: [String]) -> String {
    cells.map(DelimitedText.cell).joined(separator: ",") + "\n"
  }

  func append(_ cells: [String]) throws { try file.write(contentsOf: Data(Self.line(cells).utf8)) }

  /// The first cell of each line below the header.
  func firstCells() throws -> [String] {
    var reader = try DelimitedReader([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))))
    _ = try reader.next()
    var found: [String] = []
    while let row = try reader.next() { found.append(row.fields[0]) }
    return found
  }
}
