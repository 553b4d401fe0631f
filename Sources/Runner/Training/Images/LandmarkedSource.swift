import Batches
import Imaging
import Radiographs
import WorldModel

/// A source whose radiographs have the landmarks of a table, beside what the source itself knows of them.
package struct LandmarkedSource: RadiographSource {
  private let source: any RadiographSource
  private let path: String
  /// Of each radiograph, in the pixels of its file; nil where the table does not name it.
  private let landmarks: [[String: RadiographTruth.Landmark]?]
  private let ownNotes: [String]

  /// Finds the table's radiographs by name, as `RadiographNames` does.
  /// - Throws: `RadiographsError.table` where a name is that of two radiographs, two names are of one, or no name is of
  ///   any.
  package init(_ source: any RadiographSource, table: LandmarkTable) throws {
    let records = source.records
    let names = RadiographNames(records.map(\.identifier), bare: records.map(\.bareIdentifier))
    var landmarks: [[String: RadiographTruth.Landmark]?] = Array(repeating: nil, count: records.count)
    var unmatched: [String] = []
    for entry in table.entries {
      func refuse(_ problem: String) -> RadiographsError {
        .table(path: table.path, line: entry.line, problem: problem)
      }
      let found = names.indices(of: entry.name)
      guard let index = found.first else {
        unmatched.append(entry.name)
        continue
      }
      guard found.count == 1 else {
        throw refuse(
          "\"\(entry.name)\" is the name of \(found.count) radiographs, \"\(records[index].identifier)\" and "
            + "\"\(records[found[1]].identifier)\"; name them with their folders")
      }
      guard landmarks[index] == nil else {
        throw refuse("\"\(entry.name)\" is another name of a radiograph that was named before")
      }
      landmarks[index] = entry.landmarks
    }
    if unmatched.count == table.entries.count {
      throw RadiographsError.table(
        path: table.path, line: nil,
        problem:
          "none of its \(unmatched.count) names is that of a radiograph: it has \"\(unmatched[0])\", the source "
          + "\"\(records.first?.identifier ?? "nothing")\"; take the landmarks of this source")
    }
    ownNotes =
      unmatched.isEmpty
      ? []
      : [
        "\(unmatched.count) of \(table.entries.count) names in \(table.path) are those of no radiograph, the first "
          + "\"\(unmatched[0])\""
      ]
    (self.source, path, self.landmarks) = (source, table.path, landmarks)
  }

  package var records: [RadiographRecord] { source.records }
  package var findingNames: [String] { source.findingNames }
  package var summary: String {
    "\(source.summary), landmarks of \(landmarks.count { $0 != nil }) in \(path)"
  }
  package var notes: [String] { source.notes + ownNotes }
  package var radiographsAreCheap: Bool { source.radiographsAreCheap }

  package func radiograph(at index: Int) throws -> GrayImage { try source.radiograph(at: index) }
  package func header(at index: Int) throws -> ImageHeader? { try source.header(at: index) }

  /// - Throws: `UnusableRadiograph` where a landmark lies outside its radiograph.
  package func truth(at index: Int) throws -> RadiographTruth? {
    let known = try source.truth(at: index)
    guard let marked = landmarks[index] else { return known }
    let radiograph = try radiograph(at: index)
    let header = try header(at: index)
    let (height, width) = (
      Double(header?.height ?? radiograph.height), Double(header?.width ?? radiograph.width)
    )
    var truth = known ?? RadiographTruth()
    for (name, place) in marked {
      // An apex or an angle may lie just beyond the edge; far beyond are points of a larger radiograph.
      func lies(_ value: Double, within side: Double) -> Bool {
        (-0.02 * side - 1.5...1.02 * side + 0.5).contains(value)
      }
      guard lies(place.row, within: height), lies(place.column, within: width) else {
        throw UnusableRadiograph(
          identifier: records[index].identifier,
          reason:
            "its landmark \"\(name)\" in \(path) is at x \(place.column), y \(place.row), but its file has "
            + "\(Int(width)) × \(Int(height)) pixels; landmarks are in the pixels of the files")
      }
      truth.landmarks[name] = RadiographTruth.Landmark(
        row: (place.row + 0.5) * Double(radiograph.height) / height - 0.5,
        column: (place.column + 0.5) * Double(radiograph.width) / width - 0.5)
    }
    return truth
  }
}

extension RunSetup {
  /// The radiographs with the landmarks of `data.landmarks`; the source itself where no file is named.
  func landmarked(_ source: any RadiographSource) throws -> any RadiographSource {
    guard let path = configuration.data.landmarks else { return source }
    return try LandmarkedSource(source, table: LandmarkTable(path: path))
  }
}
