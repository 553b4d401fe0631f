import Runs
import WorldModel

/// Writes splits: as the table that this program reads, and as lists in the layouts that the field publishes.
package enum SplitText {
  /// What follows a name in a list.
  package enum Layout: String, CaseIterable, Sendable {
    /// Nothing, as in ChestX-ray14's `test_list.txt`.
    case names
    /// 0 and 1 for each finding, parted by spaces: lists of VinDr-CXR and ChestX-ray14.
    case spaces
    /// The same, parted by commas: MedFMC.
    case commas
    /// No lists are written.
    case none
  }

  /// `file,patient,split`, with a column `fold` where there are folds.
  package static func table(_ list: SplitList) -> String {
    let hasFolds = list.foldCount > 0
    var text = "file,patient,split" + (hasFolds ? ",fold" : "") + "\n"
    for entry in list.entries {
      let cells =
        [entry.name, entry.patient ?? "", entry.split] + (hasFolds ? [entry.fold.map(String.init) ?? ""] : [])
      text += cells.map(DelimitedText.cell).joined(separator: ",") + "\n"
    }
    return text
  }

  /// A name as a table's cell has it, without the apostrophe that `DelimitedText` leads it by.
  static func name(ofCell cell: String) -> String {
    let after = cell.utf8.dropFirst().first
    let isLed =
      cell.utf8.first == UInt8(ascii: "'") && after.map { [0x3D, 0x2B, 0x2D, 0x40].contains($0) } == true
    return isLed ? String(cell.dropFirst()) : cell
  }

  /// A list of radiographs, one a line.
  /// - Parameter findings: columns of labels, in their order.
  /// - Throws: `RadiographsError.cannotWrite` where a list could not be read again: a name with white space or a comma,
  ///   or a finding of which nothing is known.
  package static func list(
    _ records: [RadiographRecord], _ layout: Layout, findings: [String], path: String
  ) throws -> String {
    var text = ""
    for record in records {
      let name = record.identifier
      let isOneWord = layout == .names || !name.contains { $0.isWhitespace || $0 == "," }
      guard isOneWord, SplitFile.name(ofLine: name) == name, !name.hasPrefix("# "), name.printable == name
      else {
        throw RadiographsError.cannotWrite(
          path: path,
          reason:
            "\"\(name.printable.shortened)\" holds white space, a comma or another mark that parts the words of a "
            + "list; leave lists out with --lists none, the table splits.csv can hold it")
      }
      text += name
      if layout != .names {
        let labels = try findings.map { finding in
          guard let label = record.label(of: finding) else {
            throw RadiographsError.cannotWrite(
              path: path,
              reason:
                "nothing is known of \"\(finding)\" for \"\(name.shortened)\", and a list can say 0 or 1 only; write "
                + "--lists names, or choose findings with --label")
          }
          return label ? "1" : "0"
        }
        text += " " + labels.joined(separator: layout == .commas ? "," : " ")
      }
      text += "\n"
    }
    return text
  }
}
