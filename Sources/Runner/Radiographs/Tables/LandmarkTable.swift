import WorldModel

/// Points that somebody marked in radiographs, as a table lists them: a row for each point.
package struct LandmarkTable: Sendable, Equatable {
  /// The points of one radiograph.
  package struct Entry: Sendable, Equatable {
    /// As the table names the radiograph.
    package let name: String
    /// Where the radiograph is first named.
    package let line: Int
    /// By name, in the pixels of the radiograph's file.
    package fileprivate(set) var landmarks: [String: RadiographTruth.Landmark]
  }

  package let path: String
  /// In the order of their first rows.
  package private(set) var entries: [Entry] = []

  /// Reads a CSV file with a header: the radiograph's file (`file`, or another of the names that a table of radiographs
  /// may have for it), `landmark`, and the point as `x` and `y` or `column` and `row`, in pixels of the radiograph's file
  /// from its top left corner, the middle of the first pixel being 0. Other columns are not read.
  /// - Throws: `RadiographsError.table` with the line where a cell is no number or empty, or a point is given twice.
  package init(path: String) throws {
    self.path = path
    var table = try NamedTable(path: path)
    guard let file = TableColumns.firstIndex(of: TableOptions.usualPaths, in: table.names) else {
      throw RadiographsError.table(
        path: path, line: nil,
        problem:
          "no column names the radiographs' files (\(TableOptions.usualPaths.joined(separator: ", "))); the "
          + "columns are: \(table.names.joined(separator: ", "))")
    }
    let landmark = try table.column("landmark")
    let isMatrix = table.index(of: "x") == nil && table.index(of: "row") != nil
    let (across, down) = (
      try table.column(isMatrix ? "column" : "x"), try table.column(isMatrix ? "row" : "y")
    )
    var places: [String: Int] = [:]
    while let row = try table.next() {
      let (name, point) = (try row.needed(file), try row.needed(landmark))
      let place = RadiographTruth.Landmark(row: try row.number(down), column: try row.number(across))
      let entry = places[name] ?? entries.count
      if entry == entries.count {
        places[name] = entry
        entries.append(Entry(name: name, line: row.line, landmarks: [:]))
      }
      guard entries[entry].landmarks.updateValue(place, forKey: point) == nil else {
        throw row.refuse("the landmark \"\(point.shortened)\" of \"\(name.shortened)\" is given again")
      }
    }
    if entries.isEmpty {
      throw RadiographsError.table(path: path, line: nil, problem: "the table has a header and no rows")
    }
  }
}
