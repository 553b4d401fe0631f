import Foundation

/// What can go wrong with files that a run writes and reads.
public enum StorageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system refused: what was tried, on which path, with which `errno`.
  case system(action: String, path: String, code: Int32)
  /// A safetensors file breaks the format, or holds something else than was asked for.
  case safetensors(file: String, tensor: String?, expected: String, found: String)
  /// A file of a run holds something else than it should.
  case damaged(file: String, expected: String, found: String)
  /// No checkpoint has been written yet.
  case noCheckpoint(folder: String)
  /// Checkpoints exist, but each one is damaged; one reason for each.
  case noIntactCheckpoint(folder: String, reasons: [String])
  /// A checkpoint that was just written does not read back as it was written.
  case checkpointNotVerified(folder: String, reason: String)
  /// The folder of a new run holds something already; `isRun` where that is a run.
  case folderNotEmpty(path: String, isRun: Bool)
  /// The folder of a run went while the run was going on.
  case folderRemoved(path: String)
  /// The folder holds no run.
  case notARun(path: String, missing: String)
  /// Another process writes the same file or folder.
  case outputInUse(path: String)
  /// Another process works in this folder.
  case folderInUse(path: String, process: Int32?)

  /// `errno` as the last failed call left it.
  package static func system(_ action: String, _ path: String) -> StorageError {
    .system(action: action, path: path, code: errno)
  }

  /// Whether the system refused, rather than what a file holds.
  package var isOfTheSystem: Bool { if case .system(_, _, let code) = self { code != ENOENT } else { false } }

  public var description: String {
    switch self {
    case .system(let action, let path, let code):
      let remedy = Self.remedy(code).map { "; " + $0 } ?? ""
      return "cannot \(action) \(path): \(String(cString: strerror(code))) (errno \(code))\(remedy)"
    case .safetensors(let file, let tensor, let expected, let found):
      let place = tensor.map { ", tensor \"\($0)\"" } ?? ""
      return "\(file)\(place): expected \(expected), found \(found)"
    case .damaged(let file, let expected, let found):
      return "\(file): expected \(expected), found \(found)"
    case .noCheckpoint(let folder):
      return "\(folder): no checkpoint has been written yet; start the run anew in another folder (--out)"
    case .noIntactCheckpoint(let folder, let reasons):
      return "\(folder): no checkpoint is intact\n  " + reasons.joined(separator: "\n  ")
        + "\n  restore one from a backup, or start the run anew in another folder (--out)"
    case .checkpointNotVerified(let folder, let reason):
      return "\(folder): the new checkpoint does not read back as it was written (\(reason)); "
        + "it was removed and earlier ones are kept; check the disk before going on"
    case .folderNotEmpty(let path, true):
      return "\(path): already holds a run; go on with it (chex-runner resume \(path)) or give another --out"
    case .folderNotEmpty(let path, false):
      return
        "\(path): expected a new or empty folder for the run, found other files in it; give another --out"
    case .notARun(let path, let missing):
      return
        "\(path): expected the folder of a run, found no \(missing) in it; give the folder that was --out"
    case .folderRemoved(let path):
      return
        "\(path): the folder was removed while the run was going on, which ends here; begin anew with --out"
    case .outputInUse(let path):
      return "\(path): another process is writing it; wait for it, or give another --out"
    case .folderInUse(let path, let process):
      let who = process.map { "process \($0)" } ?? "another process"
      return "\(path): \(who) is working in this folder; wait for it, stop it, or give another --out"
    }
  }

  private static func remedy(_ code: Int32) -> String? {
    switch code {
    case ENOSPC, EDQUOT: "free some space or give a folder on another disk"
    case EACCES, EPERM, EROFS: "give a folder that you may write to, or change its permissions"
    case ENOENT: "check the path's spelling"
    default: nil
    }
  }
}
