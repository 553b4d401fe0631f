import Foundation
import Runs

/// The folder of an ablation: which rows were begun by which words, so that a row whose words have changed is not taken
/// for the same.
package final class AblationFolder {
  private struct Document: Codable {
    /// Words that begin a row's runs, but for seed and folder, by the row's name.
    var rows: [String: [String]]
  }

  private static let name = "ablation.json"
  private static let lockName = "lock"
  private let lock: RunLock

  /// Claims the folder for this process, or makes it.
  /// - Throws: `AblationError` where it holds something else, or runs of a row that was begun by other words;
  ///   `StorageError.folderInUse` where another process works there.
  package init(_ plan: AblationPlan) throws {
    let file = "\(plan.out)/\(Self.name)"
    let isAblation = access(file, F_OK) == 0
    if !isAblation, Folder.exists(plan.out),
      try Folder.names(plan.out).contains(where: { $0 != Self.lockName && !$0.contains(".writing-") })
    {
      throw AblationError(
        "--out \(plan.out): expected an empty folder or an ablation's, found one without \(Self.name); give another folder"
      )
    }
    try Folder.create(plan.out + "/logs")
    lock = try RunLock(path: "\(plan.out)/\(Self.lockName)", folder: plan.out)
    var document = Document(rows: [:])
    if isAblation {
      do { document = try JsonText.decoded(Document.self, from: DurableFile.read(file)) } catch let error
        as DecodingError
      {
        throw StorageError.damaged(
          file: file, expected: "the rows of an ablation", found: JsonText.reason(error))
      }
    }
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
    try DurableFile.write(JsonText.encoded(document), to: file)
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
