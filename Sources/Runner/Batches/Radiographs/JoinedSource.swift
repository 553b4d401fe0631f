import CoreTensor
import Imaging
import WorldModel

/// Several collections as one: records in the order of the collections, identifiers and patients told apart by the
/// collection's name, which is also the attribute `collection`. Of a finding that a collection does not label nothing
/// is known for its radiographs.
public struct JoinedSource: RadiographSource {
  /// A collection and what its radiographs are told apart by.
  public struct Part: Sendable {
    public let name: String
    public let source: any RadiographSource

    public init(name: String, source: any RadiographSource) {
      self.name = name
      self.source = source
    }
  }

  /// Name of the attribute that tells a radiograph's collection.
  public static let collectionAttribute = "collection"

  public let records: [RadiographRecord]
  public let findingNames: [String]
  private let parts: [Part]
  /// First index of each part.
  private let starts: [Int]

  /// - Precondition: names differ.
  public init(_ parts: [Part]) {
    require(Set(parts.map(\.name)).count == parts.count, "JoinedSource: a name is given twice")
    self.parts = parts
    let all = Set(parts.flatMap(\.source.findingNames))
    findingNames = all.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    var (starts, records): ([Int], [RadiographRecord]) = ([], [])
    for part in parts {
      starts.append(records.count)
      let unlabelled = all.subtracting(part.source.findingNames)
      records += part.source.records.map { record in
        var record = record
        record.identifier = part.name + ":" + record.identifier
        record.patient = record.patient.map { part.name + ":" + $0 }
        record.unknown.formUnion(unlabelled)
        record.attributes[Self.collectionAttribute] = part.name
        return record
      }
    }
    (self.starts, self.records) = (starts, records)
  }

  public var summary: String { parts.map { "\($0.name): \($0.source.summary)" }.joined(separator: "; ") }

  public var notes: [String] { parts.flatMap { part in part.source.notes.map { "\(part.name): \($0)" } } }

  public var radiographsAreCheap: Bool { parts.allSatisfy(\.source.radiographsAreCheap) }

  public func radiograph(at index: Int) throws -> GrayImage {
    let (part, own) = place(of: index)
    do { return try part.source.radiograph(at: own) } catch let failure as UnusableRadiograph {
      throw UnusableRadiograph(identifier: records[index].identifier, reason: failure.reason)
    }
  }

  public func truth(at index: Int) throws -> RadiographTruth? {
    let (part, own) = place(of: index)
    return try part.source.truth(at: own)
  }

  public func header(at index: Int) throws -> ImageHeader? {
    let (part, own) = place(of: index)
    return try part.source.header(at: own)
  }

  private func place(of index: Int) -> (part: Part, own: Int) {
    let part = (starts.firstIndex { $0 > index } ?? parts.count) - 1
    return (parts[part], index - starts[part])
  }
}
