import Foundation

extension Html {
  package static func paragraph(_ content: Html..., style: String? = nil) -> Html {
    .element("p", ["class": style], content)
  }

  package static func quiet(_ content: Html...) -> Html { .element("p", ["class": "quiet"], content) }
  package static func code(_ text: String) -> Html { .element("code", [:], Html(text)) }
  package static let lineBreak = Html.element("br")

  /// What differs from its neighbours.
  package static func marked(_ content: Html) -> Html { .element("mark", [:], content) }

  /// Text of several lines as it stands in its file.
  package static func preformatted(_ text: String, label: String) -> Html {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Html(String($0)) }
    return .element(
      "pre", ["tabindex": "0", "role": "region", "aria-label": label],
      lines.enumerated().map { $0.offset == 0 ? $0.element : .lineEnd + $0.element })
  }

  /// What is opened by those who want it.
  package static func details(_ summary: Html, _ content: Html..., isOpen: Bool = false) -> Html {
    .element("details", ["open": isOpen ? "open" : nil], .element("summary", [:], summary), content.joined())
  }

  /// Names and what they are.
  package static func facts(_ facts: [(name: String, value: Html)]) -> Html {
    .element(
      "dl", [:],
      facts.map {
        .element("div", [:], .element("dt", [:], Html($0.name)), .element("dd", [:], $0.value))
      })
  }

  /// A number that everybody should see first.
  package static func card(_ number: String, _ name: String, isBad: Bool = false) -> Html {
    .element(
      "div", ["class": isBad ? "card bad" : "card"], .element("b", [:], Html(number)),
      .element("span", [:], Html(name)))
  }

  package static func cards(_ cards: [Html]) -> Html { .element("div", ["class": "cards"], cards) }

  /// How much a remark weighs.
  package enum Weight: String { case good, bad, problem, quiet }

  /// A word on a ground of its own. It says by itself what its colour says.
  package static func tag(_ text: String, _ weight: Weight) -> Html {
    .element("span", ["class": "tag \(weight.rawValue)"], Html(text))
  }

  package static func verdict(_ text: String, _ weight: Weight) -> Html {
    .element("p", ["class": "verdict \(weight.rawValue)"], Html(text))
  }

  /// Counts as bars beside one another's names.
  package static func bars(_ counts: [(name: String, count: Int)], caption: String) -> Html {
    let most = max(counts.map(\.count).max() ?? 1, 1)
    let rows = counts.map { name, count in
      let width = max(count > 0 ? 1 : 0, count * 100 / most)
      let bar = Html.element(
        "svg", ["viewBox": "0 0 100 10", "preserveAspectRatio": "none", "aria-hidden": "true"],
        .element("rect", ["width": "\(width)", "height": "10"]))
      return Html.element(
        "tr", [:], .element("th", ["scope": "row"], Html(name)),
        .element("td", ["class": "bar"], bar), .element("td", ["class": "number"], "\(count)"))
    }
    return .element(
      "table", ["class": "bars"], .element("caption", ["class": "unseen"], Html(caption)),
      .element("tbody", [:], rows))
  }

  /// A picture within the page.
  /// - Parameters:
  ///   - png: the file's bytes.
  ///   - alternative: what it shows, in words.
  ///   - size: in pixels, where it is known, so that the page does not jump when it is decoded.
  package static func picture(
    png: some DataProtocol, alternative: String, size: (width: Int, height: Int)? = nil
  ) -> Html {
    .element(
      "img",
      [
        "alt": alternative, "width": size.map { "\($0.width)" }, "height": size.map { "\($0.height)" },
        "decoding": "async", "src": "data:image/png;base64," + Data(png).base64EncodedString(),
      ])
  }

  /// A picture, or another thing to look at, with words below it.
  package static func figure(_ content: Html, caption: Html) -> Html {
    .element("figure", [:], content, .element("figcaption", [:], caption))
  }
}
