internal import CCairo
import CoreTensor

/// How a line of text looks.
public struct TextStyle: Sendable, Equatable {
  /// Size of the font in pixels (its em); capital letters are about 0.73 of it high.
  public var size: Double
  public var color: Color
  public var isBold: Bool

  public init(_ size: Double, _ color: Color = .black, isBold: Bool = false) {
    self.size = size
    self.color = color
    self.isBold = isBold
  }
}

/// The part of a text that is left out where it does not fit.
public enum Ellipsis: Sendable {
  case atEnd
  /// Suits paths, whose ends tell them apart.
  case atStart
}

/// Measures and lays out text, by pango.
///
/// All layouts use the same font, hinting and rounding whatever the surface and the user's settings, so that the same
/// text has the same place in a PNG as in an SVG, and the same pixels on one machine.
public final class Typesetter {
  /// The font that is asked for; another takes its place where it is not installed or lacks a letter.
  public static let family = "DejaVu Sans"
  /// Height of its capital letters, as a share of the font's size.
  static let capitals = 0.73
  /// Longer texts are cut before they are laid out: no picture has room for so many characters.
  static let mostCharacters = 600

  let context: OpaquePointer
  /// The family of the font that writes Latin letters.
  public let foundFamily: String

  /// - Throws: `FigureError.noFont` where the system has no font, or none with Latin letters.
  public init() throws {
    Self.watchMemory
    // The map belongs to the thread and stays with it, so that fonts are looked up once.
    let map = pango_cairo_font_map_get_default()!
    guard Self.hasFonts(map) else { throw FigureError.noFont(found: "none at all") }
    context = pango_font_map_create_context(map)!
    pango_context_set_language(context, pango_language_from_string("en"))
    pango_context_set_base_dir(context, PANGO_DIRECTION_LTR)
    let options = Self.fontOptions()
    pango_cairo_context_set_font_options(context, options)
    cairo_font_options_destroy(options)
    let description = Self.description(TextStyle(12))
    defer { pango_font_description_free(description) }
    foundFamily = Self.family(of: description, context)
    let unknown = withLayout("Ag09", TextStyle(12)) { Self.unknownGlyphs($0) }
    guard unknown == 0 else { throw FigureError.noFont(found: "only \(foundFamily), which lacks them") }
  }

  deinit { g_object_unref(UnsafeMutableRawPointer(context)) }

  /// Ends the process with a sentence, as the core does, where the libraries below pango get no memory; they would
  /// abort.
  private static let watchMemory: Void = {
    let fatal = GLogLevelFlags(G_LOG_LEVEL_ERROR.rawValue | G_LOG_FLAG_FATAL.rawValue)
    let handler: GLogFunc = { library, level, message, _ in
      let text = message.map { String(cString: $0) } ?? ""
      if text.contains("creating thread") || text.contains("failed to allocate") {
        failForWantOfMemory(bytes: 8 << 20, for: "the fonts of a picture")
      }
      g_log_default_handler(library, level, message, nil)
    }
    _ = g_log_set_handler("GLib", fatal, handler, nil)
  }()

  /// Pixels that a text takes across in one line.
  public func width(of text: String, _ style: TextStyle) -> Double {
    withLayout(text, style) { Double(Self.extents($0).width) }
  }

  /// Lays out a text.
  /// - Parameters:
  ///   - width: most pixels across; nil for one line as long as it takes.
  ///   - lines: most lines; what does not fit is replaced by an ellipsis.
  func withLayout<Result>(
    _ text: String, _ style: TextStyle, width: Double? = nil, lines: Int = 1, ellipsis: Ellipsis = .atEnd,
    _ body: (OpaquePointer) -> Result
  ) -> Result {
    let layout = pango_layout_new(context)!
    defer { g_object_unref(UnsafeMutableRawPointer(layout)) }
    let description = Self.description(style)
    defer { pango_font_description_free(description) }
    pango_layout_set_font_description(layout, description)
    pango_layout_set_single_paragraph_mode(layout, 1)
    // A text that begins in Hebrew or Arabic still begins at the left of its place.
    pango_layout_set_auto_dir(layout, 0)
    let shown = Self.shown(text, ellipsis)
    pango_layout_set_text(layout, shown, Int32(shown.utf8.count))
    if let width {
      pango_layout_set_width(layout, Int32(max(0, min(width, 32_000)) * Double(PANGO_SCALE)))
      pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR)
      pango_layout_set_height(layout, -Int32(lines))
      let mode: PangoEllipsizeMode =
        switch ellipsis {
        case .atEnd: PANGO_ELLIPSIZE_END
        case .atStart: PANGO_ELLIPSIZE_START
        }
      pango_layout_set_ellipsize(layout, mode)
    }
    return body(layout)
  }

  /// Size of a layout in pixels.
  static func extents(_ layout: OpaquePointer) -> (width: Int, height: Int) {
    var (width, height) = (Int32(0), Int32(0))
    pango_layout_get_pixel_size(layout, &width, &height)
    return (Int(width), Int(height))
  }

  /// Characters of a layout that no font has.
  static func unknownGlyphs(_ layout: OpaquePointer) -> Int {
    Int(pango_layout_get_unknown_glyphs_count(layout))
  }

  /// Lines that a layout has.
  static func lineCount(_ layout: OpaquePointer) -> Int { Int(pango_layout_get_line_count(layout)) }

  /// The text without what would break its line or turn what follows, and not longer than anybody could read.
  static func shown(_ text: String, _ ellipsis: Ellipsis) -> String {
    var text = text
    // Counting all characters of a very long text would take longer than drawing it.
    if text.index(text.startIndex, offsetBy: mostCharacters, limitedBy: text.endIndex) ?? text.endIndex
      < text.endIndex
    {
      switch ellipsis {
      case .atEnd: text = text.prefix(mostCharacters) + "…"
      case .atStart: text = "…" + text.suffix(mostCharacters)
      }
    }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(4 * mostCharacters) {
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: scalars.append("\u{FFFD}")
      // Marks of direction would turn the rest of the line around.
      case .format where scalar != "\u{200D}": continue
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  private static func description(_ style: TextStyle) -> OpaquePointer {
    let description = pango_font_description_new()!
    pango_font_description_set_family(description, family + ", sans-serif")
    pango_font_description_set_absolute_size(description, style.size * Double(PANGO_SCALE))
    pango_font_description_set_weight(description, style.isBold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL)
    return description
  }

  static func fontOptions() -> OpaquePointer {
    let options = cairo_font_options_create()!
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY)
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT)
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON)
    return options
  }

  /// Whether there is any font; pango names four families even where there is none.
  private static func hasFonts(_ map: UnsafeMutablePointer<PangoFontMap>) -> Bool {
    var families: UnsafeMutablePointer<UnsafeMutablePointer<PangoFontFamily>?>?
    var count: Int32 = 0
    pango_font_map_list_families(map, &families, &count)
    defer { g_free(families) }
    let aliases: Set = ["sans", "serif", "monospace", "system-ui"]
    return (0..<Int(count)).contains { index in
      guard let name = pango_font_family_get_name(families![index]) else { return false }
      return !aliases.contains(String(cString: name).lowercased())
    }
  }

  private static func family(of description: OpaquePointer, _ context: OpaquePointer) -> String {
    guard let font = pango_context_load_font(context, description) else { return "none" }
    defer { g_object_unref(font) }
    let found = pango_font_describe(font)!
    defer { pango_font_description_free(found) }
    return pango_font_description_get_family(found).map { String(cString: $0) } ?? "a font without a name"
  }
}
