import Audit
import Console
import Foundation
import Radiographs
import Runs

/// The folder that an audit is written to.
struct AuditFolder {
  let path: String

  /// - Throws: `UsageError` where it holds something, so that nothing is ever overwritten.
  static func check(_ path: String) throws {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    guard isFolder.boolValue else {
      throw UsageError("--out \(path): expected a new or empty folder, found a file; give another name")
    }
    guard try manager.contentsOfDirectory(atPath: path).isEmpty else {
      throw UsageError(
        "--out \(path): expected a new or empty folder, found other files in it; give another name")
    }
  }

  init(_ path: String) throws {
    self.path = path
    try Self.check(path)
  }

  /// - Parameter seed: of the random sample that the page shows.
  func write(_ findings: AuditFindings, _ report: AuditReport, seed: UInt64) throws {
    let refusal = UsageError("--out \(path): expected a new or empty folder, found other files in it")
    try Folder.fill(path, refusal: { refusal }) {
      try DurableFile.write(Output.json(report) + "\n", to: path + "/audit.json")
      try DurableFile.write(findings.table, to: path + "/images.csv")
      try DurableFile.write(
        AuditPage(findings, report, seed: seed, png: { try PngWriter.encode($0) }).text,
        to: path + "/audit.html")
    }
  }
}
