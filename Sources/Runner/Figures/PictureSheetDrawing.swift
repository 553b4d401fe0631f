import Imaging
import WorldModel

extension PictureSheet {
  private static let margin = 14.0
  private static let gap = 8.0
  private static let groupGap = 28.0
  private static let titleHeight = 12.0
  private static let textHeight = 9.0
  private static let captionHeight = 7.5
  private static let captionLine = 15.0
  private static let ink = Color(25, 25, 28)
  private static let quiet = Color(95, 95, 102)
  private static let frame = Color(220, 90, 20)

  /// Draws the sheet on white.
  /// - Parameter side: of a picture's longer side, in pixels.
  package func draw(side: Double = 140) -> Canvas {
    let captions = rows.flatMap(\.groups).joined().map(\.captions.count).max() ?? 0
    let rowHeight = 24 + side + Double(captions) * Self.captionLine + 22
    let head = Self.margin + Self.titleHeight + 14 + Double(notes.count) * 17 + 10
    let words =
      [Canvas.textWidth(title, height: Self.titleHeight)]
      + (notes + rows.map(\.label)).map { Canvas.textWidth($0, height: Self.textHeight) }
    let width = max(rows.map { Self.width($0, side) }.max() ?? 0, words.max()!) + 2 * Self.margin
    var canvas = Canvas(width: Int(width.rounded(.up)), height: Int(head + Double(rows.count) * rowHeight))
    canvas.text(
      title, at: Point(Self.margin, Self.margin), height: Self.titleHeight, Self.ink, isBold: true)
    for (index, note) in notes.enumerated() {
      let top = Self.margin + Self.titleHeight + 14 + Double(index) * 17
      canvas.text(note, at: Point(Self.margin, top), height: Self.textHeight, Self.quiet)
    }
    for (index, row) in rows.enumerated() {
      let top = head + Double(index) * rowHeight
      canvas.text(row.label, at: Point(Self.margin, top), height: Self.textHeight, Self.ink, isBold: true)
      draw(row, top: top + 24, side, on: &canvas)
    }
    return canvas
  }

  private static func width(_ row: Row, _ side: Double) -> Double {
    row.groups.reduce(-groupGap) { $0 + groupGap - gap + Double($1.count) * (side + gap) }
  }

  private func draw(_ row: Row, top: Double, _ side: Double, on canvas: inout Canvas) {
    var left = Self.margin
    for group in row.groups {
      for picture in group {
        let scale = side / Double(max(picture.image.width, picture.image.height, 1))
        let (width, height) = (
          (Double(picture.image.width) * scale).rounded(), (Double(picture.image.height) * scale).rounded()
        )
        let box = Box(x: left, y: top, width: width, height: height)
        canvas.draw(picture.image, in: box)
        if picture.isFramed {
          let around = Box(x: box.x - 3, y: box.y - 3, width: box.width + 6, height: box.height + 6)
          canvas.frame(around, Self.frame, thickness: 3)
        }
        for (line, caption) in picture.captions.enumerated() {
          let text = Canvas.fitted(caption, width: side + 4, height: Self.captionHeight)
          let place = Point(left, top + side + 8 + Double(line) * Self.captionLine)
          canvas.text(text, at: place, height: Self.captionHeight, line == 0 ? Self.ink : Self.quiet)
        }
        left += side + Self.gap
      }
      left += Self.groupGap - Self.gap
    }
  }
}
