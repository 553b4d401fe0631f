import CoreTensor
import Imaging
import WorldModel

/// Films as a classifier sees them, read and prepared on all threads.
struct FilmViews {
  let source: any FilmSource
  /// Side of the input in pixels.
  let side: Int
  let views: ViewSettings

  /// Whole films, resized.
  /// - Returns: those of `films` that can be used, and their pixels (B, 3, S, S), nil where none can.
  func whole(_ films: [Int]) throws -> (films: [Int], images: Tensor?) {
    try prepared(films) { film, _ in film.resized(to: (side, side)) }
  }

  /// One random crop of each film, mirrored or not, of changed brightness and contrast.
  /// - Parameter random: the draws of the film at a place in `films`.
  func augmented(
    _ films: [Int], random: @Sendable (Int) -> RandomStream
  ) throws -> (films: [Int], images: Tensor?) {
    try prepared(films) { film, place in
      var (random, film) = (random(place), film)
      let frame = views.frames(1, filmHeight: film.height, filmWidth: film.width, &random)[0]
      _ = views.jitter(&film, &random)
      return film.cropped(
        row: frame.row, column: frame.column, height: frame.height, width: frame.width, resizedTo: side,
        mirrored: frame.mirrored)
    }
  }

  private func prepared(
    _ films: [Int], _ view: @Sendable (GrayImage, Int) -> GrayImage
  ) throws -> (films: [Int], images: Tensor?) {
    let results = Results(films.count)
    let source = source
    Compute.parallel(films.count) { place in
      results[place] = Result { view(try source.film(at: films[place]), place) }
    }
    var kept: [(film: Int, image: GrayImage)] = []
    for (film, result) in zip(films, results.all) {
      do { kept.append((film, try result!.get())) } catch is UnusableFilm { continue }
    }
    guard !kept.isEmpty else { return ([], nil) }
    let (size, images) = (3 * side * side, kept.map(\.image))
    let out = Tensor([kept.count, 3, side, side]) { values in
      nonisolated(unsafe) let start = values.baseAddress!
      Compute.parallel(images.count) { InputNormalization.write(images[$0], to: start + $0 * size) }
    }
    return (kept.map(\.film), out)
  }

  /// What threads write, each to its own place.
  private final class Results: @unchecked Sendable {
    private let buffer: UnsafeMutableBufferPointer<Result<GrayImage, any Error>?>
    init(_ count: Int) {
      buffer = .allocate(capacity: count)
      buffer.initialize(repeating: nil)
    }
    deinit {
      buffer.deinitialize()
      buffer.deallocate()
    }
    subscript(place: Int) -> Result<GrayImage, any Error>? {
      get { buffer[place] }
      set { buffer[place] = newValue }
    }
    var all: [Result<GrayImage, any Error>?] { Array(buffer) }
  }
}
