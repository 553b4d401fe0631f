import Imaging
import WorldModel

/// Some films of a source as a source of their own, in the same order.
package struct ChosenFilms: FilmSource {
  package let source: any FilmSource
  /// Indices into the source's records.
  package let films: [Int]
  package let records: [FilmRecord]
  /// What they were chosen by, for the summary.
  package let choice: String

  package init(_ source: any FilmSource, films: [Int], choice: String) {
    (self.source, self.films, self.choice) = (source, films, choice)
    records = films.map { source.records[$0] }
  }

  /// The films that filters and a limit leave; the source itself where they leave all.
  /// - Parameter limit: films at most; 0 for all.
  /// - Returns: nil where they leave none.
  package static func of(
    _ source: any FilmSource, filter: [ColumnFilter], limit: Int
  ) -> (any FilmSource)? {
    var films = source.records.indices(matching: filter)
    if limit > 0 { films = Array(films.prefix(limit)) }
    guard !films.isEmpty else { return nil }
    if films.count == source.records.count { return source }
    var words = filter.map(\.description)
    if limit > 0 { words.append("the first \(limit)") }
    return ChosenFilms(source, films: films, choice: words.joined(separator: " and "))
  }

  package var summary: String { "\(source.summary); \(films.count) of them: \(choice)" }
  package var findingNames: [String] { source.findingNames }
  package var notes: [String] { source.notes }
  package var filmsAreCheap: Bool { source.filmsAreCheap }

  package func film(at index: Int) throws -> GrayImage { try source.film(at: films[index]) }
  package func truth(at index: Int) throws -> FilmTruth? { try source.truth(at: films[index]) }
  package func header(at index: Int) throws -> ImageHeader? { try source.header(at: films[index]) }
}
