internal import CCairo

/// Where a text lies relative to its point, along its line.
public enum TextAlignment: Sendable {
  case left
  case center
  case right
}

/// What of a text lies at its point's height.
public enum TextAnchor: Sendable {
  /// The top of the first line.
  case top
  /// The middle of the capital letters of the first line.
  case middle
}

/// A surface of cairo that areas, lines, images and text are drawn on; whatever falls outside is cut off.
///
/// Lengths are pixels of a PNG and the like of an SVG. An error of cairo stays with the surface, which draws nothing
/// from then on, and is thrown when the figure is finished (`Figure.encoded(as:)`).
public final class Canvas {
  /// Pixels along a side that cairo can draw.
  static let longestSide = 32_767
  /// Coordinates are kept within this many pixels of the origin, beyond which cairo's own numbers overflow.
  private static let reach = 100_000.0

  /// Pixels of an image for each pixel of the canvas that it covers, at most; the rest would only make a file larger.
  let imageScale: Double
  public let size: Size
  /// Measures the texts that the canvas draws.
  public let typesetter: Typesetter
  let context: OpaquePointer

  /// - Parameter surface: stays the caller's, who destroys it after the canvas.
  init(_ surface: OpaquePointer, size: Size, imageScale: Double, _ typesetter: Typesetter) {
    (self.size, self.imageScale, self.typesetter) = (size, imageScale, typesetter)
    context = cairo_create(surface)
  }

  deinit { cairo_destroy(context) }

  /// Fills a box; its edges may lie within pixels and are then softened.
  /// - Parameter share: 1 covers, less lets shine through.
  public func fill(_ box: Box, _ color: Color, share: Double = 1) { fill([box], color, share: share) }

  /// Fills several boxes as one area, without a seam where they touch and no darker where they overlap.
  public func fill(_ boxes: [Box], _ color: Color, share: Double = 1) {
    trace(boxes)
    set(color, share)
    cairo_fill(context)
  }

  /// Fills the area within a closed line.
  public func fill(polygon points: [Point], _ color: Color, share: Double = 1) {
    guard points.count > 2, points.allSatisfy(\.isFinite) else { return }
    trace([points])
    cairo_close_path(context)
    set(color, share)
    cairo_fill(context)
  }

  /// Draws parallel slanted lines in boxes; those of neighbouring boxes go on in one another.
  /// - Parameter spacing: pixels between lines, across.
  public func hatch(_ boxes: [Box], _ color: Color, spacing: Double = 5, share: Double = 1) {
    let boxes = boxes.filter(\.isDrawable)
    guard let left = boxes.map(\.x).min(), let right = boxes.map(\.right).max(),
      let top = boxes.map(\.y).min(), let bottom = boxes.map(\.bottom).max()
    else { return }
    clip(to: boxes) {
      var sum = ((left + top) / spacing).rounded(.down) * spacing
      var pieces: [[Point]] = []
      while sum <= min(right + bottom, 2 * Self.reach) {
        pieces.append([Point(sum - top, top), Point(sum - bottom, bottom)])
        sum += spacing
      }
      stroke(pieces: pieces, color, thickness: 1, share: share)
    }
  }

  /// Draws the inside of a box's edge.
  public func frame(_ box: Box, _ color: Color, thickness: Double = 1, share: Double = 1) {
    let inner = box.inset(thickness)
    trace([box])
    if inner.isDrawable { trace([inner]) }
    set(color, share)
    cairo_set_fill_rule(context, CAIRO_FILL_RULE_EVEN_ODD)
    cairo_fill(context)
    cairo_set_fill_rule(context, CAIRO_FILL_RULE_WINDING)
  }

  /// Draws a line with round ends; a dot where both ends are one point.
  public func line(
    from start: Point, to end: Point, _ color: Color, thickness: Double = 1, share: Double = 1
  ) {
    stroke([start, end], color, thickness: thickness, share: share)
  }

