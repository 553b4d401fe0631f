import CoreTensor
import Imaging
import WorldModel

/// A picture of one batch: what the model saw and what it had to predict, one row for each sample.
///
/// Columns: the radiograph with both crops framed; each target view; each context with its appearance, unseen patches
/// darkened and patches to predict tinted; and for each prediction whose patches are elsewhere than in the context's
/// own grid, where the predictor is told that they lie on the context and around it.
public struct BatchSheet: Figure, Sendable {
  /// One crop of a radiograph.
  public struct View: Sendable {
    public var frame: Frame
    /// What must be predicted from, unmasked.
    public var target: GrayImage
    /// What the context encoder is given before patches are dropped.
    public var context: GrayImage
    /// Patches that enter the encoder, and patches that are to be predicted.
    public var visible: [Int]
    public var hidden: [Int]
    /// A line below the context: `"a = 0.83 1.21 1.00 0.0"`.
    public var caption: String

    public init(
      frame: Frame, target: GrayImage, context: GrayImage, visible: [Int], hidden: [Int], caption: String = ""
    ) {
      self.frame = frame
      self.target = target
      self.context = context
      self.visible = visible
      self.hidden = hidden
      self.caption = caption
    }
  }

  /// A prediction, and where the predictor is told that the target's patches lie.
  public struct Supervision: Sendable {
    /// Which of the sample's views, from 0.
    public var context: Int
    public var target: Int
    /// Place of each target patch on the context's grid (φ), in raster order of the target: `gridSize²` places. Those
    /// of the context's own view are joined with the places that they come from.
    public var places: [GridPlace]
    /// Target patches where the error is taken; nil for all.
    public var predicted: [Int]?
    /// A line below the panel: `"Δ = 0.21 -0.40"`.
    public var caption: String

    public init(
      context: Int, target: Int, places: [GridPlace], predicted: [Int]? = nil, caption: String = ""
    ) {
      self.context = context
      self.target = target
      self.places = places
      self.predicted = predicted
      self.caption = caption
    }
  }

  /// One radiograph's row.
  public struct Sample: Sendable {
    public var name: String
    public var radiograph: GrayImage
    /// One or two.
    public var views: [View]
    public var supervisions: [Supervision]

    public init(name: String, radiograph: GrayImage, views: [View], supervisions: [Supervision] = []) {
      self.name = name
      self.radiograph = radiograph
      self.views = views
      self.supervisions = supervisions
    }
  }

  /// Rows that are drawn at most; further samples are left out.
  public static let mostRows = 6

  public var title: String
  /// Patches along a side.
  public var gridSize: Int
  public var samples: [Sample]
  /// Side of each picture, in pixels, at least 64.
  public var cellSize: Int

  public init(title: String, gridSize: Int, samples: [Sample], cellSize: Int = 172) {
    self.title = title
    self.gridSize = gridSize
    self.samples = samples
    self.cellSize = cellSize
  }

  public var background: Color { Self.dark }
  static let dark = Color(22, 25, 30)
  static let ink = Color(236, 239, 244)
  static let quiet = Color(164, 172, 184)
  /// Frames of the views: blue and orange.
  static let viewColors = [Color(92, 176, 255), Color(255, 168, 64)]
  /// Patches to predict.
  static let hiddenColor = Color(255, 74, 150)

  private static let margin = 20.0
  private static let gutter = 14.0
  private static let headerHeight = 80.0
  /// Two lines of words and the gap to the next row.
  private static let captionHeight = 46.0
  private static let captionStyle = TextStyle(11, quiet)

  /// What a column shows.
  enum Column: Equatable {
    case radiograph
    case target(Int)
    case context(Int)
    case supervision(Int)
  }

  /// Columns that some sample needs.
  var columns: [Column] {
    let rows = samples.prefix(Self.mostRows)
    let views = rows.map(\.views.count).max() ?? 0
    let supervisions = rows.map(\.supervisions.count).max() ?? 0
    return [.radiograph] + (0..<views).map(Column.target) + (0..<views).map(Column.context)
      + (0..<supervisions).map(Column.supervision)
  }

