import Foundation
import Radiographs
import Runs
import WorldModel

/// `predictions.csv`: what each trial of an evaluation says of each test radiograph, a row for each.
///
/// Columns are subject, trial, radiograph and patient, then `truth of CLASS` (1, 0, or nothing where it is not known)
/// and `score of CLASS` of each class, and each measure under its metric's name.
package enum PredictionFile {
  package static let name = "predictions.csv"

  private static let leading = ["subject", "trial", "radiograph", "patient"]
  private static let truth = "truth of "
  private static let score = "score of "

  // MARK: Writing

  package static func text(_ tables: [PredictionTable]) -> String {
    var names: [String] = []
    let cells = tables.map { table in
      Dictionary(table.columns.flatMap(Self.cells)) { first, _ in first }
    }
    for table in tables {
      for name in table.columns.flatMap(Self.cells).map(\.0) where !names.contains(name) {
        names.append(name)
      }
    }
    var lines = [(leading + names).map(DelimitedText.cell).joined(separator: ",")]
    for (table, cells) in zip(tables, cells) {
      let own = names.map { cells[$0] }
      for (row, radiograph) in table.radiographs.enumerated() {
        let words = [
          table.subject ?? "", table.trial ?? "", radiograph.identifier, radiograph.patientKey,
        ]
        lines.append(
          (words.map(DelimitedText.cell) + own.map { $0?[row] ?? "" }).joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func cells(_ column: PredictionTable.Column) -> [(String, [String])] {
    switch column {
    case .scores(let name, let truth, let scores):
      [
        (Self.truth + name, truth.map { $0.map { $0 ? "1" : "0" } ?? "" }),
        (score + name, scores.map { "\($0)" }),
      ]
    case .measure(let name, let values): [(name, values.map { $0.map { "\($0)" } ?? "" })]
    }
  }

  // MARK: Reading

  /// - Throws: `StorageError` where the file is missing or damaged, with the line.
  package static func read(_ path: String) throws -> [PredictionTable] {
    func damaged(_ line: Int, expected: String, found: String) -> StorageError {
      .damaged(file: path, expected: expected, found: "line \(line): \(found)")
    }
    var records: [DelimitedReader.Record] = []
    do {
      var reader = try DelimitedReader(Array(DurableFile.read(path)))
      while let record = try reader.next() { records.append(record) }
    } catch let problem as DelimitedReader.Problem {
      throw damaged(problem.line, expected: "comma-separated rows", found: problem.text)
    }
    guard let head = records.first?.fields, Array(head.prefix(leading.count)) == leading else {
      throw damaged(
        1, expected: "columns \(leading.joined(separator: ", "))",
        found: records.first?.fields.prefix(leading.count).joined(separator: ", ") ?? "nothing")
    }
    for record in records where record.fields.count != head.count {
      throw damaged(
        record.line, expected: "\(head.count) cells in each row", found: "\(record.fields.count) cells")
    }
    var tables: [PredictionTable] = []
    var rest = records.dropFirst()
    while let first = rest.first {
      let rows = rest.prefix { $0.fields[0] == first.fields[0] && $0.fields[1] == first.fields[1] }
      rest = rest.dropFirst(rows.count)
      let columns = try columns(head, Array(rows)) { damaged($0, expected: $1, found: $2) }
      guard !columns.isEmpty else {
        throw damaged(first.line, expected: "a score or a measure", found: "a trial without any")
      }
      tables.append(
        PredictionTable(
          subject: first.fields[0].nonEmpty, trial: first.fields[1].nonEmpty,
          radiographs: rows.map { .init(identifier: $0.fields[2], patientKey: $0.fields[3]) },
          columns: columns))
    }
    return tables
  }

  /// The columns of a trial: those of which any of its rows has a value.
  private static func columns(
    _ head: [String], _ rows: [DelimitedReader.Record],
    _ damaged: (_ line: Int, _ expected: String, _ found: String) -> StorageError
  ) throws -> [PredictionTable.Column] {
    func numbers(_ place: Int) throws -> [Double?] {
      try rows.map { row in
        guard let text = row.fields[place].nonEmpty else { return nil }
        guard let number = Double(text), number.isFinite else {
          throw damaged(row.line, "a finite number under \"\(head[place])\"", "\"\(text)\"")
        }
        return number
      }
    }
    return try (leading.count..<head.count).compactMap { place in
      let name = head[place]
      if name.hasPrefix(truth) { return nil }
      let values = try numbers(place)
      guard values.contains(where: { $0 != nil }) else { return nil }
      guard name.hasPrefix(score) else { return .measure(name, values: values) }
      let own = String(name.dropFirst(score.count))
      guard let beside = head.firstIndex(of: truth + own) else {
        throw damaged(1, "a column \"\(truth + own)\" beside \"\(name)\"", "none")
      }
      let scores = try values.enumerated().map { row, value in
        guard let value else { throw damaged(rows[row].line, "a score under \"\(name)\"", "nothing") }
        return value
      }
      return .scores(of: own, truth: try numbers(beside).map { $0.map { $0 > 0.5 } }, scores: scores)
    }
  }
}
