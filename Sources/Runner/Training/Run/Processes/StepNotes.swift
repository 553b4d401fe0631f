import Batches
import CoreTensor
import Foundation
import Runs
import WorldModel

/// What the host knows of a step's batches beside their tensors, of one process or of all.
struct StepNotes: Codable {
  /// A task's processor seconds.
  struct Seconds: Codable {
    let task: String
    var draw: Double
    var edit: Double
  }
  /// What batches were made of, for reports of what went wrong.
  struct Contents: Codable {
    var radiographs: [String]
    var draws: [[String: [Double]]]
  }

  /// Of each supervision, patches that are compared, added up over batches.
  private var patches: [String: Int]
  private var names: [String]
  private var batches: Int
  private(set) var seconds: [Seconds]
  /// Whether somebody asked this process to stop.
  private(set) var wantsStop: Bool

  init(_ batches: [LoadedBatch], wantsStop: Bool) {
    self.batches = batches.count
    self.wantsStop = wantsStop
    names = batches[0].batch.supervisions.map(\.name)
    patches = [:]
    for batch in batches {
      for own in batch.batch.supervisions { patches[own.name, default: 0] += own.patches.first?.count ?? 0 }
    }
    seconds = []
    for own in batches.flatMap(\.seconds) { add(Seconds(task: own.task, draw: own.draw, edit: own.edit)) }
  }

  /// How many patches of a target each supervision is compared on; means where a step is of several batches.
  var meanPatches: [(name: String, value: Double)] {
    names.map { ($0, Double(patches[$0] ?? 0) / Double(batches)) }
  }

  /// The notes of all processes as one.
  /// - Throws: `CommunicationError`.
  func joined(_ communicator: any Communicator) throws -> StepNotes {
    let all = try Self.gather(self, communicator)
    var whole = all[0]
    for other in all.dropFirst() {
      whole.batches += other.batches
      whole.wantsStop = whole.wantsStop || other.wantsStop
      whole.names += other.names.filter { !whole.names.contains($0) }
      whole.patches.merge(other.patches, uniquingKeysWith: +)
      for own in other.seconds { whole.add(own) }
    }
    return whole
  }

  /// What the batches of all processes were made of.
  /// - Throws: `CommunicationError`.
  static func contents(_ batches: [LoadedBatch], _ communicator: (any Communicator)?) throws -> Contents {
    let own = Contents(radiographs: batches.flatMap(\.radiographs), draws: batches.flatMap(\.draws))
    guard let communicator else { return own }
    let all = try gather(own, communicator)
    return Contents(radiographs: all.flatMap(\.radiographs), draws: all.flatMap(\.draws))
  }

  private static func gather<Value: Codable>(
    _ value: Value, _ communicator: any Communicator
  ) throws -> [Value] {
    try communicator.gather(bytes: Array(JSONEncoder().encode(value))).map {
      try JSONDecoder().decode(Value.self, from: Data($0))
    }
  }

  private mutating func add(_ own: Seconds) {
    guard let index = seconds.firstIndex(where: { $0.task == own.task }) else { return seconds.append(own) }
    seconds[index].draw += own.draw
    seconds[index].edit += own.edit
  }
}
