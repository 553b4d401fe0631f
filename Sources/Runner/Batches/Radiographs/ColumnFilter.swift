import WorldModel

/// Which views of the chest a run takes.
public enum ViewChoice: String, Codable, Sendable, CaseIterable {
  /// PA, AP, and radiographs of which nothing is known.
  case frontal
  case all
}

/// A condition on a radiograph's attribute: `source=kermany`.
public struct ColumnFilter: Codable, Sendable, Equatable, CustomStringConvertible {
  public var column: String
  public var value: String

  public init(column: String, value: String) {
    self.column = column
    self.value = value
  }

  /// Reads `column=value`; nil without a column or an equals sign.
  public init?(_ text: String) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty else { return nil }
    self.init(column: parts[0], value: parts[1])
  }

  public var description: String { "\(column)=\(value)" }
}

extension [RadiographRecord] {
  /// Records for which all filters hold.
  func indices(matching filters: [ColumnFilter]) -> [Int] {
    indices.filter { index in filters.allSatisfy { self[index].matches($0) } }
  }
}

extension RadiographRecord {
  /// The collection, where several are joined; else empty.
  package var collection: String { attributes[JoinedSource.collectionAttribute] ?? "" }
  /// Its identifier without the name of its collection before it.
  package var bareIdentifier: String {
    collection.isEmpty ? identifier : String(identifier.dropFirst(collection.count + 1))
  }

  package func matches(_ filter: ColumnFilter) -> Bool {
    switch filter.column {
    case "split": split == filter.value
    case "patient": patient.flatMap(PatientIdentifier.init) == PatientIdentifier(filter.value)
    case "view": attributes["view"] == filter.value || view?.rawValue == filter.value
    default: attributes[filter.column] == filter.value
    }
  }
}
