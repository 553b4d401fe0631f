import Imaging
import WorldModel

/// Some films of a source as a source of their own, in the same order.
struct ChosenFilms: FilmSource {
  let source: any FilmSource
  /// Indices into the source's records.
  let films: [Int]
  let records: [FilmRecord]
  /// What they were chosen by, for the summary.
  let choice: String

  init(_ source: any FilmSource, films: [Int], choice: String) {
    (self.source, self.films, self.choice) = (source, films, choice)
    records = films.map { source.records[$0] }
  }

  /// The films that `data.filter` and `data.limit` leave; the source itself where they leave all.
  /// - Throws: `UsageError` where they leave none.
  static func of(_ source: any FilmSource, _ data: RunConfiguration.Data) throws -> any FilmSource {
    var films = source.records.indices(matching: data.filter)
    if data.limit > 0 { films = Array(films.prefix(data.limit)) }
    guard !films.isEmpty else {
      throw UsageError(
        "--data \(data.sources.joined(separator: ", ")): no film is left by data.filter; relax it")
    }
    if films.count == source.records.count { return source }
    var words = data.filter.map(\.description)
    if data.limit > 0 { words.append("the first \(data.limit)") }
    return ChosenFilms(source, films: films, choice: words.joined(separator: " and "))
  }

  var summary: String { "\(source.summary); \(films.count) of them: \(choice)" }
  var findingNames: [String] { source.findingNames }
  var notes: [String] { source.notes }
  var filmsAreCheap: Bool { source.filmsAreCheap }

  func film(at index: Int) throws -> GrayImage { try source.film(at: films[index]) }
  func truth(at index: Int) throws -> FilmTruth? { try source.truth(at: films[index]) }
  func header(at index: Int) throws -> ImageHeader? { try source.header(at: films[index]) }
}
