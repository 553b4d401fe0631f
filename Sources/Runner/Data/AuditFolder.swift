import Films
import Foundation

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
      try DurableFile.write(Self.table(findings), to: path + "/films.csv")
      try DurableFile.write(AuditPage(findings, report, seed: seed).text, to: path + "/audit.html")
    }
  }

  /// One row for each film of every collection.
  static func table(_ findings: AuditFindings) -> String {
    var text = "collection,film,decoded,reason,width,height,bits,hash,patient,split,flags\n"
    let flags = self.flags(findings)
    for (index, film) in findings.films.enumerated() {
      let size = film.size ?? film.header.map { ($0.width, $0.height) }
      let (width, height) = size.map { ("\($0.width)", "\($0.height)") } ?? ("", "")
      let cells: [String] = [
        findings.collections[film.collection].name, film.record.identifier,
        film.look == nil ? "no" : "yes", film.reason ?? "", width, height,
        film.header.map { "\($0.bitDepth)" } ?? "", film.look?.digest.description ?? "",
        film.record.patient ?? "", film.split, flags[index].joined(separator: "|"),
      ]
      text += cells.map(DelimitedText.cell).joined(separator: ",") + "\n"
    }
    return text
  }

  /// Names of suspicions, leaks and duplicates, for each film.
  private static func flags(_ findings: AuditFindings) -> [[String]] {
    var flags = findings.suspicions.map { $0.map(\.rawValue) }
    func add(_ name: String, _ film: Int) {
      if !flags[film].contains(name) { flags[film].append(name) }
    }
    for group in findings.duplicates.exact { for film in group { add("exact-duplicate", film) } }
    for pair in findings.duplicates.near {
      for film in [pair.first, pair.second] { add("near-duplicate", film) }
    }
    for leak in findings.leaks { for film in leak.films { add(leak.kind.rawValue, film) } }
    return flags
  }
}
