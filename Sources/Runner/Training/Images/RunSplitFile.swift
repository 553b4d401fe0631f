import Batches
import Console
import Radiographs
import Runs
import WorldModel

/// Splits of a file in place of those that the source names.
extension RunSetup {
  /// What the files of `data.split_file` say, folds and all; nil where there are none.
  /// - Throws: `RadiographsError.table` where they are malformed, or have another checksum than `data.split_checksum`.
  package func splitList() throws -> SplitList? {
    let data = configuration.data
    guard let files = data.splitFile else {
      let idle =
        data.splitFold != nil ? "data.split_fold" : data.splitChecksum != nil ? "data.split_checksum" : nil
      guard let idle else { return nil }
      throw UsageError("\(idle): expected a file of splits, found none; name it with --split-file")
    }
    let checksum = try data.splitChecksum.map { text in
      guard let checksum = SplitChecksum.parse(text) else {
        throw UsageError(
          "data.split_checksum: expected \"sha256:\" and 64 hexadecimal digits, found \"\(text.printable)\"; "
            + "chex-runner data splits tells a file's")
      }
      return checksum
    }
    return try SplitFile.read(files, checksum: checksum)
  }

  /// The radiographs that the run's files of splits name, with the splits that they have there; the source itself where
  /// there are no such files.
  func split(_ source: any RadiographSource) throws -> any RadiographSource {
    guard let list = try splitList(), let files = configuration.data.splitFile else { return source }
    let name = files.joined(separator: ", ")
    let chosen = try list.choosing(fold: configuration.data.splitFold ?? 0, of: name)
    let records = source.records
    let found = try SplitMatching(
      chosen, records.map(\.identifier), bare: records.map(\.bareIdentifier), path: name)
    let without = found.splits.count { $0 == nil }
    var notes: [String] = []
    if without > 0 {
      notes.append("\(without) of \(records.count) radiographs have no split in \(name) and are left out")
    }
    if let first = found.unmatched.first {
      notes.append(
        "\(found.unmatched.count) of \(chosen.entries.count) names in \(name) are those of no radiograph, the first "
          + "\"\(first.printable)\"")
    }
    return ChosenRadiographs(source, splits: found.splits, list: name, notes: notes)
  }
}

extension RunFolder {
  /// Which radiographs the run trained on; nil where its version kept no record of it.
  package func recordedSplit() throws -> SplitRecord? { try RunVersions(of: self).split }
}
