import Runs

/// Which radiographs are on which side, by their names: what a file of splits says.
package struct SplitList: Sendable, Equatable {
  package struct Entry: Sendable, Equatable {
    /// As listed, with folders and ending.
    package let name: String
    package let patient: String?
    /// Empty where the file tells only folds.
    package let split: String
    /// From 1; nil where the radiograph is in no fold.
    package let fold: Int?

    package init(name: String, patient: String? = nil, split: String, fold: Int? = nil) {
      (self.name, self.patient, self.split, self.fold) = (name, patient, split, fold)
    }

    /// The side in words.
    var side: String {
      [split.isEmpty ? nil : "\"\(split)\"", fold.map { "fold \($0)" }].compactMap { $0 }.joined(
        separator: ", ")
    }
  }

  /// Each name once, in the order of the files.
  package private(set) var entries: [Entry] = []
  private var places: [String: (index: Int, words: String)] = [:]

  /// A list of entries of different names.
  package init(_ entries: [Entry] = []) { self.entries = entries }

  package static func == (list: SplitList, other: SplitList) -> Bool { list.entries == other.entries }

  /// `SplitChecksum` over names, splits and folds.
  package var checksum: String {
    SplitChecksum.of(entries.map { [$0.name, $0.split, $0.fold.map(String.init) ?? ""] })
  }

  /// How many folds there are; 0 where there are none.
  package var foldCount: Int { entries.compactMap(\.fold).max() ?? 0 }

  /// - Throws: `RadiographsError.table` where an earlier line puts the radiograph on another side.
  mutating func add(_ entry: Entry, at place: TablePlace) throws {
    guard let earlier = places[entry.name] else {
      places[entry.name] = (entries.count, place.words)
      entries.append(entry)
      return
    }
    let known = entries[earlier.index]
    guard (known.split, known.fold) == (entry.split, entry.fold) else {
      throw place.refuse(
        "\"\(entry.name.shortened)\" is in \(entry.side), and in \(known.side) on \(earlier.words); "
          + "a radiograph is on one side")
    }
  }

  /// The list with one fold set apart: its radiographs become `test`, those of other folds `train`; where the list has
  /// test radiographs of its own, these stay, and the fold becomes `val`.
  /// - Parameter fold: from 1; 0 leaves splits as they are.
  /// - Throws: `RadiographsError.table` where there is no such fold, or folds alone and none is asked for.
  package func choosing(fold: Int, of path: String) throws -> SplitList {
    func refuse(_ problem: String) -> RadiographsError { .table(path: path, line: nil, problem: problem) }
    guard fold > 0 else {
      guard let entry = entries.first(where: { $0.split.isEmpty }) else { return self }
      throw refuse(
        "\"\(entry.name.shortened)\" has a fold and no split; say which fold is tested on: data.split_fold = 1 to \(foldCount)"
      )
    }
    guard fold <= foldCount else {
      throw refuse(
        "data.split_fold = \(fold): "
          + (foldCount == 0 ? "the list has no folds" : "the list has folds 1 to \(foldCount)"))
    }
    let apart = entries.contains { $0.fold == nil && $0.split == "test" } ? "val" : "test"
    var chosen = SplitList()
    chosen.entries = entries.map { entry in
      guard let own = entry.fold else { return entry }
      return Entry(
        name: entry.name, patient: entry.patient, split: own == fold ? apart : "train")
    }
    return chosen
  }
}
