import Imaging
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
}
