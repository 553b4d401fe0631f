import Figures
import Foundation
import Pages

/// A metric of every row: each seed hollow, their mean filled, and as a line the interval of the difference from the
/// first row, laid off from the first row's mean.
struct IntervalPlot {
  private let results: AblationResults
  private let column: AblationResults.Column
  private let title: String
  private let anchor: String
  private let axis: Axis

  private static let (left, right, top, lane, width) = (220.0, 20.0, 14.0, 26.0, 760.0)

  init(_ results: AblationResults, _ column: AblationResults.Column, anchor: String) {
    (self.results, self.column, self.anchor) = (results, column, anchor)
    title = AblationWords.title(column, results)
    let base = column.cells.first?.mean
    let ends = column.cells.compactMap(\.difference).flatMap { [$0.low, $0.high] }
      .compactMap { end in end.flatMap { end in base.map { $0 + end } } }
    axis = Axis(showing: column.cells.flatMap { $0.values.compactMap { $0 } } + ends)
  }

  var html: Html {
    let height = Self.top + Double(column.cells.count) * Self.lane + 34
    let lanes = column.cells.indices.map(lane)
    return .figure(
      .element(
        "svg",
        [
          "viewBox": "0 0 \(Self.width) \(height)", "role": "img", "width": "100%",
          "aria-labelledby": "\(anchor)-title \(anchor)-description", "fill": "currentColor",
          "font-size": "13",
        ],
        .element("title", ["id": "\(anchor)-title"], Html(title)),
        .element("desc", ["id": "\(anchor)-description"], Html(description)), ticks, reference,
        lanes.joined()),
      caption: Html(
        "\(title). Hollow: each seed. Filled: the mean. Line: the \(Int(results.confidence * 100)) % interval of the "
          + "difference from the first row, laid off from the first row's mean (dashed)."))
  }

  private func x(_ value: Double) -> Double {
    Self.left + (axis.position(of: value) ?? 0) * (Self.width - Self.left - Self.right)
  }

  private func y(_ row: Int) -> Double { Self.top + (Double(row) + 0.5) * Self.lane }

  private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

  private var bottom: Double { Self.top + Double(column.cells.count) * Self.lane }

  private func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, width: String, dash: String? = nil,
    faint: Bool = false
  )
    -> Html
  {
    .element(
      "line",
      [
        "x1": Self.number(x1), "y1": Self.number(y1), "x2": Self.number(x2), "y2": Self.number(y2),
        "stroke": "currentColor", "stroke-width": width, "stroke-dasharray": dash,
        "opacity": faint ? "0.25" : nil,
      ])
  }

  private var ticks: Html {
    axis.ticks.map { tick in
      line(x(tick), Self.top, x(tick), bottom, width: "1", faint: true)
        + .element(
          "text", ["x": Self.number(x(tick)), "y": Self.number(bottom + 20), "text-anchor": "middle"],
          Html(axis.label(of: tick)))
    }.joined()
  }

  private var reference: Html {
    column.cells.first?.mean.map { line(x($0), Self.top, x($0), bottom, width: "1.5", dash: "4 4") } ?? .empty
  }

  private func lane(_ row: Int) -> Html {
    let cell = column.cells[row]
    let name = results.rows[row].name
    var parts = [
      Html.element(
        "text", ["x": Self.number(Self.left - 12), "y": Self.number(y(row) + 4), "text-anchor": "end"],
        Html(name.count > 32 ? name.prefix(31) + "…" : name))
    ]
    if let low = cell.difference?.low, let high = cell.difference?.high, let base = column.cells.first?.mean {
      parts.append(line(x(base + low), y(row), x(base + high), y(row), width: "2.5"))
    }
    parts += cell.values.compactMap { $0 }.map { value in
      .element(
        "circle",
        [
          "cx": Self.number(x(value)), "cy": Self.number(y(row)), "r": "4", "fill": "none",
          "stroke": "currentColor",
        ])
    }
    if let mean = cell.mean {
      parts.append(.element("circle", ["cx": Self.number(x(mean)), "cy": Self.number(y(row)), "r": "5"]))
    }
    return parts.joined()
  }

  private var description: String {
    zip(results.rows, column.cells).map { "\($0.name): \(AblationWords.value($1))" }.joined(separator: "; ")
  }
}
