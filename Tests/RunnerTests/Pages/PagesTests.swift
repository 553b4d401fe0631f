import Figures
import Foundation
import Testing

@testable import Pages

@Suite struct HtmlTests {
  @Test func textIsEscapedOnce() {
    #expect(Html("<a b='\"'>&").markup == "&lt;a b=&#39;&quot;&#39;&gt;&amp;")
    #expect(Html("\u{202E}\u{1B}x\u{FFFE}").markup == "\u{FFFD}\u{FFFD}x\u{FFFD}")
    let name = "<script>"
    let nested = Html.element("p", ["title": name], Html.element("b", [:], "of \(name)"))
    #expect(nested.markup == "<p title=\"&lt;script&gt;\"><b>of &lt;script&gt;</b></p>")
  }

  @Test func whatIsNotThereIsLeftOut() {
    #expect(Html.element("br").markup == "<br/>")
    #expect(Html.element("td", ["class": nil]).markup == "<td></td>")
    #expect([Html("a"), .empty, "b"].joined(", ").markup == "a, b")
    #expect([Html]().joined().isEmpty)
  }

  @Test func linesOfATextStay() {
    #expect(Html.preformatted("a <b>\n\nc", label: "log").markup.contains(">a &lt;b&gt;\n\nc</pre>"))
  }

  @Test func picturesLieWithin() {
    let picture = Html.picture(png: [1, 2, 3], alternative: "a \"b\"", size: (4, 5))
    #expect(picture.markup.contains("alt=\"a &quot;b&quot;\" width=\"4\" height=\"5\""))
    #expect(picture.markup.contains("src=\"data:image/png;base64,AQID\""))
  }
}

@Suite struct PageTests {
  private let hostile = "</title><script>alert('x')</script>]]>&\u{1B}"

  private var chart: LineChart {
    let points = (0..<50).map { Point(Double($0), $0 == 7 ? .nan : 1 / Double($0 + 1)) }
    let high = points.map { $0.y + 0.1 }
    return LineChart(
      title: hostile, subtitle: hostile, xLabel: hostile, yLabel: hostile,
      series: [
        .init(name: hostile, points: points, isSmoothed: true), .init(name: "empty", points: []),
        .init(name: "banded", points: points, low: points.map { $0.y - 0.1 }, high: high),
        .init(
          name: "few", points: Array(points.prefix(5)), low: [0, 0, .nan, 0, 0],
          high: [1, 1, 1, 1, .infinity]),
      ])
  }

  private var page: Page {
    let table = PageTable(
      hostile, [.init(hostile), .init("n", isNumber: true), .init("")], [[Html(hostile), "1", .marked("2")]])
    return Page(
      hostile, lead: .quiet(Html(hostile)),
      sections: [
        .init("one", hostile, table.html + .bars([(hostile, 3), ("none", 0)], caption: hostile)),
        .init("two", "two", PageChart("loss", chart).html, isBad: true),
      ], footer: Html(hostile), hasContents: true)
  }

  @Test func hostileTextCannotBecomeMarkup() throws {
    let text = page.text
    #expect(text.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">") && text.hasSuffix("</html>\n"))
    #expect(text.components(separatedBy: "<script>").count == 2, "the page's own script alone")
    let markup = try PageMarkup(text)
    markup.check()
    #expect(markup.named("h1")[0].text == hostile.replacing("\u{1B}", with: "\u{FFFD}"))
    #expect(markup.named("nav").count == 1 && markup.named("section").count == 2)
    #expect(markup.with("bad").map(\.name) == ["section"])
  }

  /// The policy names the script's checksum, which the system's own tool computes here.
  @Test func onlyThePagesOwnScriptMayRun() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sha256sum"]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    input.fileHandleForWriting.write(Data(Html.guarded(PageScript.text).utf8))
    try input.fileHandleForWriting.close()
    let digits = String(decoding: output.fileHandleForReading.readDataToEndOfFile().prefix(64), as: UTF8.self)
    process.waitUntilExit()
    let bytes = stride(from: 0, to: 64, by: 2).compactMap { UInt8(digits.dropFirst($0).prefix(2), radix: 16) }
    #expect(bytes.count == 32)
    #expect(
      PageScript.digest == Data(bytes).base64EncodedString(), "the script was changed: take this digest")
    #expect(page.text.contains("script-src &#39;sha256-\(PageScript.digest)&#39;"))
  }

  @Test func aPageWithoutChartsHasNoScript() throws {
    let text = Page("a", lead: .empty, sections: [.init("b", "b", "no chart")]).text
    #expect(!text.contains("<script") && !text.contains("script-src"))
    try PageMarkup(text).check()
  }

  /// Nothing is asked of the network: no address stands in a page.
  @Test func pagesNameNoAddress() {
    #expect(!page.text.contains("://") && !page.text.contains("@import") && !page.text.contains("url(h"))
  }
}

