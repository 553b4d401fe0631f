import Foundation
import PluginHost
import Runs

/// What a run was begun with: its settings and versions, which every checkpoint keeps a copy of.
///
/// A run that goes on with other settings, since `config.toml` was cut short or belongs to another run, would train on
/// other radiographs and put its checkpoints in the place of good ones. So `versions.json` says what `config.toml` must
/// be, and both must be what the newest checkpoint holds.
package struct RunRecord: Equatable {
  /// `config.toml`.
  package let settings: String
  /// `versions.json`.
  package let versions: String

  private static let items: [RunFolder.Item] = [.configuration, .versions]

  /// Of a run that begins.
  /// - Parameters:
  ///   - split: which radiographs it is going to train on; nil where it trains on none.
  ///   - weightsFamily: of the checkpoint that its encoder comes from; nil for that of the run that it begins with
  ///     (`model.from`), or none.
  package init(_ setup: RunSetup, split: SplitRecord? = nil, weightsFamily: String? = nil) throws {
    settings = setup.settings.tomlText
    let family =
      try weightsFamily
      ?? setup.configuration.model.from.nonEmpty.flatMap {
        try RunVersions(of: RunFolder.open(at: $0)).weightsFamily
      }
    versions = try RunVersions(
      setup, settings: Self.seal(of: settings), split: split, weightsFamily: family
    ).text()
  }

  /// Of a run that was begun earlier.
  /// - Throws: `StorageError.damaged` where its files do not agree, and which.
  package init(of folder: RunFolder) throws {
    settings = try folder.text(of: .configuration)
    versions = try folder.text(of: .versions)
    let newest = try Self.newestCopy(in: folder)
    guard let expected = try RunVersions(of: folder).settings else {
      throw StorageError.damaged(
        file: folder.path(of: .versions),
        expected: "the checksum of \(RunFolder.Item.configuration.rawValue)",
        found: "none, as versions before 0.2.0 wrote them; train with the version that began the run"
          + ", or take its weights: chex-runner weights import CHECKPOINT/model.safetensors")
    }
    let found = Self.seal(of: settings)
    guard found == expected else {
      throw StorageError.damaged(
        file: folder.path(of: .configuration),
        expected:
          "the settings that the run began with (\(expected.bytes) bytes, checksum \(expected.crc32))",
        found: "\(found.bytes) bytes, checksum \(found.crc32)" + Self.remedy(.configuration, self, newest))
    }
    guard let (copy, _) = newest else { return }
    for item in Self.items where copy.text(of: item) != text(of: item) {
      throw StorageError.damaged(
        file: folder.path(of: item), expected: "what the run's newest checkpoint was saved with",
        found: "the file of another run" + Self.remedy(item, self, newest))
    }
  }

  private init(settings: String, versions: String) {
    (self.settings, self.versions) = (settings, versions)
  }

  private func text(of item: RunFolder.Item) -> String { item == .configuration ? settings : versions }

  /// Writes both; the settings come last, since they make the folder a run.
  package func write(to folder: RunFolder) throws {
    try folder.write(versions, to: .versions)
    try folder.write(settings, to: .configuration)
  }

  /// For every checkpoint.
  package var files: [CheckpointStore.File] {
    Self.items.map { item in CheckpointStore.File(name: item.rawValue) { try $0.write(text(of: item)) } }
  }

  private static func seal(of text: String) -> FileSeal {
    var (text, checksum) = (text, Checksum())
    text.withUTF8 { checksum.add(UnsafeRawBufferPointer($0)) }
    return FileSeal(bytes: text.utf8.count, crc32: checksum.text)
  }

  /// The copy in the newest checkpoint that is intact, and where it lies; nil before the first checkpoint.
  private static func newestCopy(in folder: RunFolder) throws -> (RunRecord, checkpoint: String)? {
    for checkpoint in try folder.savedCheckpoints.all().reversed() {
      guard (try? checkpoint.verify()) != nil else { continue }
      func text(_ item: RunFolder.Item) throws -> String? {
        let path = checkpoint.path(of: item.rawValue)
        return access(path, F_OK) == 0 ? String(decoding: try DurableFile.read(path), as: UTF8.self) : nil
      }
      guard let settings = try text(.configuration), let versions = try text(.versions) else { continue }
      return (RunRecord(settings: settings, versions: versions), checkpoint.path)
    }
    return nil
  }

  /// Which settings differ from those of the newest checkpoint, and where the right file is.
  private static func remedy(
    _ item: RunFolder.Item, _ found: RunRecord, _ newest: (RunRecord, checkpoint: String)?
  ) -> String {
    guard let newest else { return "; bring the file back, or begin the run anew in another folder (--out)" }
    let copy = "\(newest.checkpoint)/\(item.rawValue)"
    guard item == .configuration, let own = try? flattened(newest.0.settings) else {
      return "; the right one is \(copy): copy it over this one"
    }
    let now = (try? flattened(found.settings)) ?? [:]
    let different = own.keys.filter { now[$0] != own[$0] }.sorted()
    let named = different.prefix(4).map { "\($0) is \(now[$0] ?? "missing"), was \(own[$0] ?? "")" }
    let rest = different.count > 4 ? ["and \(different.count - 4) more"] : []
    return (named.isEmpty ? "" : ": " + (named + rest).joined(separator: ", "))
      + "; the right file is \(copy): copy it over"
  }

  private static func flattened(_ text: String) throws -> [String: String] {
    var values: [String: String] = [:]
    for (table, value) in try Toml.parse(text: text, name: RunFolder.Item.configuration.rawValue).entries {
      guard case .table(let inner) = value.content else { continue }
      for key in inner.keys { values["\(table).\(key)"] = inner[key]?.optionValue?.tomlText }
    }
    return values
  }
}
