import Foundation
import Runs

/// The folder of an ablation: which rows were begun by which words, so that a row whose words have changed is not taken
/// for the same.
package final class AblationFolder {
  private struct Document: Codable {
    /// Words that begin a row's runs, but for seed and folder, by the row's name.
    var rows: [String: [String]] = [:]
    /// Steps that rows were given for equal compute, by the row's name.
    var steps: [String: Int]?
  }

  private static let name = "ablation.json"
  private static let lockName = "lock"
  private let lock: RunLock
  private let path: String
  private var document: Document

  /// Claims the folder for this process, or makes it.
  /// - Throws: `AblationError` where it holds something else; `StorageError.folderInUse` where another process works
  ///   there.
  package init(_ out: String) throws {
    path = out
    let isAblation = access("\(out)/\(Self.name)", F_OK) == 0
    if !isAblation, Folder.exists(out),
      try Folder.names(out).contains(where: { $0 != Self.lockName && !$0.contains(".writing-") })
    {
      throw AblationError(
        "--out \(out): expected an empty folder or an ablation's, found one without \(Self.name); give another folder"
      )
    }
    try Folder.create(out + "/logs")
    lock = try RunLock(path: "\(out)/\(Self.lockName)", folder: out)
    document = try Self.document(of: out)
    if !isAblation { try save() }
  }

  /// Steps that an ablation's rows were given for equal compute, by the row's name; empty where none was.
  package static func steps(of out: String) throws -> [String: Int] { try document(of: out).steps ?? [:] }

  /// Steps that rows were given for equal compute, by the row's name.
  package var steps: [String: Int] { document.steps ?? [:] }

  /// Keeps steps that rows are given for equal compute, so that a command that goes on gives the same.
  package func keep(steps: [String: Int]) throws {
    document.steps = steps
    try save()
  }

  /// Keeps by which words each row's runs are begun.
  /// - Throws: `AblationError` where the folder has runs of a row that was begun by other words.
  package func record(_ plan: AblationPlan) throws {
    for cell in plan.cells {
      let row = plan.table.rows[cell.row].name
      let words = Self.words(cell)
      if let former = document.rows[row], former != words, Folder.exists(cell.run) {
        throw AblationError(
          "row \"\(row)\": \(cell.run) was begun by other words: \(Self.difference(former, words)). Give --out another "
            + "folder, name the row otherwise, or remove its runs")
      }
      document.rows[row] = words
    }
    try save()
  }

  private func save() throws { try DurableFile.write(JsonText.encoded(document), to: "\(path)/\(Self.name)") }

  private static func document(of out: String) throws -> Document {
    let file = "\(out)/\(name)"
    guard access(file, F_OK) == 0 else { return Document() }
    do { return try JsonText.decoded(Document.self, from: DurableFile.read(file)) } catch let error
      as DecodingError
    {
      throw StorageError.damaged(
        file: file, expected: "the rows of an ablation", found: JsonText.reason(error))
    }
  }

  /// What begins a row's runs, but for what differs from run to run.
  private static func words(_ cell: AblationPlan.Cell) -> [String] {
    cell.words.filter { !$0.hasPrefix("--out=") && !$0.hasPrefix("--seed=") }
  }

  private static func difference(_ former: [String], _ words: [String]) -> String {
    let (gone, new) = (former.filter { !words.contains($0) }, words.filter { !former.contains($0) })
    func list(_ words: [String]) -> String { words.isEmpty ? "nothing" : words.joined(separator: " ") }
    return "\(list(gone)) then, \(list(new)) now"
  }
}
