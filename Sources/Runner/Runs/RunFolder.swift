import Foundation

/// The folder of one run, and the names of what lies in it.
public struct RunFolder: Sendable, Equatable {
  /// Everything that a run writes.
  public enum Item: String, Sendable, CaseIterable {
    /// The resolved configuration, from which the run can be resumed.
    case configuration = "config.toml"
    /// Versions of plugins and of the runner.
    case versions = "versions.json"
    case metrics = "metrics.jsonl"
    /// What the collapse watch saw, a line for each glance.
    case diagnostics = "diagnostics.jsonl"
    /// Event files for TensorBoard, where they are asked for.
    case tensorBoard = "tensorboard"
    case log = "run.log"
    case lossChart = "loss.png"
    /// The same chart, sharp at any size.
    case lossOutlines = "loss.svg"
    case batchSheet = "batch.png"
    case checkpoints = "checkpoints"
    /// Radiographs that could not be used, each with its reason.
    case skippedRadiographs = "skipped.txt"
    /// Diagnostics and probe figures at the end of the run.
    case summary = "summary.json"
    /// Written when a loss was not finite: radiographs, draws and the failing term.
    case failure = "failure.json"
    /// Of a crash.
    case backtrace = "backtrace.txt"
    /// Held while a process trains here.
    case lock = "lock"
    /// There until something is done that is worth keeping: a command that failed before leaves the folder to others.
    case notBegun = "nothing-done-yet"
  }

  public let path: String

  /// A folder that may not be a run yet.
  package init(path: String) { self.path = path }

  /// Makes the folder of a new run and claims it for this process.
  /// - Parameters:
  ///   - path: must not exist, be empty, or be left by a process that ended before `markWorkedIn`.
  ///   - body: begins the run. Where it throws before `markWorkedIn`, the folder is left as it was found.
  /// - Throws: `StorageError.folderNotEmpty` with the remedy, `StorageError.folderInUse`, `StorageError.system`, and
  ///   what `body` throws.
  public static func create<Result>(at path: String, _ body: (RunFolder) throws -> Result) throws -> Result {
    let run = RunFolder(path: path)
    let refusal = StorageError.folderNotEmpty(path: path, isRun: run.has(.configuration))
    let made = try Folder.create(path)
    guard try run.isFree() else { throw refusal }
    // Of two processes that start at once in one folder only one goes on; the other may come after its whole run.
    let lock = try run.lock()
    defer { withExtendedLifetime(lock) {} }
    guard try run.isFree() else { throw refusal }
    try run.write("", to: .notBegun)
    for name in try run.remains() where name != Item.notBegun.rawValue {
      try Folder.remove(path + "/" + name)
    }
    do { return try body(run) } catch {
      if run.has(.notBegun) { Folder.discard(path, made: made) }
      throw error
    }
  }

  /// Whether there is nothing in the folder that is worth keeping.
  private func isFree() throws -> Bool {
    let remains = try remains()
    return remains.isEmpty || remains.contains(Item.notBegun.rawValue)
  }

  /// Names in the folder but the lock's, and those of files that a killed process was writing.
  private func remains() throws -> [String] {
    try Folder.names(path).filter { $0 != Item.lock.rawValue && !$0.contains(".writing-") }
  }

  /// Says that there is something in the folder that is worth keeping.
  public func markWorkedIn() throws {
    if has(.notBegun) { try Folder.remove(path(of: .notBegun)) }
  }

  /// Opens the folder of an existing run.
  /// - Throws: `StorageError.notARun` where its configuration is missing.
  public static func open(at path: String) throws -> RunFolder {
    let run = RunFolder(path: path)
    guard Folder.exists(path) else { throw StorageError.notARun(path: path, missing: "folder") }
    guard run.has(.configuration) else {
      throw StorageError.notARun(path: path, missing: Item.configuration.rawValue)
    }
    return run
  }

  public func path(of item: Item) -> String { path + "/" + item.rawValue }

  /// Whether the item exists.
  public func has(_ item: Item) -> Bool { access(path(of: item), F_OK) == 0 }

  /// Writes a text item durably.
  public func write(_ text: String, to item: Item) throws {
    try DurableFile.write(text, to: path(of: item))
  }

  /// Reads a text item.
  /// - Throws: `StorageError`, also where it is not UTF-8.
  public func text(of item: Item) throws -> String {
    guard let text = String(data: try DurableFile.read(path(of: item)), encoding: .utf8) else {
      throw StorageError.damaged(file: path(of: item), expected: "text in UTF-8", found: "other bytes")
    }
    return text
  }

  /// Claims the folder for this process until the lock is released or the process ends, however it ends.
  /// - Throws: `StorageError.folderInUse` where another process holds it.
  public func lock() throws -> RunLock { try RunLock(path: path(of: .lock), folder: path) }
}

/// A claim on a run's folder; released when the last reference goes.
public final class RunLock {
  private let descriptor: FileDescriptor
  /// Locked too, where the file system locks folders, so that deleting the lock's file lets nobody in.
  private let folder: FileDescriptor

  package init(path: String, folder: String) throws {
    self.folder = try FileDescriptor("open folder", folder, flags: O_RDONLY | O_DIRECTORY)
    descriptor = try FileDescriptor("open", path, flags: O_RDWR | O_CREAT)
    guard flock(descriptor.raw, LOCK_EX | LOCK_NB) == 0 else {
      guard errno == EWOULDBLOCK else { throw StorageError.system("lock", path) }
      let text = (try? DurableFile.read(path, limit: 64)).map { String(decoding: $0, as: UTF8.self) } ?? ""
      throw StorageError.folderInUse(
        path: folder, process: Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    }
    if flock(self.folder.raw, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      throw StorageError.folderInUse(path: folder, process: nil)
    }
    try Folder.removeUnfinished(in: folder)
    guard ftruncate(descriptor.raw, 0) == 0 else { throw StorageError.system("write to", path) }
    var owner = "\(getpid())\n"
    try owner.withUTF8 { [descriptor] in try descriptor.write(UnsafeRawBufferPointer($0)) }
  }

  /// Gives the folder free.
  public func release() throws {
    try folder.close()
    try descriptor.close()
  }
}
