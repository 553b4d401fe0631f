import Foundation

/// An open file: closed when the last reference goes.
package final class FileDescriptor {
  package let path: String
  package private(set) var raw: Int32

  /// - Parameters:
  ///   - action: the verb of an error's sentence: "open", "create".
  ///   - flags: of `open(2)`; close-on-exec is added.
  package init(_ action: String, _ path: String, flags: Int32, mode: mode_t = 0o644) throws {
    self.path = path
    repeat { raw = open(path, flags | O_CLOEXEC, mode) } while raw < 0 && errno == EINTR
    guard raw >= 0 else { throw StorageError.system(action, path) }
  }

  deinit { if raw >= 0 { _ = Glibc.close(raw) } }

  /// Writes all bytes, in one call where the system takes them in one.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let base = rest.baseAddress, rest.count > 0 {
      let written = Glibc.write(raw, base, rest.count)
      if written < 0 {
        if errno == EINTR { continue }
        throw StorageError.system("write to", path)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Writes all bytes over what lies at `offset`.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let written = pwrite(raw, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if written < 0 {
        if errno == EINTR { continue }
        throw StorageError.system("write to", path)
      }
      done += written
    }
  }

  /// Fills `bytes` from `offset`.
  /// - Throws: `StorageError.damaged` where the file ends before.
  package func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let count = pread(raw, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw StorageError.system("read", path)
      }
      guard count > 0 else {
        throw StorageError.damaged(
          file: path, expected: "\(offset + bytes.count) bytes", found: "its end after \(offset + done)")
      }
      done += count
    }
  }

  /// Length in bytes.
  /// - Throws: where the path is a folder or a device.
  package func regularFileSize() throws -> Int {
    var information = stat()
    guard fstat(raw, &information) == 0 else { throw StorageError.system("examine", path) }
    guard information.st_mode & S_IFMT == S_IFREG else {
      throw StorageError.damaged(file: path, expected: "a regular file", found: "a folder or device")
    }
    return Int(information.st_size)
  }

  /// Waits until the file's contents are on the disk.
  package func synchronize() throws {
    // Some network file systems cannot sync a folder and say so with EINVAL: nothing more can be done there.
    guard fsync(raw) == 0 || errno == EINVAL else { throw StorageError.system("sync", path) }
  }

  package func close() throws {
    let closing = raw
    raw = -1
    guard Glibc.close(closing) == 0 || errno == EINTR else { throw StorageError.system("close", path) }
  }
}

/// Few calls on folders, with errors that name them.
package enum Folder {
  package static func exists(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
  }

  /// Makes a folder and those above it; one that exists is fine.
  /// - Returns: those that were made, the outermost first.
  @discardableResult package static func create(_ path: String) throws -> [String] {
    if exists(path) { return [] }
    let parent = parent(of: path)
    let made = parent != path ? try create(parent) : []
    guard mkdir(path, 0o755) == 0 || errno == EEXIST && exists(path) else {
      throw StorageError.system("create folder", path)
    }
    return made + [path]
  }

  /// Fills a folder that must be new or empty. Where that fails, it is left as it was found.
  /// - Parameter refusal: the error for a folder that holds something.
  /// - Throws: also where another process fills it.
  package static func fill<Result>(
    _ path: String, refusal: () -> any Error, _ body: () throws -> Result
  ) throws -> Result {
    let made = try create(path)
    let claim = try FileDescriptor("open folder", path, flags: O_RDONLY | O_DIRECTORY)
    defer { withExtendedLifetime(claim) {} }
    guard flock(claim.raw, LOCK_EX | LOCK_NB) == 0 else { throw StorageError.outputInUse(path: path) }
    guard try names(path).isEmpty else { throw refusal() }
    do { return try body() } catch {
      discard(path, made: made)
      throw error
    }
  }

  /// Takes back what a command that failed has made, as far as the system lets it.
  /// - Parameters:
  ///   - path: a folder, which is emptied.
  ///   - made: folders that the command made, the outermost first; those that are empty then go.
  package static func discard(_ path: String, made: [String]) {
    for name in (try? names(path)) ?? [] { try? remove(path + "/" + name) }
    for folder in made.reversed() { rmdir(folder) }
  }

  /// Removes files that processes which were killed had begun to write; only for who holds the folder's lock.
  package static func removeUnfinished(in path: String) throws {
    for name in try names(path) where UnfinishedFile.isOne(name) { try remove(path + "/" + name) }
  }

  /// Names in a folder, sorted.
  package static func names(_ path: String) throws -> [String] {
    guard let stream = opendir(path) else { throw StorageError.system("list", path) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a file, or a folder with all it holds.
  package static func remove(_ path: String) throws {
    var information = stat()
    guard lstat(path, &information) == 0 else { throw StorageError.system("remove", path) }
    if information.st_mode & S_IFMT == S_IFDIR {
      for name in try names(path) { try remove(path + "/" + name) }
      guard rmdir(path) == 0 else { throw StorageError.system("remove", path) }
    } else {
      guard unlink(path) == 0 else { throw StorageError.system("remove", path) }
    }
  }

  /// Gives a file its name where nothing has that name yet.
  /// - Throws: `StorageError.system` with `EEXIST` where something has.
  package static func place(_ path: String, as destination: String) throws {
    // Unlike a rename, a link never takes the place of what another program put there meanwhile.
    guard link(path, destination) == 0 else {
      guard errno == EPERM || errno == ENOTSUP || errno == EMLINK else {
        throw StorageError.system("name the file", destination)
      }
      guard access(destination, F_OK) != 0 else {
        throw StorageError.system(action: "name the file", path: destination, code: EEXIST)
      }
      return try move(path, to: destination)
    }
    unlink(path)
  }

  package static func move(_ path: String, to destination: String) throws {
    guard rename(path, destination) == 0 else {
      throw StorageError.system("rename to \(destination) the folder or file", path)
    }
  }

  /// Makes renames and removals inside a folder last through a power cut.
  package static func synchronize(_ path: String) throws {
    let folder = try FileDescriptor("open folder", path, flags: O_RDONLY | O_DIRECTORY)
    try folder.synchronize()
  }

  /// The folder that a path lies in: `"."` for a bare name.
  package static func parent(of path: String) -> String {
    // Not Foundation's: that of Swift 6.3 stops the process on a path of one letter.
    let parts = path.split(separator: "/")
    let parent = (path.hasPrefix("/") ? "/" : "") + parts.dropLast().joined(separator: "/")
    return parent.isEmpty ? "." : parent
  }

  /// The last part of a path.
  package static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? "/"
  }
}
