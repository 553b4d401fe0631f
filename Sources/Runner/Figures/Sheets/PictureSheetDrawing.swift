import Foundation
import Imaging
import WorldModel

/// Drawn on white.
extension PictureSheet: Figure {
  private static let margin = 14.0
  private static let gap = 8.0
  private static let groupGap = 28.0
  private static let frame = Color(220, 90, 20)
  private static let mark = Color(0, 225, 255)
  private static let ink = Color(25, 25, 28)
  private static let quiet = Color(85, 85, 92)
  private static let titleStyle = TextStyle(17, ink, isBold: true)
  private static let labelStyle = TextStyle(13, ink, isBold: true)
  private static let noteStyle = TextStyle(12.5, quiet)
  private static let captionSize = 11.0
  private static let captionLine = 15.0
  /// Words make a sheet no wider than this, in pixels; longer ones are cut or go on in a second line.
  private static let widestWords = 1100.0
  private static let noteLine = 18.0

  public var background: Color { .white }

  /// Wide enough for the pictures and, within bounds, for the words.
  public func size(_ typesetter: Typesetter) -> Size {
    let words =
      [typesetter.width(of: title, Self.titleStyle)]
      + notes.map { typesetter.width(of: $0, Self.noteStyle) }
      + rows.map { typesetter.width(of: $0.label, Self.labelStyle) }
    let pictures = rows.map(width).max() ?? 0
    let width = max(pictures, min(words.max()!, Self.widestWords)) + 2 * Self.margin
    return Size(Int(width.rounded(.up)), Int(head(typesetter, width) + Double(rows.count) * rowHeight))
  }

  public func draw(on canvas: Canvas) {
    let (room, width) = (canvas.typesetter, Double(canvas.size.width))
    let inner = width - 2 * Self.margin
    if !title.isEmpty {
      canvas.text(title, at: Point(Self.margin, Self.margin - 4), Self.titleStyle, width: inner)
    }
    var top = Self.margin + titleLine
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

  private var titleLine: Double { title.isEmpty ? 0 : 30 }

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
    return Self.margin + titleLine + Double(lines) * Self.noteLine + 10
  }

  private var rowHeight: Double {
    let captions = rows.flatMap(\.groups).joined().map(\.captions.count).max() ?? 0
    return 24 + pictureSide + Double(captions) * Self.captionLine + 26
  }

  private func width(_ row: Row) -> Double {
    row.groups.reduce(-Self.groupGap) {
      $0 + Self.groupGap - Self.gap + Double($1.count) * (pictureSide + Self.gap)
    }
  }

  private func draw(_ row: Row, top: Double, on canvas: Canvas) {
    var left = Self.margin
    for group in row.groups {
      for picture in group {
        let scale = pictureSide / Double(max(picture.image.width, picture.image.height, 1))
        let (width, height) = (
          (Double(picture.image.width) * scale).rounded(), (Double(picture.image.height) * scale).rounded()
        )
        let box = Box(x: left, y: top, width: width, height: height)
        switch picture.image {
        case .gray(let image): canvas.draw(image, in: box)
        case .color(let image): canvas.draw(image, in: box)
        }
        for mark in picture.marks { draw(mark, in: box, scale: scale, on: canvas) }
        if picture.isFramed { canvas.frame(box.inset(-3), Self.frame, thickness: 3) }
        for (line, caption) in picture.captions.enumerated() {
          let style = TextStyle(Self.captionSize, line == 0 ? Self.ink : Self.quiet)
          let place = Point(left, top + pictureSide + 6 + Double(line) * Self.captionLine)
          canvas.text(caption, at: place, style, width: pictureSide + 4)
        }
        left += pictureSide + Self.gap
      }
      left += Self.groupGap - Self.gap
    }
  }

  /// A cross of two lines or a ring about its place, on a dark edge so that it shows on white bone too.
  private func draw(_ mark: Mark, in box: Box, scale: Double, on canvas: Canvas) {
    let (x, y) = (box.x + (mark.column + 0.5) * scale, box.y + (mark.row + 0.5) * scale)
    let reach = max(4, pictureSide / 26)
    for (color, thickness) in [(Color.black, 3.0), (Self.mark, 1.5)] {
      switch mark.shape {
      case .cross:
        canvas.line(from: Point(x - reach, y), to: Point(x + reach, y), color, thickness: thickness)
        canvas.line(from: Point(x, y - reach), to: Point(x, y + reach), color, thickness: thickness)
      case .ring:
        let ring = (0...24).map { step in
          let angle = Double(step) * .pi / 12
          return Point(x + reach * cos(angle), y + reach * sin(angle))
        }
        canvas.stroke(ring, color, thickness: thickness)
      }
    }
  }
}
