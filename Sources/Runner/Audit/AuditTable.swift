import Imaging
import Runs
import WorldModel

/// `films.csv`.
extension AuditFindings {
  /// One row for each film of every collection.
  package var table: String {
    var text = "collection,film,decoded,reason,width,height,bits,hash,patient,split,flags\n"
    let flags = self.flags
    for (index, film) in films.enumerated() {
      let size = film.size ?? film.header.map { ($0.width, $0.height) }
      let (width, height) = size.map { ("\($0.width)", "\($0.height)") } ?? ("", "")
      let cells: [String] = [
        collections[film.collection].name, film.record.identifier,
        film.look == nil ? "no" : "yes", film.reason ?? "", width, height,
        film.header.map { "\($0.bitDepth)" } ?? "", film.look?.digest.description ?? "",
        film.record.patient ?? "", film.split, flags[index].joined(separator: "|"),
      ]
      text += cells.map(DelimitedText.cell).joined(separator: ",") + "\n"
    }
    return text
  }

  /// Names of suspicions, leaks and duplicates, for each film.
  private var flags: [[String]] {
    var flags = suspicions.map { $0.map(\.rawValue) }
    func add(_ name: String, _ film: Int) {
      if !flags[film].contains(name) { flags[film].append(name) }
    }
    for group in duplicates.exact { for film in group { add("exact-duplicate", film) } }
    for pair in duplicates.near {
      for film in [pair.first, pair.second] { add("near-duplicate", film) }
    }
    for leak in leaks { for film in leak.films { add(leak.kind.rawValue, film) } }
    return flags
  }
}
