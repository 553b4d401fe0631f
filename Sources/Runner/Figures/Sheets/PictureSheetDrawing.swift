import Imaging
import WorldModel

/// Drawn on white, each picture's longer side 140 pixels.
extension PictureSheet: Figure {
  static let side = 140.0
  private static let margin = 14.0
  private static let gap = 8.0
  private static let groupGap = 28.0
  private static let frame = Color(220, 90, 20)
  private static let ink = Color(25, 25, 28)
  private static let quiet = Color(85, 85, 92)
  private static let titleStyle = TextStyle(17, ink, isBold: true)
  private static let labelStyle = TextStyle(13, ink, isBold: true)
  private static let noteStyle = TextStyle(12.5, quiet)
  private static let captionSize = 11.0
  private static let captionLine = 15.0
  /// Words make a sheet no wider than this, in pixels; longer ones are cut or go on in a second line.
  private static let widestWords = 1100.0
  private static let titleLine = 30.0
  private static let noteLine = 18.0

  public var background: Color { .white }

  /// Wide enough for the pictures and, within bounds, for the words.
  public func size(_ typesetter: Typesetter) -> Size {
    let words =
      [typesetter.width(of: title, Self.titleStyle)]
      + notes.map { typesetter.width(of: $0, Self.noteStyle) }
      + rows.map { typesetter.width(of: $0.label, Self.labelStyle) }
    let pictures = rows.map(Self.width).max() ?? 0
    let width = max(pictures, min(words.max()!, Self.widestWords)) + 2 * Self.margin
    return Size(Int(width.rounded(.up)), Int(head(typesetter, width) + Double(rows.count) * rowHeight))
  }

  public func draw(on canvas: Canvas) {
    let (room, width) = (canvas.typesetter, Double(canvas.size.width))
    let inner = width - 2 * Self.margin
    canvas.text(title, at: Point(Self.margin, Self.margin - 4), Self.titleStyle, width: inner)
    var top = Self.margin + Self.titleLine
    for note in notes {
      canvas.text(note, at: Point(Self.margin, top), Self.noteStyle, width: inner, lines: Self.mostLines)
      top += Self.noteLine * Double(Self.lines(of: note, room, width))
    }
    for (index, row) in rows.enumerated() {
      let top = head(room, width) + Double(index) * rowHeight
      canvas.text(row.label, at: Point(Self.margin, top), Self.labelStyle, width: inner)
      draw(row, top: top + 24, on: canvas)
    }
  }

  /// Lines that a note takes at most.
  private static var mostLines: Int { 4 }

  private static func lines(of note: String, _ typesetter: Typesetter, _ width: Double) -> Int {
    typesetter.withLayout(note, noteStyle, width: width - 2 * margin, lines: mostLines) {
      Typesetter.lineCount($0)
    }
  }

  /// Height of the title and the notes.
  private func head(_ typesetter: Typesetter, _ width: Double) -> Double {
    let lines = notes.reduce(0) { $0 + Self.lines(of: $1, typesetter, width) }
    return Self.margin + Self.titleLine + Double(lines) * Self.noteLine + 10
  }

  private var rowHeight: Double {
    let captions = rows.flatMap(\.groups).joined().map(\.captions.count).max() ?? 0
    return 24 + Self.side + Double(captions) * Self.captionLine + 26
  }

  private static func width(_ row: Row) -> Double {
    row.groups.reduce(-groupGap) { $0 + groupGap - gap + Double($1.count) * (side + gap) }
  }

  private func draw(_ row: Row, top: Double, on canvas: Canvas) {
    var left = Self.margin
    for group in row.groups {
      for picture in group {
        let scale = Self.side / Double(max(picture.image.width, picture.image.height, 1))
        let (width, height) = (
          (Double(picture.image.width) * scale).rounded(), (Double(picture.image.height) * scale).rounded()
        )
        let box = Box(x: left, y: top, width: width, height: height)
        canvas.draw(picture.image, in: box)
        if picture.isFramed { canvas.frame(box.inset(-3), Self.frame, thickness: 3) }
        for (line, caption) in picture.captions.enumerated() {
          let style = TextStyle(Self.captionSize, line == 0 ? Self.ink : Self.quiet)
          let place = Point(left, top + Self.side + 6 + Double(line) * Self.captionLine)
          canvas.text(caption, at: place, style, width: Self.side + 4)
        }
        left += Self.side + Self.gap
      }
      left += Self.groupGap - Self.gap
    }
  }
}
