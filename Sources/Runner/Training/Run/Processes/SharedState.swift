import CoreTensor
import Foundation
import PluginHost
import Runs
import WorldModel

/// What all processes of a run must agree on.
enum SharedState {
  /// Gives every process the first one's weights, moments and counts, so that only that one reads checkpoints.
  /// - Parameters:
  ///   - optimization: the first process's as it is to go on; overwritten on the others.
  ///   - start: optimiser steps done; what others give is not looked at.
  /// - Returns: the first process's `start`.
  /// - Throws: `CommunicationError`.
  static func share(_ optimization: Optimization, start: Int, _ communicator: any Communicator) throws -> Int
  {
    let own = [start, optimization.optimizer.updates].map { "\($0)" }.joined(separator: " ")
    let first = try communicator.gather(bytes: Array(own.utf8))[0]
    let numbers = String(decoding: first, as: UTF8.self).split(separator: " ").compactMap { Int($0) }
    for entry in optimization.model.entries { try communicator.broadcast(entry.parameter.tensor, from: 0) }
    for own in optimization.optimizer.state { try communicator.broadcast(own.tensor, from: 0) }
    optimization.optimizer.updates = numbers[1]
    return numbers[0]
  }

  /// Compares what all processes are made of and trained with, before they begin.
  /// - Throws: `CommunicationError` that says how one differs from the first.
  static func compare(_ setup: RunSetup, radiographs: String, _ communicator: any Communicator) throws {
    let own = [
      "program": PluginHost.coreFingerprint, "instructions": InstructionSet.current.rawValue,
      "settings": settings(setup), "list of radiographs": radiographs,
      "precision": setup.backend.activationType.rawValue,
    ]
    let all = try communicator.gather(bytes: Array(JSONEncoder().encode(own))).map {
      try JSONDecoder().decode([String: String].self, from: Data($0))
    }
    for (rank, other) in all.enumerated() {
      for (subject, value) in other.sorted(by: { $0.key < $1.key }) where value != all[0][subject] {
        throw CommunicationError(
          "\(subject): rank 0 has \(all[0][subject] ?? "none"), rank \(rank) has \(value); all processes of a run must have the "
            + "same" + (subject == "instructions" ? ": hold them to the lesser set with --instructions" : ""))
      }
    }
  }

  /// Checks that all processes have the same weights to the bit.
  /// - Throws: `CommunicationError` that names the processes that have not.
  static func verify(_ optimization: Optimization, step: Int, _ communicator: any Communicator) throws {
    var checksum = Checksum()
    for entry in optimization.model.entries {
      entry.parameter.tensor.withValues { checksum.add(UnsafeRawBufferPointer($0)) }
    }
    let all = try communicator.gather(bytes: Array(checksum.text.utf8))
    let others = all.indices.filter { all[$0] != all[0] }
    guard others.isEmpty else {
      throw CommunicationError(
        "after step \(step) the weights of rank \(others.map(String.init).joined(separator: ", ")) are not those of rank 0; "
          + "processors or devices of one kind, or --instructions, make all compute alike")
    }
  }

  /// Settings that decide what is computed, as a short text.
  private static func settings(_ setup: RunSetup) -> String {
    var (checksum, text) = (Checksum(), setup.settings.tomlText)
    text.withUTF8 { checksum.add(UnsafeRawBufferPointer($0)) }
    return checksum.text
  }
}

extension CommunicationTraffic {
  /// What moved since `earlier`, for each of so many steps.
  func sentence(since earlier: CommunicationTraffic, steps: Int) -> String {
    let steps = Double(max(steps, 1))
    return String(
      format: "between processes: %.1f calls and %.1f MB sent by each, a step",
      Double(calls - earlier.calls) / steps, Double(byteCount - earlier.byteCount) / steps / 1e6)
  }
}

/// Sees to it that all processes of a run stay alike: after the first step, and before each checkpoint.
struct AgreementCheck: TrainingHook {
  typealias Report = PretrainingStep
  let optimization: Optimization
  let communicator: any Communicator
  /// Optimiser steps that this process found done.
  let start: Int

  /// Nil where there is one process.
  init?(_ parts: RunParts, start: Int) {
    guard let communication = parts.setup.communication else { return nil }
    (optimization, communicator, self.start) = (parts.optimization, communication, start)
  }

  func didStep(_ position: TrainingPosition, _ step: PretrainingStep) throws {
    if position.step == start + 1 { try save(position) }
  }
  func save(_ position: TrainingPosition) throws {
    try SharedState.verify(optimization, step: position.step, communicator)
  }
}