@Suite struct PageChartTests {
  private func drawing(_ series: [LineChart.Series], isLogarithmic: Bool = false) throws -> PageMarkup {
    let chart = LineChart(
      title: "loss", xLabel: "step", yLabel: "loss", isLogarithmic: isLogarithmic, series: series)
    return try PageMarkup(
      Page("p", lead: .empty, sections: [.init("s", "s", PageChart("c", chart).html)]).text)
  }

  @Test func longSeriesAreThinnedAndKeepTheirPeaks() throws {
    var points = (0..<60_000).map { Point(Double($0), 0.5 + 0.1 * Double($0 % 7)) }
    points[31_117].y = 9
    points[42_001].y = -3
    let markup = try drawing([.init(name: "a", points: points)])
    let path = try #require(markup.with("line").first { $0.path.contains("g") }?.attributes["d"])
    let places = path.split { "ML".contains($0) }.map { $0.split(separator: " ").compactMap { Double($0) } }
    #expect(places.count > 400 && places.count < 1100)
    // The extremes lie at the plot's top and bottom as far as the axis is from them.
    let (high, low) = (places.map { $0[1] }.min()!, places.map { $0[1] }.max()!)
    let chart = PageChart(
      "c", LineChart(title: "", xLabel: "", yLabel: "", series: [.init(name: "a", points: points)]))
    #expect(abs(high - chart.place(Point(0, 9)).y) < 0.01 && abs(low - chart.place(Point(0, -3)).y) < 0.01)
    let rows = markup.elements.filter { $0.name == "tr" && $0.path.contains("tbody") }
    #expect(rows.count == PageChart.mostRows)
    #expect(markup.named("p").contains { $0.text.contains("100 of 60000 rows") })
  }

  @Test func linesAreToldApartWithoutColour() throws {
    let series = (0..<5).map { LineChart.Series(name: "run \($0)", values: [1, 2, Double($0)]) }
    let markup = try drawing(series)
    let lines = markup.with("line").filter { $0.path.contains("figure") && !$0.path.contains("ul") }
    let marks = markup.with("mark").filter { $0.name == "path" && $0.path.contains("ul") }
    #expect(lines.count == 5 && marks.count == 5)
    let styles = zip(lines, marks).map {
      ($0.attributes["stroke-dasharray"] ?? "") + ($1.attributes["d"] ?? "")
    }
    #expect(Set(styles).count == 5)
    #expect(markup.named("li").contains { $0.text.contains("run 4") && $0.text.contains("at the end 4") })
  }

  @Test func aChartWithoutValuesSaysSo() throws {
    let markup = try drawing([.init(name: "a", points: []), .init(name: "b", values: [.nan, .infinity])])
    markup.check()
    let description = try #require(markup.named("desc").first?.text)
    #expect(description.contains("a has no values") && description.contains("b has no values"))
    #expect(markup.named("li").contains { $0.text.contains("no values yet") })
  }

  @Test func valuesAreWords() {
    #expect(ChartValues.text(.nan) == "not a number" && ChartValues.text(12) == "12")
    #expect(ChartValues.text(0.123456) == "0.12346" && ChartValues.text(-.infinity) == "−infinity")
  }

  /// Lines stand out from the page by day and by night (WCAG 2, graphical objects: 3 to 1).
  @Test func coloursHaveContrast() throws {
    let parts = PageStyle.text.components(separatedBy: "@media screen and (prefers-color-scheme: dark)")
    #expect(parts.count == 2)
    for part in [parts[0], parts[1].components(separatedBy: "* {")[0]] {
      func color(_ name: String) throws -> Double {
        let digits = try #require(part.components(separatedBy: "--\(name): #").last?.prefix(6))
        let channels = stride(from: 0, to: 6, by: 2).map { at -> Double in
          let value = Double(UInt8(digits.dropFirst(at).prefix(2), radix: 16)!) / 255
          return value <= 0.03928 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
      }
      func contrast(_ one: String, _ other: String) throws -> Double {
        let (first, second) = try (color(one), color(other))
        return (max(first, second) + 0.05) / (min(first, second) + 0.05)
      }
      for number in 0..<ChartLines.colorCount { #expect(try contrast("c\(number)", "panel") > 4) }
      for text in ["ink", "quiet", "accent", "bad", "good", "warn"] {
        #expect(try contrast(text, "panel") > 4.5, "\(text)")
      }
      #expect(try contrast("ink", "mark") > 4.5 && contrast("bad", "bad-ground") > 4.5)
    }
  }
}
