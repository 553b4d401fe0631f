internal import CCairo
import CoreTensor
import Imaging
import Runs

/// A picture that draws itself on a canvas of any kind.
public protocol Figure {
  /// The colour of what nothing is drawn on.
  var background: Color { get }
  /// The whole figure, in pixels, at most 32,767 a side; it may depend on how much room texts take.
  func size(_ typesetter: Typesetter) -> Size
  func draw(on canvas: Canvas)
}

/// The forms in which a figure is written.
public enum FigureFormat: String, CaseIterable, Sendable {
  /// Pixels.
  case png
  /// Lines and outlines, sharp at any size.
  case svg

  /// The format that a file's name ends in; nil for any other ending.
  public init?(path: String) {
    guard let format = Self.allCases.first(where: { path.lowercased().hasSuffix("." + $0.rawValue) })
    else { return nil }
    self = format
  }
}

extension Figure {
  /// Writes the figure, as PNG or SVG by the ending of the file's name, in place of an older file.
  /// - Throws: `FigureError`, and `StorageError.system` where the file cannot be written; an older file is then as it
  ///   was.
  /// - Precondition: the name ends in `.png` or `.svg`.
  public func write(to path: String) throws {
    guard let format = FigureFormat(path: path) else {
      fail("Figure.write: expected a name that ends in .png or .svg, found \(path)")
    }
    do {
      let bytes = try encoded(as: format)
      try DurableFile.write(to: path) { sink in try bytes.withUnsafeBytes { try sink.write($0) } }
    } catch let error as FigureError { throw error.naming(path) }
  }

  /// The bytes of the figure's file: the same for the same figure on one machine, but for the names that cairo gives
  /// the parts of an SVG.
  /// - Throws: `FigureError`.
  public func encoded(as format: FigureFormat) throws -> [UInt8] {
    let bytes = ByteSink()
    let closure = Unmanaged.passUnretained(bytes).toOpaque()
    switch format {
    case .png:
      try drawn(imageScale: 1, on: { cairo_image_surface_create(CAIRO_FORMAT_RGB24, $0.0, $0.1) }) {
        try check(cairo_surface_write_to_png_stream($0, ByteSink.append, closure))
      }
    case .svg:
      try drawn(
        imageScale: 2,
        on: {
          let surface = cairo_svg_surface_create_for_stream(
            ByteSink.append, closure, Double($0.0), Double($0.1))
          cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX)
          return surface
        }
      ) { surface in
        cairo_surface_finish(surface)
        try check(cairo_surface_status(surface))
      }
    }
    return withExtendedLifetime(bytes) { bytes.bytes }
  }

  /// The figure's pixels.
  /// - Throws: `FigureError`.
  public func pixels() throws -> ColorImage {
    try drawn(imageScale: 1, on: { cairo_image_surface_create(CAIRO_FORMAT_RGB24, $0.0, $0.1) }) { surface in
      cairo_surface_flush(surface)
      let (width, height) = (
        Int(cairo_image_surface_get_width(surface)), Int(cairo_image_surface_get_height(surface))
      )
      let stride = Int(cairo_image_surface_get_stride(surface))
      guard let bytes = cairo_image_surface_get_data(surface) else {
        throw FigureError.drawing(reason: "the surface holds no pixels", file: nil)
      }
      var rgb: [UInt8] = []
      rgb.reserveCapacity(3 * width * height)
      for row in 0..<height {
        let line = UnsafeRawPointer(bytes + row * stride).assumingMemoryBound(to: UInt32.self)
        for column in 0..<width {
          let pixel = line[column]
          rgb += [UInt8(pixel >> 16 & 255), UInt8(pixel >> 8 & 255), UInt8(pixel & 255)]
        }
      }
      return ColorImage(width: width, height: height, rgb: rgb)
    }
  }

  /// Draws on a new surface and hands that to `body`.
  private func drawn<Result>(
    imageScale: Double, on surface: ((Int32, Int32)) -> OpaquePointer?,
    _ body: (OpaquePointer) throws -> Result
  ) throws -> Result {
    let typesetter = try Typesetter()
    let size = size(typesetter)
    let sides = 1...Canvas.longestSide
    guard sides.contains(size.width), sides.contains(size.height),
      let surface = surface((Int32(size.width), Int32(size.height)))
    else { throw FigureError.size(size, file: nil) }
    defer { cairo_surface_destroy(surface) }
    let canvas = Canvas(surface, size: size, imageScale: imageScale, typesetter)
    canvas.fill(
      Box(x: 0, y: 0, width: Double(size.width), height: Double(size.height)), background)
    draw(on: canvas)
    try check(cairo_status(canvas.context))
    try check(cairo_surface_status(surface))
    return try body(surface)
  }

  private func check(_ status: cairo_status_t) throws {
    guard status != CAIRO_STATUS_SUCCESS else { return }
    let reason = cairo_status_to_string(status).map { String(cString: $0) } ?? "status \(status.rawValue)"
    throw FigureError.drawing(reason: reason, file: nil)
  }
}

/// Collects the bytes that cairo writes.
private final class ByteSink {
  var bytes: [UInt8] = []

  static let append: cairo_write_func_t = { closure, data, length in
    guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
    Unmanaged<ByteSink>.fromOpaque(closure).takeUnretainedValue().bytes += UnsafeBufferPointer(
      start: data, count: Int(length))
    return CAIRO_STATUS_SUCCESS
  }
}
