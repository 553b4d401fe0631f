import CoreTensor
import Foundation
import NeuralNetworks
import Runs
import WorldModel

/// What a checkpoint says besides weights. Random draws and data position are functions of seed and step alone.
package struct TrainingState: Codable, Equatable {
  /// Optimiser steps done.
  package var step: Int
  /// Updates that the optimiser's moments have seen.
  package var updates: Int
  package var seed: Int
}

/// Moves weights and moments between a run and its checkpoints.
package enum ModelCheckpoint {
  package static func save(
    _ optimization: Optimization, step: Int, seed: Int, record: RunRecord, to store: CheckpointStore
  ) throws {
    let state = TrainingState(step: step, updates: optimization.optimizer.updates, seed: seed)
    try store.save(
      step: step, model: optimization.model.entries.map { entry($0.name, $0.parameter.tensor) },
      optimizer: optimization.optimizer.state.map { entry($0.name, $0.tensor) },
      state: try JsonText.encoded(state), further: record.files)
  }

  /// - Returns: the state that the checkpoint was saved in.
  package static func load(_ checkpoint: Checkpoint, into optimization: Optimization) throws -> TrainingState
  {
    let state = try JsonText.decoded(
      TrainingState.self, from: Data(contentsOf: URL(fileURLWithPath: checkpoint.path(of: Checkpoint.state))))
    try loadWeights(checkpoint.path(of: Checkpoint.model), into: optimization.model)
    let moments = try SafetensorsFile(path: checkpoint.path(of: Checkpoint.optimizer))
    for own in optimization.optimizer.state { try read(moments, own.name, into: own.tensor) }
    optimization.optimizer.updates = state.updates
    return state
  }

  /// Reads every parameter and buffer of `model`; a name that is missing or left over is an error.
  package static func loadWeights(_ path: String, into model: WorldModel) throws {
    let file = try SafetensorsFile(path: path)
    let names = Set(model.entries.map(\.name))
    let unexpected = file.names.filter { !names.contains($0) }
    guard unexpected.isEmpty else { throw WeightsError(path: path, unexpected: unexpected) }
    for entry in model.entries { try read(file, entry.name, into: entry.parameter.tensor) }
  }

  /// Gives a module the weights that a checkpoint has of one.
  /// - Parameters:
  ///   - path: of a checkpoint's model.
  ///   - name: of the module there: `target_encoder`.
  ///   - module: of the same make.
  ///   - tables: whether fixed tables are read too; default true.
  /// - Throws: `WeightsError` where the shapes differ or a number is none; `StorageError` where it cannot be read.
  package static func load(
    _ path: String, named name: String, into module: any Module, tables: Bool = true
  ) throws {
    let file = try SafetensorsFile(path: path)
    for entry in module.entries where tables || !entry.isBuffer {
      try read(file, name + "." + entry.name, into: entry.parameter.tensor)
      try WeightsError.checkFinite(entry.parameter.tensor, name: entry.name, path: path)
    }
  }

  private static func read(_ file: SafetensorsFile, _ name: String, into tensor: Tensor) throws {
    let stored = try file.shape(named: name)
    guard stored == tensor.shape else {
      throw WeightsError(path: file.path, name: name, expected: tensor.shape, found: stored)
    }
    try tensor.overwrite { try file.read(named: name, into: $0) }
  }

  private static func entry(_ name: String, _ tensor: Tensor) -> SafetensorsEntry {
    SafetensorsEntry(name: name, elementType: .float32, shape: tensor.shape) { receive in
      try tensor.withValues { try receive(UnsafeRawBufferPointer($0)) }
    }
  }
}

/// Weights that do not fit the model.
package struct WeightsError: Error, CustomStringConvertible {
  package let description: String
  package init(path: String, unexpected: [String]) {
    description =
      "\(path): holds \(unexpected.count) tensors that the model does not have, \(unexpected.prefix(3)); "
      + "were they saved with other tasks or latents?"
  }
  /// - Throws: where one of a tensor's numbers is none, so that whatever is made of it is worth nothing.
  package static func checkFinite(_ tensor: Tensor, name: String, path: String) throws {
    guard let place = Compute.backend("firstNonFinite", tensor).firstNonFinite(tensor) else { return }
    throw WeightsError(
      description:
        "\(path): \(name): expected finite numbers, found \(tensor.values[place]) at place \(place); the run had gone astray "
        + "by then: take an earlier checkpoint (--checkpoint STEP), or train with a lower learning rate")
  }

  private init(description: String) { self.description = description }

  package init(path: String, name: String, expected: [Int], found: [Int]) {
    description =
      "\(path): \(name): expected shape \(expected), found \(found); use the settings it was saved with"
  }
}
