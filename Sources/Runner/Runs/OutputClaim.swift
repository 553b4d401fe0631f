import Foundation

/// A claim on the name of a file that this process is going to write: of two commands that write to one place only one
/// goes on. It ends with the process, however that ends. For folders `Folder.fill` has the like.
package final class OutputClaim {
  private let descriptor: FileDescriptor
  private let path: String

  /// - Parameter output: the file that is to be written; its folder must exist.
  /// - Throws: `StorageError.outputInUse` where another process writes there.
  package init(_ output: String) throws {
    path = Folder.parent(of: output) + "/.\(Folder.name(of: output)).claimed"
    var descriptor = try FileDescriptor("create", path, flags: O_RDWR | O_CREAT)
    while true {
      guard flock(descriptor.raw, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { throw StorageError.system("lock", path) }
        throw StorageError.outputInUse(path: output)
      }
      if Self.isStillThere(path, descriptor) { break }
      // Its former owner removed it between opening and locking.
      descriptor = try FileDescriptor("create", path, flags: O_RDWR | O_CREAT)
    }
    self.descriptor = descriptor
  }

  deinit { unlink(path) }

  private static func isStillThere(_ path: String, _ descriptor: FileDescriptor) -> Bool {
    var (own, named) = (stat(), stat())
    return fstat(descriptor.raw, &own) == 0 && stat(path, &named) == 0 && own.st_ino == named.st_ino
      && own.st_dev == named.st_dev
  }
}
