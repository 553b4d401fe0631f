import Figures
import Films
import Imaging
import WorldModel

/// A picture of films as they came, each with a box around what the store keeps.
struct ContactSheet {
  /// Films of one sheet.
  static let mostFilms = 48
  private static let columns = 8
  private static let side = 176.0
  private static let margin = 10.0
  private static let captionHeight = 30.0
  private static let background = Color(24, 24, 26)
  private static let ink = Color(225, 225, 225)
  private static let quiet = Color(165, 165, 165)
  private static let kept = Color(70, 200, 120)
  private static let refused = Color(235, 150, 40)

  let index: StoreIndex
  /// Positions in the index, at most 48.
  let films: [Int]
  let source: any FilmSource

  /// Draws the sheet; films are decoded anew.
  func draw() -> Canvas {
    let columns = min(Self.columns, max(films.count, 1))
    let rows = (films.count + columns - 1) / columns
    let cell = (width: Self.side + Self.margin, height: Self.side + Self.captionHeight + Self.margin)
    var canvas = Canvas(
      width: Int(Double(columns) * cell.width + Self.margin),
      height: Int(Double(max(rows, 1)) * cell.height + Self.margin), background: Self.background)
    for (number, film) in films.enumerated() {
      let corner = Point(
        Self.margin + Double(number % columns) * cell.width,
        Self.margin + Double(number / columns) * cell.height)
      drawFilm(film, at: corner, on: &canvas)
    }
    return canvas
  }

  private func drawFilm(_ number: Int, at corner: Point, on canvas: inout Canvas) {
    let stored = index.films[number]
    let name = Canvas.fitted(index.records[number].identifier, width: Self.side, height: 8, keepsEnd: true)
    let below = corner.y + Self.side
    canvas.text(name, at: Point(corner.x, below + 6), height: 8, Self.ink)
    canvas.text(caption(stored), at: Point(corner.x, below + 19), height: 7, Self.quiet)
    let scale = Self.side / Double(max(stored.sourceWidth, stored.sourceHeight))
    let (width, height) = (Double(stored.sourceWidth) * scale, Double(stored.sourceHeight) * scale)
    let place = Box(
      x: (corner.x + (Self.side - width) / 2).rounded(), y: (corner.y + (Self.side - height) / 2).rounded(),
      width: width.rounded(), height: height.rounded())
    guard let film = try? source.film(at: stored.sourceIndex) else {
      canvas.frame(place, Self.quiet)
      canvas.text("gone since", at: Point(place.x + 6, place.y + 8), height: 8, Self.quiet)
      return
    }
    canvas.draw(film, in: place)
    let crop = stored.crop
    let box = Box(
      x: place.x + Double(crop.column) * scale, y: place.y + Double(crop.row) * scale,
      width: Double(crop.width) * scale, height: Double(crop.height) * scale)
    let color = stored.cropWasRefused ? Self.refused : Self.kept
    canvas.frame(box, color, thickness: 1, share: stored.cutShare > 0 || stored.cropWasRefused ? 1 : 0.4)
  }

  private func caption(_ film: StoredFilm) -> String {
    let size = "\(film.sourceWidth)×\(film.sourceHeight)"
    if film.cropWasRefused { return size + ", border too large" }
    return film.cutShare > 0 ? "\(size) → \(film.width)×\(film.height)" : "\(size), whole"
  }
}
