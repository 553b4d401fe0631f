/// Pieces of a page. Whatever comes from files or tables goes through ``escaped(_:)``.
package enum Html {
  /// Text that can stand between tags and in attributes; control characters, which might turn its direction, are shown
  /// as such.
  static func escaped(_ text: String) -> String {
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

  /// Text of a file or table without control characters, which could move the cursor.
  package static func clean(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map {
          $0.properties.generalCategory == .control || $0.properties.generalCategory == .format
            ? "\u{FFFD}" : $0
        }))
  }
  /// A split's or collection's name in lists.
  package static func side(_ name: String) -> String { name.isEmpty ? "no split" : clean(name) }

  package static func capitalised(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

  /// - Parameter body: markup.
  static func section(_ name: String, _ title: String, _ body: String, isBad: Bool = false) -> String {
    "<section id=\"\(escaped(name))\"\(isBad ? " class=\"bad\"" : "")>\n<h2>\(escaped(capitalised(title)))</h2>\n"
      + body + "\n</section>"
  }

  /// - Parameters:
  ///   - heads: text.
  ///   - rows: markup.
  ///   - numbers: columns whose heads keep to the right.
  static func table(_ heads: [String], _ rows: [String], numbers: Set<Int> = []) -> String {
    let head = heads.enumerated().map { column, text in
      "<th\(numbers.contains(column) ? " class=\"number\"" : "")>\(escaped(text))</th>"
    }.joined()
    return "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n"
      + rows.joined(separator: "\n") + "\n</tbody></table></div>"
  }

  /// Counts as bars beside one another's names.
  static func bars(_ counts: [AuditReport.Count]) -> String {
    let most = max(counts.map(\.radiographs).max() ?? 1, 1)
    let rows = counts.map { count in
      "<tr><td>\(escaped(count.name))</td><td class=\"bar\"><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\">"
        + "<rect width=\"\(max(count.radiographs > 0 ? 1 : 0, count.radiographs * 100 / most))\" height=\"10\"/></svg></td>"
        + "<td class=\"number\">\(count.radiographs)</td></tr>"
    }
    return "<table class=\"bars\">" + rows.joined() + "</table>"
  }
}

/// How the page looks, by day and by night.
enum AuditStyle {
  static let text = """
    :root { color-scheme: light dark; --ground: #fafaf8; --panel: #fff; --ink: #1d2126; --quiet: #6a7078;
      --line: #e2e2de; --accent: #0060a8; --bad: #b3261e; --bad-ground: #fdecea; --good: #1b6e3c; --warn: #8a5a00; }
    @media (prefers-color-scheme: dark) {
      :root { --ground: #15181c; --panel: #1d2126; --ink: #e8eaee; --quiet: #9aa2ad; --line: #31363d;
        --accent: #6cb6ff; --bad: #ff8a80; --bad-ground: #3a1d1c; --good: #7fd6a0; --warn: #f0c060; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
    main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
    h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; overflow-wrap: anywhere; }
    h2 { font-size: 18px; margin: 0 0 12px; }
    h3 { font-size: 14px; margin: 14px 0 6px; }
    p { margin: 0 0 10px; }
    a { color: var(--accent); }
    code { font: 13px/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
    section { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 18px 20px;
      margin: 18px 0; }
    section.bad { border-color: var(--bad); }
    section.bad h2 { color: var(--bad); }
    .quiet, footer { color: var(--quiet); overflow-wrap: anywhere; }
    .cards { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0; }
    .card { flex: 1 1 110px; background: var(--panel); border: 1px solid var(--line); border-radius: 8px;
      padding: 10px 14px; }
    .card b { display: block; font-size: 24px; line-height: 1.2; font-variant-numeric: tabular-nums; }
    .card span { color: var(--quiet); font-size: 13px; }
    .card.bad { border-color: var(--bad); background: var(--bad-ground); }
    .card.bad b { color: var(--bad); }
    .verdict { font-weight: 600; }
    .verdict.good { color: var(--good); }
    .verdict.bad { color: var(--bad); }
    .tag { font-size: 12px; padding: 1px 7px; border-radius: 9px; border: 1px solid currentColor; white-space: nowrap; }
    .tag.leak { color: var(--bad); background: var(--bad-ground); font-weight: 600; }
    .tag.problem { color: var(--warn); }
    .tag.suspect, .tag.allowed { color: var(--quiet); }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; }
    th { text-align: left; font-weight: 600; font-size: 13px; color: var(--quiet); }
    th, td { padding: 5px 14px 5px 0; vertical-align: top; border-bottom: 1px solid var(--line); }
    tr:last-child td { border-bottom: 0; }
    .name { white-space: nowrap; }
    .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(290px, 1fr)); gap: 4px 32px; }
    .bars { width: 100%; }
    .bars td { border: 0; padding: 2px 8px 2px 0; overflow-wrap: anywhere; }
    .bar { width: 45%; }
    .bar svg { width: 100%; height: 10px; display: block; fill: var(--accent); }
    .sheet { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 12px; }
    .pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 16px; }
    .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
    .pair > p { grid-column: 1 / 3; margin: 0; font-size: 13px; color: var(--quiet); }
    figure { margin: 0; min-width: 0; }
    figure .radiograph { background: #000; border-radius: 4px; height: 132px; display: flex; align-items: center;
      justify-content: center; overflow: hidden; }
    figure img { max-width: 100%; max-height: 132px; display: block; }
    figcaption { font-size: 12px; line-height: 1.35; color: var(--quiet); margin-top: 4px; overflow-wrap: anywhere; }
    @media (max-width: 560px) {
      main { padding: 16px 12px 40px; }
      section { padding: 14px 12px; }
      .name { white-space: normal; }
      .sheet { grid-template-columns: repeat(auto-fill, minmax(100px, 1fr)); }
      .pairs { grid-template-columns: 1fr; }
      .facts { grid-template-columns: 1fr; }
    }

    """
}
