import Imaging
import WorldModel

/// A radiograph as a collection's tables tell of it, before its file is found.
struct ListedRadiograph {
  /// The record, whose identifier is the name in the table: with or without folders and ending.
  var record: RadiographRecord
  var place: TablePlace
  var truth: KnownTruth?

  /// Whether two rows tell the same.
  func agrees(with other: ListedRadiograph) -> Bool { record == other.record && truth == other.truth }
}

/// What a reader of a collection has gathered.
struct CollectionListing {
  let name: String
  let folder: CollectionFolder
  var findings: [String]
  private(set) var radiographs: [ListedRadiograph] = []
  private var places: [String: Int] = [:]
  private var repeated = 0
  /// Parts of the summary besides the count: `-1 as ones`.
  var remarks: [String] = []
  var notes: [String] = []

  init(name: String, folder: CollectionFolder, findings: [String]) {
    (self.name, self.folder, self.findings) = (name, folder, findings)
  }

  /// Adds a radiograph. A row that says what an earlier one said is counted and left out.
  /// - Throws: `RadiographsError.table` where the radiograph was listed before and otherwise.
  mutating func add(_ radiograph: ListedRadiograph) throws {
    let key = CollectionFolder.stem(radiograph.record.identifier)
    guard let earlier = places[key] else {
      places[key] = radiographs.count
      radiographs.append(radiograph)
      return
    }
    guard radiographs[earlier].agrees(with: radiograph) else {
      throw radiograph.place.refuse(
        "\"\(radiograph.record.identifier)\" is listed again and otherwise, first on \(radiographs[earlier].place.words)"
      )
    }
    repeated += 1
  }

  /// An error about the whole folder.
  func refuse(_ problem: String) -> RadiographsError {
    .collection(name: name, folder: folder.path, problem: problem)
  }

  /// Finds each radiograph's file.
  /// - Parameters:
  ///   - opensHeaders: whether headers are read for patient and view, where the format's tell.
  ///   - readsRawRadiographs: whether `.IMG` files are decoded.
  /// - Throws: `RadiographsError.collection` where not a single radiograph is in the folder.
  func source(opensHeaders: Bool = false, readsRawRadiographs: Bool = false) throws -> CollectionSource {
    var (records, truths): ([RadiographRecord], [KnownTruth?]) = ([], [])
    var (missing, ambiguous): ([String], [String]) = ([], [])
    var taken = [Bool](repeating: false, count: folder.radiographs.count)
    for radiograph in radiographs {
      guard let found = folder.radiograph(radiograph.record.identifier) else {
        missing.append(radiograph.record.identifier)
        continue
      }
      if taken[found.index] {
        throw radiograph.place.refuse(
          "\"\(radiograph.record.identifier)\" is the file \(folder.radiographs[found.index]) of another row")
      }
      taken[found.index] = true
      if found.isAmbiguous { ambiguous.append(folder.radiographs[found.index]) }
      var record = radiograph.record
      record.identifier = folder.radiographs[found.index]
      records.append(record)
      truths.append(radiograph.truth)
    }
    guard let first = radiographs.first else {
      throw refuse("no radiograph is listed: its tables have a header and no rows")
    }
    guard !records.isEmpty else {
      throw refuse(
        "none of the \(radiographs.count) radiographs that are listed is in the folder, the first is "
          + "\(first.record.identifier); \(folder.radiographs.count) other radiographs are there"
      )
    }
    let unlisted = taken.indices.first { !taken[$0] }.map { folder.radiographs[$0] }
    let files = RadiographFiles(folder: folder.path, decoder: folder.decoder)
    return CollectionSource(
      summary: summary(records), records: opensHeaders ? files.described(records) : records,
      findingNames: findings.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
      notes: notes + remarks(missing, ambiguous, unlisted, count: taken.count { !$0 })
        + files.depthNotes(records.map(\.identifier)), files: files,
      truths: truths, readsRawRadiographs: readsRawRadiographs)
  }

  private func summary(_ records: [RadiographRecord]) -> String {
    var counts: [String: Int] = [:]
    for record in records { counts[record.split ?? "no split", default: 0] += 1 }
    let order = ["train", "val", "test", "no split"]
    let splits = order.compactMap { split in counts[split].map { "\(split) \($0)" } }.joined(separator: ", ")
    return
      (["\(name):\(folder.path)", "\(records.count) radiographs (\(splits))", "\(findings.count) findings"]
      + remarks)
      .joined(separator: ", ")
  }

  private func remarks(
    _ missing: [String], _ ambiguous: [String], _ unlisted: String?, count: Int
  ) -> [String] {
    var notes: [String] = []
    if let first = missing.first {
      notes.append(
        "\(missing.count) radiograph\(missing.count == 1 ? "" : "s") of the table "
          + "\(missing.count == 1 ? "is" : "are") not in the folder, the first is \(first)")
    }
    if let unlisted {
      notes.append(
        "\(count) radiograph\(count == 1 ? "" : "s") of the folder "
          + "\(count == 1 ? "has no row and is" : "have no row and are") left out, the first is \(unlisted)")
    }
    if let first = ambiguous.first {
      notes.append(
        "\(ambiguous.count) radiographs have several files; one was taken, such as \(first)")
    }
    if repeated > 0 { notes.append("\(repeated) rows repeat an earlier row") }
    return notes
  }
}

/// A public collection: radiographs, labels, views, patients and splits as its owners publish them.
public struct CollectionSource: RadiographSource {
  public let summary: String
  public let records: [RadiographRecord]
  public let findingNames: [String]
  public let notes: [String]
  let files: RadiographFiles
  let truths: [KnownTruth?]
  let readsRawRadiographs: Bool

  public func radiograph(at index: Int) throws -> GrayImage {
    let identifier = records[index].identifier
    if readsRawRadiographs && RawRadiograph.isNamed(identifier) {
      return try RawRadiograph.decode(path: files.path(of: identifier), identifier: identifier)
    }
    return try files.radiograph(identifier)
  }

  public func header(at index: Int) throws -> ImageHeader? {
    let identifier = records[index].identifier
    return readsRawRadiographs && RawRadiograph.isNamed(identifier)
      ? RawRadiograph.header : try files.header(identifier)
  }

  public func truth(at index: Int) throws -> RadiographTruth? {
    guard let truth = truths[index] else { return nil }
    return try truth.scaled(try header(at: index), files: files, identifier: records[index].identifier) {
      try radiograph(at: index)
    }
  }
}
