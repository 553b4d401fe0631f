import CoreTensor
import Foundation
import Runs

/// The checkpoints of one run.
///
/// A checkpoint appears under its name only when all its files are on the disk; earlier ones go only when the new
/// one has been read back. At any moment at least one intact checkpoint exists once the first has been saved.
public final class CheckpointStore {
  /// A file of a checkpoint, written when its turn comes.
  public struct File {
    public let name: String
    let write: (FileSink) throws -> Void

    /// - Parameter write: gives the file's bytes.
    public init(name: String, write: @escaping (FileSink) throws -> Void) {
      self.name = name
      self.write = write
    }
  }

  /// What `latest()` found.
  public struct Found: Sendable, Equatable {
    public let checkpoint: Checkpoint
    /// One text (path, reason) for each newer checkpoint that is damaged.
    public let warnings: [String]
  }

  private static let saving = ".saving-"
  private static let replaced = ".replaced-"

  public let folder: String
  /// Checkpoints that stay when a new one has been saved, the new one included.
  public let keep: Int
  /// The newest checkpoint of this step or an earlier one stays too, however old; nil = none does.
  package var keptStep: Int?
  /// Steps whose checkpoints this process has read back; others are read before they count as kept.
  private var verified: Set<Int> = []

  /// Opens the store and clears what a killed process left half-written.
  /// - Parameters:
  ///   - folder: made where it is missing.
  ///   - keep: at least 1; 2 or more are advised, so that a disk fault in the newest loses little.
  public init(folder: String, keep: Int) throws {
    require(keep >= 1, "CheckpointStore: keep is \(keep), must be at least 1")
    self.folder = folder
    self.keep = keep
    try Folder.create(folder)
    for name in try Folder.names(folder) {
      if name.hasPrefix(Self.saving) {
        try Folder.remove(folder + "/" + name)
      } else if name.hasPrefix(Self.replaced) {
        let original = folder + "/" + name.dropFirst(Self.replaced.count)
        // Killed between two renames: the old checkpoint of that step is still the only one.
        if Folder.exists(original) {
          try Folder.remove(folder + "/" + name)
        } else {
          try Folder.move(folder + "/" + name, to: original)
        }
      }
    }
  }

  /// Opens the store of a run that another process may be training: nothing is made, cleared or removed.
  public init(reading folder: String) {
    (self.folder, keep) = (folder, .max)
  }

  /// All checkpoints by name, intact or not, in order of step.
  public func all() throws -> [Checkpoint] {
    guard Folder.exists(folder) else { return [] }
    return try Folder.names(folder)
      .compactMap { name in
        Checkpoint.step(ofFolder: name).map { Checkpoint(step: $0, path: folder + "/" + name) }
      }
      .sorted { $0.step < $1.step }
  }

  /// The newest checkpoint that reads as its manifest says.
  /// - Throws: `StorageError.noCheckpoint`, or `.noIntactCheckpoint` with a reason for each.
  public func latest() throws -> Found {
    var warnings: [String] = []
    for checkpoint in try all().reversed() {
      do {
        try checkpoint.verify()
        verified.insert(checkpoint.step)
        return Found(checkpoint: checkpoint, warnings: warnings)
      } catch let error as StorageError {
        let problem = error.isOfTheSystem ? "cannot be read" : "is damaged"
        warnings.append("checkpoint \(checkpoint.path) \(problem) and was passed over: \(error)")
      }
    }
    if warnings.isEmpty { throw StorageError.noCheckpoint(folder: folder) }
    throw StorageError.noIntactCheckpoint(folder: folder, reasons: warnings)
  }

  /// Saves model, optimiser and state, verifies what was written, then removes checkpoints beyond `keep`.
  /// - Parameters:
  ///   - step: optimiser steps done.
  ///   - state: JSON of schedule, random and data position.
  ///   - further: other files beside them.
  /// - Throws: `StorageError`; earlier checkpoints are then untouched.
  @discardableResult
  public func save(
    step: Int, model: [SafetensorsEntry], optimizer: [SafetensorsEntry], state: String,
    metadata: [String: String] = [:], further: [File] = []
  ) throws -> Checkpoint {
    try save(
      step: step,
      files: [
        File(name: Checkpoint.model) { try SafetensorsWriter.write(model, metadata: metadata, to: $0) },
        File(name: Checkpoint.optimizer) { try SafetensorsWriter.write(optimizer, to: $0) },
        File(name: Checkpoint.state) { try $0.write(state) },
      ] + further)
  }

