/// A document that needs nothing beside it: its own style, pictures within, and a script of our own where it has charts.
package struct Page {
  /// A part with a heading, that its anchor leads to.
  package struct Section {
    let anchor: String
    let title: String
    let body: Html
    let isBad: Bool

    /// - Parameters:
    ///   - anchor: unique within the page; letters, digits and dashes.
    ///   - title: a heading; its first letter is made a capital.
    ///   - isBad: whether it tells of a failure.
    package init(_ anchor: String, _ title: String, _ body: Html, isBad: Bool = false) {
      (self.anchor, self.title, self.body, self.isBad) = (anchor, Html.capitalised(title), body, isBad)
    }

    var html: Html {
      .element(
        "section", ["id": anchor, "class": isBad ? "bad" : nil, "aria-labelledby": "\(anchor)-heading"],
        .element("h2", ["id": "\(anchor)-heading"], Html(title)), body)
    }
  }

  private let title: String
  private let lead: Html
  private let sections: [Section]
  private let footer: Html
  private let hasContents: Bool

  /// - Parameters:
  ///   - title: the page's name and heading.
  ///   - lead: what stands below the heading.
  ///   - footer: what ends the page.
  ///   - hasContents: whether a list of its sections leads to each.
  package init(
    _ title: String, lead: Html, sections: [Section], footer: Html = .empty, hasContents: Bool = false
  ) {
    (self.title, self.lead, self.sections) = (title, lead, sections)
    (self.footer, self.hasContents) = (footer, hasContents)
  }

  /// The file's text.
  package var text: String {
    let body = sections.map(\.html).joined()
    let hasCharts = body.markup.contains(PageChart.opening)
    let head = Html.element(
      "head", [:], .element("meta", ["charset": "utf-8"]),
      .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
      .element(
        "meta", ["http-equiv": "Content-Security-Policy", "content": Self.policy(runsScript: hasCharts)]),
      .element("title", [:], Html(title)), .verbatim("style", PageStyle.text))
    let main = Html.element(
      "main", ["id": "main"], .element("h1", [:], Html(title)), lead, contents, body,
      footer.isEmpty ? .empty : .element("footer", [:], footer))
    let skip = hasContents ? Html.element("a", ["class": "skip", "href": "#main"], "To the content") : .empty
    let script = hasCharts ? Html.verbatim("script", PageScript.text) : .empty
    return "<!DOCTYPE html>\n"
      + Html.element("html", ["lang": "en"], head, .element("body", [:], skip, main, script)).markup + "\n"
  }

  /// Nothing is fetched, and no script runs but ours, whatever text a file might have brought in.
  private static func policy(runsScript: Bool) -> String {
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
      + (runsScript ? "; script-src 'sha256-\(PageScript.digest)'" : "")
  }

  private var contents: Html {
    guard hasContents, sections.count > 1 else { return .empty }
    let items = sections.map { section in
      Html.element("li", [:], .element("a", ["href": "#\(section.anchor)"], Html(section.title)))
    }
    return .element("nav", ["aria-label": "Contents"], .element("ul", [:], items))
  }
}
