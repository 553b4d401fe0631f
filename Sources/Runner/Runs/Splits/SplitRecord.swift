/// The checksum of a split: of which radiograph is on which side, whatever the file looked like that said so.
///
/// It is the SHA-256 of a text with a line for each radiograph: its name, a tab, its split, for radiographs in a fold
/// another tab and the fold's number, and a line feed; lines are sorted by their bytes.
package enum SplitChecksum {
  /// What a checksum begins with.
  package static let prefix = "sha256:"

  /// - Parameter lines: name, split and fold of each radiograph; empty parts are left out.
  /// - Returns: `sha256:` and 64 hexadecimal digits.
  package static func of(_ lines: [[String]]) -> String {
    let texts = lines.map { $0.filter { !$0.isEmpty }.joined(separator: "\t") + "\n" }
    let sorted = texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return prefix + Sha256.hexadecimal(sorted.joined())
  }

  /// A checksum as it may be typed: without the prefix, in capitals; nil where it is none.
  package static func parse(_ text: String) -> String? {
    let bare = text.lowercased()
    let digits = bare.hasPrefix(prefix) ? String(bare.dropFirst(prefix.count)) : bare
    guard digits.count == 64, digits.allSatisfy(\.isHexDigit) else { return nil }
    return prefix + digits
  }
}

/// Which radiographs a run or an evaluation took for what, as its record keeps it.
package struct SplitRecord: Codable, Sendable, Equatable {
  /// `SplitChecksum` over the radiographs that were taken and their sides.
  package let checksum: String
  /// How many radiographs each side has.
  package let sides: [String: Int]
  /// The checksum of the list of `data.split_file`; nil where the split is none of a file.
  package var list: String?

  /// - Parameter sides: names of radiographs, by what they are taken for.
  package init(_ sides: [String: [String]], list: String?) {
    checksum = SplitChecksum.of(sides.flatMap { side, names in names.map { [$0, side] } })
    (self.sides, self.list) = (sides.mapValues(\.count), list)
  }

  /// A sentence where another split is taken now; nil where it is the same.
  /// - Parameters:
  ///   - whose: whose record this is: "the run".
  ///   - now: the split that is taken now.
  package func difference(_ whose: String, to now: SplitRecord) -> String? {
    guard checksum != now.checksum else { return nil }
    func counts(_ record: SplitRecord) -> String {
      record.sides.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
    return
      "the split differs from that which \(whose) began with: its checksum was \(checksum) (\(counts(self))) and is "
      + "\(now.checksum) (\(counts(now))) now; radiographs, their patients, the split file or the settings of [data] "
      + "have changed, so that radiographs that were trained on may be tested on"
  }
}
