import CoreTensor
import Foundation
import FoundationXML
import Imaging
import Radiographs
import TestSupport
import Testing
import WorldModel

@testable import Figures

/// A figure that a test draws by hand.
struct Sketch: Figure {
  let width: Int
  let height: Int
  let background: Color
  let body: (Canvas) -> Void

  init(_ width: Int, _ height: Int, background: Color = .white, _ body: @escaping (Canvas) -> Void) {
    (self.width, self.height, self.background, self.body) = (width, height, background, body)
  }

  func size(_ typesetter: Typesetter) -> Size { Size(width, height) }
  func draw(on canvas: Canvas) { body(canvas) }
}

/// Keeps the first element of an XML file.
private final class RootReader: NSObject, XMLParserDelegate {
  var name: String?
  var attributes: [String: String] = [:]

  func parser(
    _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
    attributes given: [String: String]
  ) {
    guard name == nil else { return }
    (name, attributes) = (element, given)
  }
}

/// Pictures that tests of reports draw.
enum ReportsSupport {
  /// Writes a picture to the folder that `CHEX_PICTURES` names, for people to look at; nothing where it is not set.
  static func show(_ figure: some Figure, _ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["CHEX_PICTURES"] else { return }
    for format in FigureFormat.allCases { try figure.write(to: "\(folder)/\(name).\(format.rawValue)") }
  }

  static func decoded(_ path: String) throws -> GrayImage { try RadiographDecoder().decode(path: path) }

  /// Reads an SVG as XML.
  /// - Returns: attributes of its root.
  @discardableResult static func expectWellFormed(_ svg: [UInt8]) throws -> [String: String] {
    let reader = RootReader()
    let parser = XMLParser(data: Data(svg))
    parser.delegate = reader
    #expect(parser.parse(), "\(String(describing: parser.parserError)), line \(parser.lineNumber)")
    #expect(reader.name == "svg")
    return reader.attributes
  }

  /// The radiographs beside the repository, where they are.
  static var realRadiographs: String? {
    let path = BuildFolder.shared + "/cxr/images"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// A picture whose grey rises to the right and is marked at the top left.
  static func syntheticRadiograph(width: Int = 320, height: Int = 280) -> GrayImage {
    var radiograph = GrayImage(width: width, height: height)
    for row in 0..<height {
      for column in 0..<width {
        let wave = 0.1 * Float(sin(Double(row) / 9) * sin(Double(column) / 13))
        radiograph[row, column] = 0.2 + 0.5 * Float(column) / Float(width) + wave
      }
    }
    for row in 0..<20 { for column in 0..<20 { radiograph[row, column] = 1 } }
    return radiograph
  }

  /// A sample as all three tasks make it.
  static func sample(of radiograph: GrayImage, name: String, index: Int, gridSize: Int = 14)
    -> BatchSheet.Sample
  {
    var random = RandomStream(seed: 5, stream: "sheet", index: index)
    let height = radiograph.height * 6 / 10
    let width = radiograph.width * 55 / 100
    let frames = (0..<2).map { view in
      Frame(
        row: random.integer(in: 0...(radiograph.height - height)),
        column: random.integer(in: 0...(radiograph.width - width)), height: height, width: width,
        mirrored: (index + view) % 3 == 1, imageHeight: radiograph.height, imageWidth: radiograph.width)
    }
    let views = frames.map { frame -> BatchSheet.View in
      var target = crop(radiograph, frame)
      if frame.mirrored { target.mirror() }
      let action = [0.7 + 0.6 * random.unit(), 0.7 + 0.6 * random.unit(), random.logUniform(in: 0.6...1.6)]
      let context = target.brightness(action[0]).contrast(action[1]).gamma(action[2])
      let (row, column) = (random.integer(in: 1...8), random.integer(in: 1...8))
      let hidden = (0..<gridSize * gridSize).filter {
        (row..<row + 5).contains($0 / gridSize) && (column..<column + 6).contains($0 % gridSize)
          || (row - 1..<row + 3).contains($0 / gridSize) && (column + 3..<column + 7).contains($0 % gridSize)
      }
      let visible = (0..<gridSize * gridSize).filter {
        !hidden.contains($0) && $0 % gridSize < gridSize - 1 && $0 / gridSize > 0
      }
      return BatchSheet.View(
        frame: frame, target: target, context: context, visible: visible, hidden: hidden,
        caption: "a = " + action.map { String(format: "%.2f", $0) }.joined(separator: " ") + " 0.00")
    }
    let supervisions = [(0, 1), (1, 0)].map { from, to in
      BatchSheet.Supervision(
        context: from, target: to, places: places(frames[from], frames[to], gridSize: gridSize),
        caption: "Δ = " + offset(frames[from], frames[to]))
    }
    return BatchSheet.Sample(name: name, radiograph: radiograph, views: views, supervisions: supervisions)
  }

  /// A target's patches on the context's grid, from the pixels that they cover.
  static func places(_ context: Frame, _ target: Frame, gridSize: Int) -> [GridPlace] {
    let n = Double(gridSize)
    return (0..<gridSize * gridSize).map { patch in
      let v = patch % gridSize
      let fromLeft = Double(target.mirrored ? gridSize - 1 - v : v)
      let column = (Double(target.column - context.column) / Double(context.width)) * n + fromLeft
      return GridPlace(
        row: Double(target.row - context.row) / Double(context.height) * n + Double(patch / gridSize),
        column: context.mirrored ? n - 1 - column : column)
    }
  }

  private static func offset(_ context: Frame, _ target: Frame) -> String {
    let down = Double(target.row - context.row) / Double(context.height)
    let across = Double(target.column - context.column) / Double(context.width)
    return String(format: "%.2f %.2f", down, across)
  }

  private static func crop(_ radiograph: GrayImage, _ frame: Frame) -> GrayImage {
    var pixels: [Float] = []
    for row in frame.row..<frame.row + frame.height {
      let start = row * radiograph.width + frame.column
      pixels += radiograph.pixels[start..<start + frame.width]
    }
    return GrayImage(width: frame.width, height: frame.height, pixels: pixels)
      .resized(to: (height: 224, width: 224))
  }
}