  /// Where a column's picture lies in a row.
  func cell(row: Int, column: Int) -> Box {
    let side = Double(cellSize)
    return Box(
      x: Self.margin + Double(column) * (side + Self.gutter),
      y: Self.headerHeight + Double(row) * (side + Self.captionHeight), width: side, height: side)
  }

  /// Where the rows end.
  private var bodyHeight: Double { cell(row: min(samples.count, Self.mostRows), column: 0).y }

  public func size(_ typesetter: Typesetter) -> Size {
    let width = max(cell(row: 0, column: columns.count - 1).right + Self.margin, 560)
    return Size(Int(width), Int(bodyHeight + legendHeight(width: width, typesetter)))
  }

  public func draw(on canvas: Canvas) {
    require(cellSize >= 64, "BatchSheet: cells of \(cellSize) pixels are too small, 64 is the least")
    require(gridSize > 0, "BatchSheet: a grid of \(gridSize) patches a side")
    let width = Double(canvas.size.width)
    canvas.text(
      title, at: Point(Self.margin, 15), TextStyle(17, Self.ink, isBold: true), width: width - 2 * Self.margin
    )
    for (index, column) in columns.enumerated() {
      drawHeader(column, in: cell(row: 0, column: index), on: canvas)
    }
    for (row, sample) in samples.prefix(Self.mostRows).enumerated() {
      for (index, column) in columns.enumerated() {
        drawCell(column, of: sample, in: cell(row: row, column: index), on: canvas)
      }
    }
    drawLegend(at: bodyHeight + 8, width: width, on: canvas)
  }

  private func drawHeader(_ column: Column, in box: Box, on canvas: Canvas) {
    let (text, color): (String, Color) =
      switch column {
      case .radiograph: ("image", Self.ink)
      case .target(let view): ("target \(view + 1)", Self.color(ofView: view))
      case .context(let view): ("context \(view + 1)", Self.color(ofView: view))
      case .supervision(let index): (supervisionTitle(index), Self.ink)
      }
    canvas.text(text, at: Point(box.x, box.y - 22), TextStyle(13, color, isBold: true), width: box.width + 10)
  }

  private func supervisionTitle(_ index: Int) -> String {
    let titles = Set(samples.compactMap { $0.supervisions.dropFirst(index).first.map(Self.title) })
    return titles.count == 1 ? titles.first! : "predictions"
  }

  private static func title(_ supervision: Supervision) -> String {
    "context \(supervision.context + 1) → target \(supervision.target + 1)"
  }

  static func color(ofView view: Int) -> Color { viewColors[view % viewColors.count] }

  private func drawCell(_ column: Column, of sample: Sample, in box: Box, on canvas: Canvas) {
    switch column {
    case .radiograph:
      drawRadiograph(sample, in: box, on: canvas)
      caption(sample.name, below: box, ellipsis: .atStart, on: canvas)
    case .target(let index):
      guard let view = sample.views.dropFirst(index).first else { return }
      canvas.draw(view.target, in: box)
      canvas.outline(patches: view.hidden, of: box, gridSize: gridSize, Self.hiddenColor)
      canvas.frame(box, Self.color(ofView: index), thickness: 2)
      caption(Self.sentence(view.frame), below: box, on: canvas)
    case .context(let index):
      guard let view = sample.views.dropFirst(index).first else { return }
      drawContext(view, index, in: box, on: canvas)
      caption(view.caption, below: box, on: canvas)
    case .supervision(let index):
      guard let supervision = sample.supervisions.dropFirst(index).first else { return }
      drawSupervision(supervision, of: sample, in: box, on: canvas)
      let isNamed = supervisionTitle(index) == Self.title(supervision)
      let pair = isNamed ? "" : "\(supervision.context + 1) → \(supervision.target + 1): "
      caption(pair + supervision.caption, below: box, on: canvas)
    }
  }

  private func caption(_ text: String, below box: Box, ellipsis: Ellipsis = .atEnd, on canvas: Canvas) {
    canvas.text(
      text, at: Point(box.x, box.bottom + 5), Self.captionStyle, width: box.width, lines: 2,
      ellipsis: ellipsis)
  }

  private static func sentence(_ frame: Frame) -> String {
    "\(frame.width)×\(frame.height) of \(frame.imageWidth)×\(frame.imageHeight)"
      + (frame.mirrored ? ", mirrored" : "")
  }
}
