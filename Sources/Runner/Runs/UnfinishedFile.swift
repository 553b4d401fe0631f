import Foundation

/// A file in the making, in the folder where it will lie: it has its name only once it is whole and on the disk,
/// whenever the process or the machine stops. What is not finished goes with the object.
package final class UnfinishedFile {
  /// What becomes of a file that has the name already.
  package enum Earlier {
    case replaced
    /// It stays, and finishing throws.
    case kept
  }

  package let path: String
  package let descriptor: FileDescriptor
  private var isFinished = false

  /// - Parameter path: of the file; its folder must exist.
  /// - Throws: `StorageError.system`.
  package init(_ path: String) throws {
    self.path = path
    let temporary =
      "\(Folder.parent(of: path))/.\(Folder.name(of: path)).writing-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    do {
      descriptor = try FileDescriptor("create", temporary, flags: O_RDWR | O_CREAT | O_EXCL)
    } catch StorageError.system(let action, _, let code) {
      // The name that the user knows.
      throw StorageError.system(action: action, path: path, code: code)
    }
  }

  deinit { if !isFinished { unlink(descriptor.path) } }

  /// Whether a file's name is that of one that a process which was killed had begun.
  package static func isOne(_ name: String) -> Bool {
    name.hasPrefix(".")
      && (name.contains(".writing-") || (name.hasPrefix(".chex-") && name.hasSuffix(".tmp")))
  }

  /// Brings the file to the disk and gives it its name, for good.
  /// - Throws: `StorageError.system`; there is then no file, or the earlier one.
  package func finish(_ earlier: Earlier = .replaced) throws {
    try descriptor.synchronize()
    try descriptor.close()
    switch earlier {
    case .replaced: try Folder.move(descriptor.path, to: path)
    case .kept: try Folder.place(descriptor.path, as: path)
    }
    isFinished = true
    try Folder.synchronize(Folder.parent(of: path))
  }
}
