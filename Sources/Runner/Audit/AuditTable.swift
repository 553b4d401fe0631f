import Imaging
import Runs
import WorldModel

/// `images.csv`.
extension AuditFindings {
  /// One row for each radiograph of every collection.
  package var table: String {
    var text = "collection,image,decoded,reason,width,height,bits,hash,patient,split,flags\n"
    let flags = self.flags
    for (index, radiograph) in radiographs.enumerated() {
      let size = radiograph.size ?? radiograph.header.map { ($0.width, $0.height) }
      let (width, height) = size.map { ("\($0.width)", "\($0.height)") } ?? ("", "")
      let cells: [String] = [
        collections[radiograph.collection].name, radiograph.record.identifier,
        radiograph.look == nil ? "no" : "yes", radiograph.reason ?? "", width, height,
        radiograph.header.map { "\($0.bitDepth)" } ?? "", radiograph.look?.digest.description ?? "",
        radiograph.record.patient ?? "", radiograph.split, flags[index].joined(separator: "|"),
      ]
      text += cells.map(DelimitedText.cell).joined(separator: ",") + "\n"
    }
    return text
  }

  /// Names of suspicions, leaks and duplicates, for each radiograph.
  private var flags: [[String]] {
    var flags = suspicions.map { $0.map(\.rawValue) }
    func add(_ name: String, _ radiograph: Int) {
      if !flags[radiograph].contains(name) { flags[radiograph].append(name) }
    }
    for group in duplicates.exact { for radiograph in group { add("exact-duplicate", radiograph) } }
    for pair in duplicates.near {
      for radiograph in [pair.first, pair.second] { add("near-duplicate", radiograph) }
    }
    for leak in leaks { for radiograph in leak.radiographs { add(leak.kind.rawValue, radiograph) } }
    return flags
  }
}
