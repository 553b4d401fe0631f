/// A piece of a page. Text becomes markup in one place, so that nothing is escaped twice or not at all; names of
/// elements and attributes are written in the source, so that no file can choose them. What it makes is well-formed
/// both as HTML and as XML.
///
/// A literal is text: `"5 < 6"`, `"Audit of \(name)"`.
package struct Html: Sendable, Equatable, ExpressibleByStringInterpolation {
  package let markup: String

  private init(markup: String) { self.markup = markup }

  /// Text of any origin.
  package init(_ text: String) { markup = Self.escaped(text) }
  package init(stringLiteral text: String) { self.init(text) }

  package static let empty = Html(markup: "")
  static let lineEnd = Html(markup: "\n")
  package var isEmpty: Bool { markup.isEmpty }

  /// Elements that hold nothing.
  private static let void: Set = ["br", "hr", "img", "meta", "col"]

  /// - Parameters:
  ///   - attributes: text; one that is nil is left out.
  ///   - content: none for an element that holds nothing.
  package static func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ content: Html...
  ) -> Html {
    element(name, attributes, content)
  }

  package static func element(
    _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:], _ content: [Html]
  ) -> Html {
    let list = attributes.map { key, value in value.map { " \(key)=\"\(escaped($0))\"" } ?? "" }.joined()
    guard !void.contains("\(name)") else { return Html(markup: "<\(name)\(list)/>") }
    return Html(markup: "<\(name)\(list)>\(content.joined().markup)</\(name)>")
  }

  /// A style sheet or script of our own: what must stand as it is. The marks around it keep `<` and `&` from readers
  /// of XML, and are comments to those of HTML.
  static func verbatim(_ name: StaticString, _ text: String) -> Html {
    Html(markup: "<\(name)>\(guarded(text))</\(name)>")
  }

  /// What `verbatim` puts between its tags, of which a policy names the checksum.
  static func guarded(_ text: String) -> String { "/*<![CDATA[*/\n\(text)/*]]>*/" }

  package static func + (first: Html, second: Html) -> Html { Html(markup: first.markup + second.markup) }

  fileprivate static func joined(_ parts: some Sequence<Html>, _ separator: Html) -> Html {
    Html(markup: parts.filter { !$0.isEmpty }.map(\.markup).joined(separator: separator.markup))
  }

  /// Text that can stand between tags and in attributes.
  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in clean(text).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// Text of a file or table without control characters, which could turn its direction or move a terminal's cursor;
  /// each is shown as U+FFFD.
  package static func clean(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { scalar in
          let properties = scalar.properties
          let isHidden = properties.generalCategory == .control || properties.generalCategory == .format
          return isHidden || properties.isNoncharacterCodePoint ? "\u{FFFD}" : scalar
        }))
  }

  package static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

extension Sequence where Element == Html {
  /// The pieces that are not empty, with `separator` between them.
  package func joined(_ separator: Html = "") -> Html { Html.joined(self, separator) }
}
