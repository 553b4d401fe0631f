internal import CCairo
import Imaging

extension Canvas {
  /// Draws a grey image, enlarged or reduced to a box.
  /// - Parameters:
  ///   - image: 0 is black and 1 is white; values beyond are clipped.
  ///   - box: where the image goes; its sides are rounded to whole pixels.
  ///   - dimming: 1 leaves the image as it is, 0 makes it black.
  ///   - mirrored: exchanges left and right.
  public func draw(_ image: GrayImage, in box: Box, dimming: Double = 1, mirrored: Bool = false) {
    guard let place = place(box, image.width, image.height) else { return }
    // Reduced here, where a pixel is the mean of all that it covers, and never larger in a file than it can be seen.
    let height = min(image.height, Int((place.height * imageScale).rounded(.up)))
    let width = min(image.width, Int((place.width * imageScale).rounded(.up)))
    let seen = (height, width) == (image.height, image.width) ? image : image.resized(to: (height, width))
    draw(width: width, height: height, in: place, mirrored: mirrored) {
      Color(grey: seen.pixels[$0] * Float(dimming))
    }
  }

  /// Draws a colour image, enlarged or reduced to a box whose sides are rounded to whole pixels.
  public func draw(_ image: ColorImage, in box: Box) {
    guard let place = place(box, image.width, image.height) else { return }
    draw(width: image.width, height: image.height, in: place, mirrored: false) {
      Color(image.rgb[3 * $0], image.rgb[3 * $0 + 1], image.rgb[3 * $0 + 2])
    }
  }

  /// Draws the outline of a set of patches of a grid that fills `box`: edges alone that part a patch of the set from
  /// one that is not.
  public func outline(
    patches: [Int], of box: Box, gridSize: Int, _ color: Color, thickness: Double = 1
  ) {
    let members = Set(patches)
    func holds(_ row: Int, _ column: Int) -> Bool {
      (0..<gridSize).contains(row) && (0..<gridSize).contains(column)
        && members.contains(row * gridSize + column)
    }
    var edges: [Box] = []
    for patch in members.sorted() {
      let (row, column) = (patch / gridSize, patch % gridSize)
      let cell = box.cell(patch, gridSize: gridSize)
      let (high, wide) = (cell.height, cell.width)
      if !holds(row - 1, column) { edges.append(Box(x: cell.x, y: cell.y, width: wide, height: thickness)) }
      if !holds(row + 1, column) {
        edges.append(Box(x: cell.x, y: cell.bottom - thickness, width: wide, height: thickness))
      }
      if !holds(row, column - 1) { edges.append(Box(x: cell.x, y: cell.y, width: thickness, height: high)) }
      if !holds(row, column + 1) {
        edges.append(Box(x: cell.right - thickness, y: cell.y, width: thickness, height: high))
      }
    }
    fill(edges, color)
  }

  /// The box on whole pixels; nil where nothing would be drawn.
  private func place(_ box: Box, _ width: Int, _ height: Int) -> Box? {
    guard box.isDrawable, width > 0, height > 0, box.right > 0, box.bottom > 0, box.x < Double(size.width),
      box.y < Double(size.height), max(box.width, box.height) < Double(Self.longestSide)
    else { return nil }
    let (left, top) = (box.x.rounded(), box.y.rounded())
    let place = Box(
      x: left, y: top, width: box.right.rounded() - left, height: box.bottom.rounded() - top)
    return place.isDrawable ? place : nil
  }

  private func draw(
    width: Int, height: Int, in place: Box, mirrored: Bool, _ color: (Int) -> Color
  ) {
    let image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(width), Int32(height))!
    defer { cairo_surface_destroy(image) }
    cairo_surface_flush(image)
    if let bytes = cairo_image_surface_get_data(image) {
      let stride = Int(cairo_image_surface_get_stride(image))
      for row in 0..<height {
        let line = UnsafeMutableRawPointer(bytes + row * stride).assumingMemoryBound(to: UInt32.self)
        for column in 0..<width {
          let color = color(row * width + column)
          line[column] = UInt32(color.red) << 16 | UInt32(color.green) << 8 | UInt32(color.blue)
        }
      }
      cairo_surface_mark_dirty(image)
    }
    cairo_save(context)
    // Of a surface that could not be made the status goes over to the context.
    cairo_translate(context, mirrored ? place.right : place.x, place.y)
    let across = place.width / Double(width)
    cairo_scale(context, mirrored ? -across : across, place.height / Double(height))
    cairo_set_source_surface(context, image, 0, 0)
    let pattern = cairo_get_source(context)
    cairo_pattern_set_filter(pattern, CAIRO_FILTER_GOOD)
    // Without it an enlarged image fades at its edges.
    cairo_pattern_set_extend(pattern, CAIRO_EXTEND_PAD)
    cairo_rectangle(context, 0, 0, Double(width), Double(height))
    cairo_fill(context)
    cairo_restore(context)
  }
}

extension ColorImage {
  public subscript(row: Int, column: Int) -> Color {
    let base = (row * width + column) * 3
    return Color(rgb[base], rgb[base + 1], rgb[base + 2])
  }
}
