/// A table with a caption, heads of columns and heads of rows; it scrolls by itself where the screen is narrow.
package struct PageTable {
  package struct Column {
    let title: String
    let isNumber: Bool

    /// - Parameter isNumber: whether its cells keep to the right.
    package init(_ title: String, isNumber: Bool = false) { (self.title, self.isNumber) = (title, isNumber) }
  }

  private let caption: String
  private let showsCaption: Bool
  private let columns: [Column]
  private let rowHead: Int
  private let rows: [[Html]]

  /// - Parameters:
  ///   - caption: what the table is of, for those who do not see what stands around it.
  ///   - showsCaption: whether everybody sees it.
  ///   - rowHead: the column that names a row.
  ///   - rows: a cell for each column.
  package init(
    _ caption: String, showsCaption: Bool = false, _ columns: [Column], rowHead: Int = 0, _ rows: [[Html]]
  ) {
    (self.caption, self.showsCaption, self.columns) = (caption, showsCaption, columns)
    (self.rowHead, self.rows) = (rowHead, rows)
  }

  package var html: Html {
    let heads = columns.map { column in
      let style = column.isNumber ? "number" : nil
      return column.title.isEmpty
        ? Html.element("td", ["class": style])
        : Html.element("th", ["scope": "col", "class": style], Html(column.title))
    }
    let body = rows.map { row in
      Html.element(
        "tr", [:],
        row.enumerated().map { number, cell in
          number == rowHead
            ? .element("th", ["scope": "row"], cell)
            : .element("td", ["class": columns[number].isNumber ? "number" : nil], cell)
        })
    }
    let table = Html.element(
      "table", [:], .element("caption", ["class": showsCaption ? nil : "unseen"], Html(caption)),
      .element("thead", [:], .element("tr", [:], heads)), .element("tbody", [:], body))
    // What scrolls must be reachable by keyboard, and then needs a name.
    return .element(
      "div", ["class": "scroll", "role": "region", "aria-label": caption, "tabindex": "0"], table)
  }
}
