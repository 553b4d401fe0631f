import Imaging
import WorldModel

extension BatchSheet {
  /// The radiograph as large as fits, with the crops' frames.
  func drawRadiograph(_ sample: Sample, in box: Box, on canvas: Canvas) {
    let place = Self.fitted(width: sample.radiograph.width, height: sample.radiograph.height, in: box)
    canvas.fill(box, Self.dark.mixed(with: .white, 0.05))
    canvas.draw(sample.radiograph, in: place)
    for (index, view) in sample.views.enumerated() {
      let frame = view.frame
      let (across, down) = (place.width / Double(frame.imageWidth), place.height / Double(frame.imageHeight))
      let outline = Box(
        x: place.x + Double(frame.column) * across, y: place.y + Double(frame.row) * down,
        width: Double(frame.width) * across, height: Double(frame.height) * down)
      canvas.frame(outline, Self.color(ofView: index), thickness: 2)
      let badge = Box(
        x: index == 0 ? outline.x : outline.right - 14, y: index == 0 ? outline.y : outline.bottom - 15,
        width: 14, height: 15)
      canvas.fill(badge, Self.color(ofView: index))
      canvas.text(
        "\(index + 1)", at: badge.middle, TextStyle(12, .black, isBold: true), alignment: .center,
        anchor: .middle)
    }
  }

  /// What the encoder sees bright, what it does not dark, what must be predicted tinted and outlined.
  func drawContext(_ view: View, _ index: Int, in box: Box, on canvas: Canvas) {
    canvas.draw(view.context, in: box)
    let visible = Set(view.visible)
    let unseen = box.cells((0..<gridSize * gridSize).filter { !visible.contains($0) }, gridSize: gridSize)
    canvas.fill(unseen, .black, share: 0.72)
    canvas.hatch(unseen, Self.quiet, spacing: 6, share: 0.35)
    canvas.fill(box.cells(view.hidden, gridSize: gridSize), Self.hiddenColor, share: 0.28)
    canvas.outline(patches: view.hidden, of: box, gridSize: gridSize, Self.hiddenColor, thickness: 1.5)
    canvas.frame(box, Self.color(ofView: index), thickness: 2)
  }

  /// The context in its own orientation, for another view the radiograph around it faint, and the grid of target
  /// patches where the mask tokens stand.
  func drawSupervision(_ supervision: Supervision, of sample: Sample, in box: Box, on canvas: Canvas) {
    canvas.fill(box, Self.dark.mixed(with: .white, 0.05))
    guard let view = sample.views.dropFirst(supervision.context).first, !supervision.places.isEmpty else {
      return
    }
    let grid = Double(gridSize)
    let isOwn = supervision.context == supervision.target
    let radiograph =
      isOwn ? Box(x: 0, y: 0, width: grid, height: grid) : Self.radiographOnGrid(view.frame, gridSize: grid)
    let places = supervision.places
    let low = Point(min(0, places.map(\.column).min() ?? 0), min(0, places.map(\.row).min() ?? 0))
    let high = Point(
      max(grid, (places.map(\.column).max() ?? 0) + 1), max(grid, (places.map(\.row).max() ?? 0) + 1))
    // Never so wide that the whole radiograph would not show why: the radiograph's own extent always fits, or the own
    // view's.
    let world = Box(
      x: min(low.x, radiograph.x), y: min(low.y, radiograph.y),
      width: max(high.x, radiograph.right) - min(low.x, radiograph.x),
      height: max(high.y, radiograph.bottom) - min(low.y, radiograph.y))
    // Beside the radiograph the context keeps the radiograph's proportions; alone it is square, as elsewhere on the
    // sheet.
    let aspect = isOwn ? 1 : Double(view.frame.width) / Double(view.frame.height)
    let scale = min((box.width - 4) / (world.width * aspect), (box.height - 4) / world.height)
    let left = box.x + (box.width - world.width * aspect * scale) / 2
    let top = box.y + (box.height - world.height * scale) / 2
    func onCanvas(_ area: Box) -> Box {
      Box(
        x: left + (area.x - world.x) * aspect * scale, y: top + (area.y - world.y) * scale,
        width: area.width * aspect * scale, height: area.height * scale)
    }
    if !isOwn {
      canvas.draw(sample.radiograph, in: onCanvas(radiograph), dimming: 0.42, mirrored: view.frame.mirrored)
    }
    let context = onCanvas(Box(x: 0, y: 0, width: grid, height: grid))
    canvas.draw(view.context, in: context, dimming: 0.9)
    canvas.frame(context, Self.color(ofView: supervision.context), thickness: 2)
    drawPlaces(supervision, onCanvas, on: canvas)
  }

