import Imaging
import WorldModel

/// Some radiographs of a source as a source of their own, in the same order.
package struct ChosenRadiographs: RadiographSource {
  package let source: any RadiographSource
  /// Indices into the source's records.
  package let radiographs: [Int]
  package let records: [RadiographRecord]
  /// What they were chosen by, for the summary.
  package let choice: String
  private let ownNotes: [String]

  package init(_ source: any RadiographSource, radiographs: [Int], choice: String) {
    (self.source, self.radiographs, self.choice, ownNotes) = (source, radiographs, choice, [])
    records = radiographs.map { source.records[$0] }
  }

  /// The radiographs that a list puts on a side, with its splits in place of the source's.
  /// - Parameters:
  ///   - splits: of each of the source's radiographs; nil for those that are left out.
  ///   - list: what the list is called.
  ///   - notes: what the user should know of it.
  package init(_ source: any RadiographSource, splits: [String?], list: String, notes: [String]) {
    (self.source, choice, ownNotes) = (source, "splits of \(list)", notes)
    radiographs = splits.indices.filter { splits[$0] != nil }
    records = radiographs.map { index in
      var record = source.records[index]
      record.split = splits[index]
      return record
    }
  }

  /// The radiographs that filters and a limit leave; the source itself where they leave all.
  /// - Parameter limit: radiographs at most; 0 for all.
  /// - Returns: nil where they leave none.
  package static func of(
    _ source: any RadiographSource, filter: [ColumnFilter], limit: Int
  ) -> (any RadiographSource)? {
    var radiographs = source.records.indices(matching: filter)
    if limit > 0 { radiographs = Array(radiographs.prefix(limit)) }
    guard !radiographs.isEmpty else { return nil }
    if radiographs.count == source.records.count { return source }
    var words = filter.map(\.description)
    if limit > 0 { words.append("the first \(limit)") }
    return ChosenRadiographs(source, radiographs: radiographs, choice: words.joined(separator: " and "))
  }

  package var summary: String { "\(source.summary); \(radiographs.count) of them: \(choice)" }
  package var findingNames: [String] { source.findingNames }
  package var notes: [String] { source.notes + ownNotes }
  package var radiographsAreCheap: Bool { source.radiographsAreCheap }

  package func radiograph(at index: Int) throws -> GrayImage { try source.radiograph(at: radiographs[index]) }
  package func truth(at index: Int) throws -> RadiographTruth? { try source.truth(at: radiographs[index]) }
  package func header(at index: Int) throws -> ImageHeader? { try source.header(at: radiographs[index]) }
}
