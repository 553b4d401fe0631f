import CoreTensor
import Foundation
import Imaging
import WorldModel

/// A data source, tried.
struct DataTrial {
  let definition: DataSourceDefinition
  let given: [String: OptionValue]
  let seed: UInt64
  /// Radiographs that are decoded at most.
  private static let radiographs = 8

  init(_ definition: DataSourceDefinition, options: [String: OptionValue], seed: UInt64) {
    (self.definition, given, self.seed) = (definition, options, seed)
  }

  private func source() throws -> any RadiographSource {
    try PluginCode("data source \"\(definition.name)\"", "make").run {
      try definition.make(Options(definition.options, given: given), seed)
    }
  }

  /// Extremes may ask for many radiographs or large ones, so only the declarations are tried.
  func options() throws {
    try OptionTrial.check(
      definition.options.map { OptionDeclaration($0.name, fixed($0.kind), help: $0.help) }
    ) {
      _ in _ = try source()
    }
  }

  private func fixed(_ kind: OptionKind) -> OptionKind {
    switch kind {
    case .integer(let value, let range) where range.contains(value):
      .integer(default: value, in: value...value)
    default: kind
    }
  }

  func records() throws {
    let source = try source()
    let (records, names) = (source.records, Set(source.findingNames))
    guard !records.isEmpty else { throw Broken("there is no record; a source has one radiograph or more") }
    var seen: Set<String> = []
    for record in records {
      guard seen.insert(record.identifier).inserted else {
        throw Broken("two records are called \"\(record.identifier)\"")
      }
      if let unknown = record.findings.first(where: { !names.contains($0) }) {
        throw Broken("\(record.identifier) has finding \"\(unknown)\", which findingNames does not name")
      }
    }
    guard try self.source().records == records else {
      throw Broken("a second source with the same options and seed has other records")
    }
  }

  func radiographs() throws {
    let first = try source()
    let second = try source()
    let count = min(first.records.count, Self.radiographs)
    let forward = try (0..<count).map { try pixels(first, $0) }
    let backward = try (0..<count).reversed().map { try pixels(second, $0) }.reversed()
    let together = Slots<[Float]>(count)
    DispatchQueue.concurrentPerform(iterations: count) { index in
      together.set(index, try? pixels(first, index))
    }
    for (index, radiograph) in forward.enumerated() {
      guard radiograph == Array(backward)[index], radiograph == together.values[index] else {
        throw Broken(
          "radiograph \(index) has other pixels when radiographs are asked for in another order or at once")
      }
      guard radiograph.allSatisfy({ $0.isFinite && (0...1).contains($0) }) else {
        throw Broken("radiograph \(index) has pixels outside [0, 1]")
      }
    }
  }

  /// A radiograph that cannot be used is an answer too.
  private func pixels(_ source: any RadiographSource, _ index: Int) throws -> [Float] {
    do {
      return try PluginCode("data source \"\(definition.name)\"", "image").run {
        try source.radiograph(at: index).pixels
      }
    } catch is UnusableRadiograph { return [] }
  }
}

/// Results of concurrent work.
final class Slots<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private(set) var values: [Value?]
  init(_ count: Int) { values = Array(repeating: nil, count: count) }
  func set(_ index: Int, _ value: Value?) { lock.withLock { values[index] = value } }
}