  private func drawPlaces(_ supervision: Supervision, _ onCanvas: (Box) -> Box, on canvas: Canvas) {
    let color = Self.color(ofView: supervision.target)
    let side = supervision.extent(gridSize: gridSize)
    func cell(_ place: GridPlace) -> Box {
      // Places are of middles of patches, whatever the patches' size.
      onCanvas(
        Box(
          x: place.column + (1 - side.width) / 2, y: place.row + (1 - side.height) / 2, width: side.width,
          height: side.height))
    }
    func middle(_ place: GridPlace) -> Point { cell(place).middle }
    let patches = (supervision.predicted ?? Array(supervision.places.indices)).filter(
      supervision.places.indices.contains)
    if supervision.context != supervision.target || supervision.predicted != nil {
      canvas.fill(patches.map { cell(supervision.places[$0]) }, Self.hiddenColor, share: 0.14)
    }
    for patch in patches {
      let place = supervision.places[patch]
      if supervision.context == supervision.target {
        let home = GridPlace(row: Double(patch / gridSize), column: Double(patch % gridSize))
        Self.drawMove(from: middle(home), to: middle(place), color, on: canvas)
      }
      canvas.line(
        from: middle(place), to: middle(place), color, thickness: max(1, min(2.4, cell(place).width / 3)))
    }
    let columns = supervision.places.map(\.column)
    let rows = supervision.places.map(\.row)
    guard let left = columns.min(), let right = columns.max(), let top = rows.min(), let bottom = rows.max()
    else { return }
    let (first, last) = (
      cell(GridPlace(row: top, column: left)), cell(GridPlace(row: bottom, column: right))
    )
    canvas.frame(
      Box(x: first.x, y: first.y, width: last.right - first.x, height: last.bottom - first.y), color,
      thickness: 2)
    // Patch 0 tells how the target is turned: at the left, or at the right where it is mirrored.
    let mark = cell(supervision.places[0])
    canvas.fill(mark.inset(min(0, (mark.width - 6) / 2)), Self.ink)
  }

  /// A line from a patch's place in the target to where it went, the last third of it thick, so that its direction
  /// shows.
  static func drawMove(from home: Point, to place: Point, _ color: Color, on canvas: Canvas) {
    guard home != place else { return }
    let tip = Point(home.x + (place.x - home.x) * 0.67, home.y + (place.y - home.y) * 0.67)
    canvas.line(from: home, to: place, .black, thickness: 3, share: 0.5)
    canvas.line(from: home, to: tip, ink, thickness: 1)
    canvas.line(from: tip, to: place, color, thickness: 2.6)
  }

  /// Where the whole radiograph lies on the grid of a context, mirrored with it.
  static func radiographOnGrid(_ frame: Frame, gridSize: Double) -> Box {
    let across = gridSize / Double(frame.width)
    let down = gridSize / Double(frame.height)
    let width = Double(frame.imageWidth) * across
    let left = -Double(frame.column) * across
    return Box(
      x: frame.mirrored ? gridSize - left - width : left, y: -Double(frame.row) * down, width: width,
      height: Double(frame.imageHeight) * down)
  }

  /// The largest box of a picture's proportions within another, centred.
  static func fitted(width: Int, height: Int, in box: Box) -> Box {
    let scale = min(box.width / Double(width), box.height / Double(height))
    let (w, h) = ((Double(width) * scale).rounded(), (Double(height) * scale).rounded())
    return Box(
      x: box.x + ((box.width - w) / 2).rounded(), y: box.y + ((box.height - h) / 2).rounded(), width: w,
      height: h)
  }
}

extension BatchSheet.Supervision {
  /// Height and width of a target patch in patches of the context, told by the extent of the middles of all patches; 1
  /// for the context's own view, whose patches are moved one by one.
  func extent(gridSize: Int) -> (height: Double, width: Double) {
    guard context != target, gridSize > 1, places.count > 1 else { return (1, 1) }
    func step(_ values: [Double]) -> Double {
      ((values.max() ?? 0) - (values.min() ?? 0)) / Double(gridSize - 1)
    }
    return (step(places.map(\.row)), step(places.map(\.column)))
  }
}