  /// Saves any set of files as one checkpoint.
  @discardableResult
  public func save(step: Int, files: [File]) throws -> Checkpoint {
    require(step >= 0, "CheckpointStore.save: step \(step) is negative")
    let name = Checkpoint.folderName(step: step)
    let checkpoint = Checkpoint(step: step, path: folder + "/" + name)
    let temporary = folder + "/" + Self.saving + name
    guard Folder.exists(folder) else { throw StorageError.folderRemoved(path: Folder.parent(of: folder)) }
    do {
      try write(files, step: step, to: temporary)
    } catch {
      if Folder.exists(temporary) { try? Folder.remove(temporary) }
      throw error
    }
    let aside = try place(temporary, as: checkpoint)
    try confirm(checkpoint, aside: aside)
    try removeOld(newest: checkpoint)
    return checkpoint
  }

  private func write(_ files: [File], step: Int, to temporary: String) throws {
    if Folder.exists(temporary) { try Folder.remove(temporary) }
    try Folder.create(temporary)
    var entries: [CheckpointManifest.File] = []
    for file in files {
      let sink = try FileSink(path: temporary + "/" + file.name)
      try file.write(sink)
      let seal = try sink.finish()
      entries.append(.init(name: file.name, bytes: seal.bytes, crc32: seal.crc32))
    }
    let manifest = try FileSink(path: temporary + "/" + Checkpoint.manifest)
    try manifest.write(CheckpointManifest(step: step, files: entries).text())
    _ = try manifest.finish()
    try Folder.synchronize(temporary)
  }

  /// Gives the folder its final name.
  /// - Returns: where an earlier checkpoint of the same step was put aside.
  private func place(_ temporary: String, as checkpoint: Checkpoint) throws -> String? {
    var aside: String?
    if Folder.exists(checkpoint.path) {
      let path = folder + "/" + Self.replaced + Checkpoint.folderName(step: checkpoint.step)
      if Folder.exists(path) { try Folder.remove(path) }
      try Folder.move(checkpoint.path, to: path)
      aside = path
    }
    try Folder.move(temporary, to: checkpoint.path)
    try Folder.synchronize(folder)
    return aside
  }

  /// Reads the new checkpoint back; where it differs, takes it away and puts the earlier one in its place.
  private func confirm(_ checkpoint: Checkpoint, aside: String?) throws {
    do { try checkpoint.verify() } catch {
      verified.remove(checkpoint.step)
      try Folder.remove(checkpoint.path)
      if let aside { try Folder.move(aside, to: checkpoint.path) }
      throw StorageError.checkpointNotVerified(folder: checkpoint.path, reason: "\(error)")
    }
    verified.insert(checkpoint.step)
    if let aside { try Folder.remove(aside) }
  }

  /// Removes checkpoints older than the `keep` newest intact ones but that of `keptStep`, and damaged ones that the run has gone past.
  private func removeOld(newest: Checkpoint) throws {
    var kept = 0
    var keptStep = keptStep
    for checkpoint in try all().reversed() {
      guard let intact = isIntact(checkpoint) else { continue }
      // Where it is among the newest it is counted with them.
      let isKept = intact && keptStep.map { checkpoint.step <= $0 } ?? false
      if isKept { keptStep = nil }
      if checkpoint.step > newest.step {
        // From a future that was given up. An intact one is not ours to remove.
        if !intact { try remove(checkpoint) }
      } else if kept < keep && intact {
        kept += 1
      } else if !isKept {
        try remove(checkpoint)
      }
    }
    try Folder.synchronize(folder)
  }

  /// Nil where the system would not let it be read: that is no reason to remove it, nor to count on it.
  private func isIntact(_ checkpoint: Checkpoint) -> Bool? {
    if verified.contains(checkpoint.step) { return true }
    do { try checkpoint.verify() } catch StorageError.system(_, _, let code) where code != ENOENT {
      return nil
    } catch { return false }
    verified.insert(checkpoint.step)
    return true
  }

  private func remove(_ checkpoint: Checkpoint) throws {
    verified.remove(checkpoint.step)
    // The manifest goes first: a removal that is cut short leaves nothing that could pass for a checkpoint.
    unlink(checkpoint.path(of: Checkpoint.manifest))
    try Folder.remove(checkpoint.path)
  }
}

extension RunFolder {
  /// The run's checkpoints, for the process that trains here.
  /// - Parameter keep: see `CheckpointStore`.
  public func checkpoints(keep: Int) throws -> CheckpointStore {
    try CheckpointStore(folder: path(of: .checkpoints), keep: keep)
  }

  /// Those that are there, for whoever does not train here.
  public var savedCheckpoints: CheckpointStore { CheckpointStore(reading: path(of: .checkpoints)) }
}
