import CoreTensor
import Imaging
import Synchronization
import WorldModel

/// Films that lie in files below a folder, found by their identifiers.
struct FilmFiles: Sendable {
  /// Where relative identifiers start from; without a slash at its end.
  let folder: String
  let decoder: FilmDecoder

  /// The file of a film.
  func path(of identifier: String) -> String {
    identifier.hasPrefix("/") || folder.isEmpty ? identifier : folder + "/" + identifier
  }

  /// - Throws: `UnusableFilm`.
  func film(_ identifier: String) throws -> GrayImage {
    try decoder.decode(path: path(of: identifier), identifier: identifier)
  }

  /// - Throws: `UnusableFilm`.
  func header(_ identifier: String) throws -> ImageHeader {
    try decoder.header(path: path(of: identifier), identifier: identifier).header
  }

  /// Records with what headers tell besides. Only formats whose headers tell of films are opened; a file that cannot be
  /// read leaves its record as it is, and fails when its film is wanted.
  func described(_ records: [FilmRecord]) -> [FilmRecord] {
    let silent = Set(decoder.codecs.filter { !$0.describesFilms }.flatMap(\.fileExtensions))
    let slots = Mutex(records)
    Compute.parallel(records.count) { index in
      var record = records[index]
      guard !silent.contains(FolderSearch.ending(of: record.identifier)),
        let header = try? header(record.identifier)
      else { return }
      record.describe(by: header.tags)
      slots.withLock { $0[index] = record }
    }
    return slots.withLock { $0 }
  }
}

extension [FilmRecord] {
  /// Takes patients away whose names say nobody (`ANONYMOUS`, `nan`), since they are not one person, and says so.
  mutating func removePlaceholders() -> String? {
    var (count, example) = (0, "")
    for index in indices {
      guard let patient = self[index].patient, PatientIdentifier(patient) == nil else { continue }
      (count, example) = (count + 1, patient)
      self[index].patient = nil
    }
    guard count > 0 else { return nil }
    return
      "\(count) films name nobody as their patient (\"\(example.shortened)\"), and each counts as a patient of its own, so that "
      + "films of one person can stand on both sides of a split; a table with a column of patients (--patient-column) mends "
      + "it"
  }
}