  /// Draws a line through all points; where it meets itself it is not drawn twice.
  /// - Parameters:
  ///   - points: those that are no finite numbers break the line.
  ///   - dash: lengths in pixels of stroke and gap, in turn; empty for an unbroken line.
  public func stroke(
    _ points: [Point], _ color: Color, thickness: Double = 1, share: Double = 1, dash: [Double] = []
  ) {
    let pieces = points.split { !$0.isFinite }.map(Array.init)
    stroke(pieces: pieces, color, thickness: thickness, share: share, dash: dash)
  }

  /// Draws several lines of finite points as one figure.
  func stroke(
    pieces: [[Point]], _ color: Color, thickness: Double, share: Double = 1, dash: [Double] = []
  ) {
    trace(pieces)
    set(color, share)
    cairo_set_line_width(context, thickness)
    // Round ends would close the gaps of fine dashes.
    cairo_set_line_cap(context, dash.isEmpty ? CAIRO_LINE_CAP_ROUND : CAIRO_LINE_CAP_BUTT)
    cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    cairo_set_dash(context, dash, Int32(dash.count), 0)
    cairo_stroke(context)
  }

  /// Draws what `body` draws within boxes alone.
  public func clip(to boxes: [Box], _ body: () -> Void) {
    cairo_save(context)
    trace(boxes)
    cairo_clip(context)
    body()
    cairo_restore(context)
  }

  /// Writes text.
  /// - Parameters:
  ///   - point: left end, middle or right end (by `alignment`) of the text, and its top or the middle of its capitals
  ///     (by `anchor`).
  ///   - width: most pixels along the line; nothing is written where there is no room for a letter.
  ///   - lines: most lines that a text may take which is longer than `width`; the rest becomes an ellipsis.
  ///   - isUpward: turns the text about its point, so that it is read from bottom to top.
  public func text(
    _ text: String, at point: Point, _ style: TextStyle, alignment: TextAlignment = .left,
    anchor: TextAnchor = .top, width: Double? = nil, lines: Int = 1, ellipsis: Ellipsis = .atEnd,
    isUpward: Bool = false
  ) {
    guard !text.isEmpty, point.isFinite, width ?? .infinity >= style.size else { return }
    cairo_save(context)
    let corner = clamped(Point(point.x.rounded(), point.y.rounded()))
    cairo_translate(context, corner.x, corner.y)
    if isUpward { cairo_rotate(context, -Double.pi / 2) }
    set(style.color, 1)
    typesetter.withLayout(text, style, width: width, lines: lines, ellipsis: ellipsis) { layout in
      pango_cairo_update_layout(context, layout)
      let taken = Double(Typesetter.extents(layout).width)
      let left: Double =
        switch alignment {
        case .left: 0
        case .center: -(taken / 2).rounded()
        case .right: -taken
        }
      let baseline = Double(pango_layout_get_baseline(layout)) / Double(PANGO_SCALE)
      let top = anchor == .top ? 0 : (Typesetter.capitals * style.size / 2 - baseline).rounded()
      cairo_move_to(context, left, top)
      pango_cairo_show_layout(context, layout)
    }
    cairo_restore(context)
  }

  func set(_ color: Color, _ share: Double) {
    cairo_set_source_rgba(
      context, Double(color.red) / 255, Double(color.green) / 255, Double(color.blue) / 255, share)
  }

  /// Adds boxes to the path.
  func trace(_ boxes: [Box]) {
    for box in boxes where box.isDrawable {
      let (low, high) = (clamped(Point(box.x, box.y)), clamped(Point(box.right, box.bottom)))
      cairo_rectangle(context, low.x, low.y, high.x - low.x, high.y - low.y)
    }
  }

  /// Adds lines to the path.
  func trace(_ pieces: [[Point]]) {
    for piece in pieces {
      for (index, point) in piece.enumerated() {
        let point = clamped(point)
        if index == 0 { cairo_move_to(context, point.x, point.y) }
        if index > 0 || piece.count == 1 { cairo_line_to(context, point.x, point.y) }
      }
    }
  }

  private func clamped(_ point: Point) -> Point {
    Point(min(max(point.x, -Self.reach), Self.reach), min(max(point.y, -Self.reach), Self.reach))
  }
}
