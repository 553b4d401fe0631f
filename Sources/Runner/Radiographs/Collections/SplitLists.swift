/// Lists of radiographs, each for the split that its file's name tells.
struct SplitLists {
  struct Entry {
    /// As listed, with folders and ending.
    let name: String
    let split: String
    let values: [Int]
    let place: TablePlace
  }

  /// Radiographs in the order of the lists, each once.
  private(set) var entries: [Entry] = []
  private var byStem: [String: Int] = [:]

  init() {}

  /// Reads lists whose names tell their split, train first and test last; others are skipped.
  /// - Throws: `RadiographsError.table` where a list is malformed, or puts a radiograph into another split, or tells
  ///   otherwise of it, than a list before.
  init(_ paths: [String], count: Int, in range: ClosedRange<Int> = 0...1) throws {
    for split in ["train", "val", "test"] {
      for path in paths where WordList.split(ofFile: path) == split {
        for row in try WordList.read(path, count: count, in: range) {
          try add(Entry(name: row.name, split: split, values: row.values, place: row.place))
        }
      }
    }
  }

  var isEmpty: Bool { entries.isEmpty }

  /// The entry of a radiograph, by its name with or without folders and ending.
  subscript(name: String) -> Entry? { byStem[Self.key(name)].map { entries[$0] } }

  private mutating func add(_ entry: Entry) throws {
    let key = Self.key(entry.name)
    guard let earlier = byStem[key].map({ entries[$0] }) else {
      byStem[key] = entries.count
      entries.append(entry)
      return
    }
    guard earlier.split == entry.split else {
      throw entry.place.refuse(
        "\"\(entry.name)\" is in the list for \(entry.split), and in that for \(earlier.split) on "
          + earlier.place.words)
    }
    guard earlier.values == entry.values else {
      throw entry.place.refuse("\"\(entry.name)\" is labelled otherwise on \(earlier.place.words)")
    }
  }

  private static func key(_ name: String) -> String { CollectionFolder.base(CollectionFolder.stem(name)) }
}

extension RadiographAttributes {
  /// Age in years as the owners write it, `58`, `058Y` or `027Y`, as a plain number; other text stays.
  static func age(_ text: String) -> String {
    let digits = text.hasSuffix("Y") ? text.dropLast() : text[...]
    return Int(digits).map(String.init) ?? text
  }

  /// M or F for what begins so, in any case; other text stays.
  static func sex(_ text: String) -> String {
    switch text.first {
    case "M", "m": "M"
    case "F", "f": "F"
    default: text
    }
  }

  /// Attributes without those that have no value.
  static func known(_ attributes: [String: String]) -> [String: String] {
    attributes.filter { !$0.value.isEmpty }
  }
}

/// Attributes that all collections write alike, so that one filter serves them all: `age`, `sex`, `study`.
enum RadiographAttributes {}
