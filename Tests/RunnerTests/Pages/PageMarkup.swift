import Foundation
import FoundationXML
import Testing

/// A page taken apart by a reader of XML, which forgives nothing.
final class PageMarkup: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    /// Of the elements around it, the outermost first.
    let path: [String]
    var text = ""
  }

  private(set) var elements: [Element] = []
  private var open: [Int] = []

  init(_ page: String) throws {
    super.init()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = self
    guard parser.parse() else {
      throw Malformed(
        description:
          "line \(parser.lineNumber), column \(parser.columnNumber): \(String(describing: parser.parserError))"
      )
    }
  }

  struct Malformed: Error, CustomStringConvertible { let description: String }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements.append(Element(name: name, attributes: attributes, path: open.map { elements[$0].name }))
    open.append(elements.count - 1)
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?)
  {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    for index in open { elements[index].text += text }
  }

  func named(_ name: String) -> [Element] { elements.filter { $0.name == name } }
  func with(_ style: String) -> [Element] {
    elements.filter { $0.attributes["class"]?.split(separator: " ").contains(Substring(style)) == true }
  }

  /// What every page keeps to, for readers of every kind.
  func check(_ sourceLocation: SourceLocation = #_sourceLocation) {
    func expect(_ holds: Bool, _ words: String) {
      if !holds { Issue.record("\(words)", sourceLocation: sourceLocation) }
    }
    expect(named("html").first?.attributes["lang"] == "en", "the page has no language")
    expect(named("h1").count == 1, "\(named("h1").count) first headings")
    var level = 0
    for heading in elements where ["h1", "h2", "h3", "h4"].contains(heading.name) {
      let own = Int(heading.name.dropFirst())!
      expect(own <= level + 1, "<\(heading.name)> \(heading.text) follows level \(level)")
      level = own
    }
    let names = elements.compactMap { $0.attributes["id"] }
    expect(Set(names).count == names.count, "names that stand twice: \(names.sorted())")
    for element in elements {
      for name in ["aria-labelledby", "aria-describedby"] {
        for part in element.attributes[name]?.split(separator: " ") ?? [] {
          expect(names.contains(String(part)), "<\(element.name)> \(name) \(part) is nowhere")
        }
      }
      for (key, value) in element.attributes {
        expect(!key.hasPrefix("on"), "<\(element.name) \(key)> is a script")
        guard ["href", "src", "data", "action", "poster", "srcset"].contains(key) else { continue }
        let isWithin = value.hasPrefix("data:image/png;base64,") || names.contains(String(value.dropFirst()))
        let isBeside = key == "href" && !value.contains(":") && !value.hasPrefix("/")
        expect(isWithin || isBeside, "<\(element.name) \(key)> leads out: \(value.prefix(80))")
      }
    }
    for image in named("img") {
      expect(image.attributes["alt"]?.isEmpty == false, "a picture without words: \(image.path)")
    }
    for head in named("th") { expect(head.attributes["scope"] != nil, "a head without scope: \(head.text)") }
    for drawing in named("svg") {
      let isNamed = drawing.attributes["role"] == "img" && drawing.attributes["aria-labelledby"] != nil
      expect(isNamed || drawing.attributes["aria-hidden"] == "true", "a drawing without a name")
    }
    let tables = named("table").count
    expect(named("caption").count == tables, "\(tables) tables with \(named("caption").count) captions")
  }
}
