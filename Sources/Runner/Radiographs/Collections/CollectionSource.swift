import Imaging
import WorldModel

/// A film as a collection's tables tell of it, before its file is found.
struct ListedFilm {
  /// The record, whose identifier is the name in the table: with or without folders and ending.
  var record: FilmRecord
  var place: TablePlace
  var truth: KnownTruth?

  /// Whether two rows tell the same.
  func agrees(with other: ListedFilm) -> Bool { record == other.record && truth == other.truth }
}

/// What a reader of a collection has gathered.
struct CollectionListing {
  let name: String
  let folder: CollectionFolder
  var findings: [String]
  private(set) var films: [ListedFilm] = []
  private var places: [String: Int] = [:]
  private var repeated = 0
  /// Parts of the summary besides the count: `-1 as ones`.
  var remarks: [String] = []
  var notes: [String] = []

  init(name: String, folder: CollectionFolder, findings: [String]) {
    (self.name, self.folder, self.findings) = (name, folder, findings)
  }

  /// Adds a film. A row that says what an earlier one said is counted and left out.
  /// - Throws: `FilmsError.table` where the film was listed before and otherwise.
  mutating func add(_ film: ListedFilm) throws {
    let key = CollectionFolder.stem(film.record.identifier)
    guard let earlier = places[key] else {
      places[key] = films.count
      films.append(film)
      return
    }
    guard films[earlier].agrees(with: film) else {
      throw film.place.refuse(
        "\"\(film.record.identifier)\" is listed again and otherwise, first on \(films[earlier].place.words)")
    }
    repeated += 1
  }

  /// An error about the whole folder.
  func refuse(_ problem: String) -> FilmsError {
    .collection(name: name, folder: folder.path, problem: problem)
  }

  /// Finds each film's file.
  /// - Parameters:
  ///   - opensHeaders: whether headers are read for patient and view, where the format's tell.
  ///   - readsRawFilms: whether `.IMG` files are decoded.
  /// - Throws: `FilmsError.collection` where not a single film is in the folder.
  func source(opensHeaders: Bool = false, readsRawFilms: Bool = false) throws -> CollectionSource {
    var (records, truths): ([FilmRecord], [KnownTruth?]) = ([], [])
    var (missing, ambiguous): ([String], [String]) = ([], [])
    var taken = [Bool](repeating: false, count: folder.films.count)
    for film in films {
      guard let found = folder.film(film.record.identifier) else {
        missing.append(film.record.identifier)
        continue
      }
      if taken[found.index] {
        throw film.place.refuse(
          "\"\(film.record.identifier)\" is the file \(folder.films[found.index]) of another row")
      }
      taken[found.index] = true
      if found.isAmbiguous { ambiguous.append(folder.films[found.index]) }
      var record = film.record
      record.identifier = folder.films[found.index]
      records.append(record)
      truths.append(film.truth)
    }
    guard !records.isEmpty else {
      throw refuse(
        "none of the \(films.count) films that are listed is in the folder, the first is "
          + "\(films.first?.record.identifier ?? ""); \(folder.films.count) other films are there")
    }
    let unlisted = taken.indices.first { !taken[$0] }.map { folder.films[$0] }
    let files = FilmFiles(folder: folder.path, decoder: folder.decoder)
    return CollectionSource(
      summary: summary(records), records: opensHeaders ? files.described(records) : records,
      findingNames: findings.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
      notes: notes + remarks(missing, ambiguous, unlisted, count: taken.count { !$0 })
        + files.depthNotes(records.map(\.identifier)), files: files,
      truths: truths, readsRawFilms: readsRawFilms)
  }

  private func summary(_ records: [FilmRecord]) -> String {
    var counts: [String: Int] = [:]
    for record in records { counts[record.split ?? "no split", default: 0] += 1 }
    let order = ["train", "val", "test", "no split"]
    let splits = order.compactMap { split in counts[split].map { "\(split) \($0)" } }.joined(separator: ", ")
    return
      (["\(name):\(folder.path)", "\(records.count) films (\(splits))", "\(findings.count) findings"]
      + remarks)
      .joined(separator: ", ")
  }

  private func remarks(
    _ missing: [String], _ ambiguous: [String], _ unlisted: String?, count: Int
  ) -> [String] {
    var notes: [String] = []
    if let first = missing.first {
      notes.append(
        "\(missing.count) film\(missing.count == 1 ? "" : "s") of the table "
          + "\(missing.count == 1 ? "is" : "are") not in the folder, the first is \(first)")
    }
    if let unlisted {
      notes.append(
        "\(count) film\(count == 1 ? "" : "s") of the folder "
          + "\(count == 1 ? "has no row and is" : "have no row and are") left out, the first is \(unlisted)")
    }
    if let first = ambiguous.first {
      notes.append("\(ambiguous.count) films lie in the folder more than once; taken were such as \(first)")
    }
    if repeated > 0 { notes.append("\(repeated) rows repeat an earlier row") }
    return notes
  }
}

/// A public collection: films, labels, views, patients and splits as its owners publish them.
public struct CollectionSource: FilmSource {
  public let summary: String
  public let records: [FilmRecord]
  public let findingNames: [String]
  public let notes: [String]
  let files: FilmFiles
  let truths: [KnownTruth?]
  let readsRawFilms: Bool

  public func film(at index: Int) throws -> GrayImage {
    let identifier = records[index].identifier
    if readsRawFilms && RawFilm.isNamed(identifier) {
      return try RawFilm.decode(path: files.path(of: identifier), identifier: identifier)
    }
    return try files.film(identifier)
  }

  public func header(at index: Int) throws -> ImageHeader? {
    let identifier = records[index].identifier
    return readsRawFilms && RawFilm.isNamed(identifier) ? RawFilm.header : try files.header(identifier)
  }

  public func truth(at index: Int) throws -> FilmTruth? {
    guard let truth = truths[index] else { return nil }
    guard let header = try header(at: index) else { return nil }
    var (width, height) = (header.width, header.height)
    if files.decoder.shorterSide != nil {
      // Only the codec knows to what size it decodes.
      let film = try film(at: index)
      (width, height) = (film.width, film.height)
    }
    return try truth.scaled(
      width: width, height: height,
      stored: KnownTruth.Size(width: Double(header.width), height: Double(header.height)), files: files,
      identifier: records[index].identifier)
  }
}
