import Foundation

/// Who can change a file whose code this process runs, or which names such files.
///
/// A library is code, and a registry says which libraries are loaded, so that both are taken only where nobody but
/// their owner, or the group that the owner chose, can write. `docs/trust.md` says what else is code and what is data.
enum FileTrust {
  /// Why a file must not be used; nil where it may be. What is not there is refused elsewhere.
  static func fault(of path: String) -> String? {
    guard let file = status(path), let folder = status(folder(of: path)) else { return nil }
    if file.st_mode & S_IWOTH != 0 { return "one that every user may change" }
    // In a folder with the sticky bit, as /tmp, nobody can replace another user's file.
    if folder.st_mode & S_IWOTH != 0 && folder.st_mode & S_ISVTX == 0 {
      return "one that every user may replace, since all may write to its folder"
    }
    return nil
  }

  /// The owner of a file, where that is neither this user nor the administrator.
  static func foreignOwner(of path: String) -> String? {
    guard let owner = status(path)?.st_uid, owner != geteuid(), owner != 0 else { return nil }
    return getpwuid(owner).map { String(cString: $0.pointee.pw_name) } ?? "user \(owner)"
  }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  private static func folder(of path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().deletingLastPathComponent().path
  }
}
