import Foundation
import Radiographs
import Runs

/// The radiographs that a run names, as far as its folder and the disk tell.
struct ReportedData: Encodable {
  struct Source: Encodable {
    /// As `data.source` has it.
    let name: String
    /// What lies there now, with a checksum where it is a file or a store; empty for the name of a plugin.
    let found: String
  }

  let sources: [Source]
  /// What the run said of its radiographs when it began.
  let summary: String?
  /// Fingerprint of the list of radiographs, when the run began or went on last.
  let list: String?
  /// Radiographs that could not be used.
  let skipped: [String]

  init(sources names: [String], log: [RunLogLine], _ reader: inout FolderReader) {
    sources = names.map { Source(name: $0, found: Self.found($0)) }
    summary = log.last { $0.text.hasPrefix("radiographs: ") }.map { String($0.text.dropFirst(13)) }
    list = log.last { $0.text.hasPrefix("list of radiographs: ") }.map { String($0.text.dropFirst(21)) }
    skipped =
      reader.text(RunFolder.Item.skippedRadiographs.rawValue).map {
        $0.split(separator: "\n").map(String.init)
      } ?? []
  }

  private static func found(_ name: String) -> String {
    // A collection in its owner's layout is NAME:FOLDER.
    let path = name.contains(":") ? String(name.split(separator: ":", maxSplits: 1).last ?? "") : name
    var information = stat()
    guard stat(path, &information) == 0 else {
      return name.contains("/") ? "not found from here" : ""
    }
    if information.st_mode & S_IFMT == S_IFREG {
      guard let seal = try? DurableFile.seal(of: path) else { return "a file that cannot be read" }
      return "a file of \(seal.bytes) bytes, checksum \(seal.crc32)"
    }
    guard information.st_mode & S_IFMT == S_IFDIR else { return "something else" }
    do {
      guard let store = try RadiographList.ofStore(path) else { return "a folder" }
      return "a store, fingerprint \(store)"
    } catch { return "\(error)" }
  }
}

/// A line of `run.log`.
struct RunLogLine: Equatable {
  let time: String
  let text: String

  static func lines(_ log: String) -> [RunLogLine] {
    log.split(separator: "\n").compactMap { line in
      guard let gap = line.range(of: "Z  ") else { return nil }
      return RunLogLine(
        time: String(line[..<gap.lowerBound]) + "Z", text: String(line[gap.upperBound...]))
    }
  }
}
