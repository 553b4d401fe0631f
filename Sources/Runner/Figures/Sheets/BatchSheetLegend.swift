import WorldModel

/// What the marks of a sheet mean.
extension BatchSheet {
  private struct Mark {
    let text: String
    let draw: (Box, Canvas) -> Void

    /// With the mark before it.
    func width(_ typesetter: Typesetter) -> Double {
      24 + typesetter.width(of: text, BatchSheet.legendStyle)
    }
  }

  private static let legendStyle = TextStyle(12, quiet)
  private static let legendMargin = 20.0
  private static let legendLine = 25.0
  private static let legendGap = 26.0

  /// Height of the legend below a sheet of a width, in pixels.
  func legendHeight(width: Double, _ typesetter: Typesetter) -> Double {
    20 + Self.legendLine * Double(legendLines(width: width, typesetter).count)
  }

  func drawLegend(at top: Double, width: Double, on canvas: Canvas) {
    for (line, marks) in legendLines(width: width, canvas.typesetter).enumerated() {
      var box = Box(
        x: Self.legendMargin, y: top + Double(line) * Self.legendLine, width: 15, height: 15)
      for mark in marks {
        mark.draw(box, canvas)
        canvas.text(
          mark.text, at: Point(box.x + 24, box.middle.y), Self.legendStyle, anchor: .middle,
          width: width - box.x - 24)
        box.x += mark.width(canvas.typesetter) + Self.legendGap
      }
    }
  }

  /// Marks in lines that fit, one line at least.
  private func legendLines(width: Double, _ typesetter: Typesetter) -> [[Mark]] {
    var lines: [[Mark]] = [[]]
    var pen = Self.legendMargin
    for mark in marks {
      let taken = mark.width(typesetter)
      if pen + taken > width - Self.legendMargin, !lines[lines.count - 1].isEmpty {
        lines.append([])
        pen = Self.legendMargin
      }
      lines[lines.count - 1].append(mark)
      pen += taken + Self.legendGap
    }
    return lines
  }

  /// Those that the sheet has.
  private var marks: [Mark] {
    let shown = samples.prefix(Self.mostRows)
    let (views, supervisions) = (shown.flatMap(\.views), shown.flatMap(\.supervisions))
    var marks = (0..<(shown.map(\.views.count).max() ?? 0)).map { view in
      Mark(text: "view \(view + 1)") { $1.frame($0, Self.color(ofView: view), thickness: 2) }
    }
    if views.contains(where: { $0.visible.count < gridSize * gridSize }) {
      marks.append(
        Mark(text: "not seen") {
          $1.fill($0, Color(grey: 0.1))
          $1.hatch([$0], Self.quiet, spacing: 6, share: 0.6)
        })
    }
    if views.contains(where: { !$0.hidden.isEmpty }) {
      marks.append(
        Mark(text: "hidden, to predict") {
          $1.fill($0, Self.hiddenColor, share: 0.35)
          $1.frame($0, Self.hiddenColor, thickness: 1.5)
        })
    }
    guard !supervisions.isEmpty else { return marks }
    marks.append(
      Mark(text: "place of a target patch on the context's grid") {
        let middle = Point($0.x + 7, $0.y + 7)
        $1.line(from: middle, to: middle, Self.ink, thickness: 3)
      })
    marks.append(Mark(text: "the target's first patch") { $1.fill($0.inset(3), Self.ink) })
    if supervisions.contains(where: { $0.context == $0.target }) {
      marks.append(
        Mark(text: "from its place in the target to where its token stands") {
          Self.drawMove(
            from: Point($0.x, $0.y + 13), to: Point($0.x + 14, $0.y + 2), Self.viewColors[0], on: $1)
        })
    }
    return marks
  }
}
