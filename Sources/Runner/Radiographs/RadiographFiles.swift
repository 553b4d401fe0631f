import CoreTensor
import Imaging
import Synchronization
import WorldModel

/// Radiographs that lie in files below a folder, found by their identifiers.
struct RadiographFiles: Sendable {
  /// Where relative identifiers start from; without a slash at its end.
  let folder: String
  let decoder: RadiographDecoder

  /// The file of a radiograph.
  func path(of identifier: String) -> String {
    identifier.hasPrefix("/") || folder.isEmpty ? identifier : folder + "/" + identifier
  }

  /// - Throws: `UnusableRadiograph`.
  func radiograph(_ identifier: String) throws -> GrayImage {
    try decoder.decode(path: path(of: identifier), identifier: identifier)
  }

  /// - Throws: `UnusableRadiograph`.
  func header(_ identifier: String) throws -> ImageHeader {
    try decoder.header(path: path(of: identifier), identifier: identifier).header
  }

  /// Says so where PNG radiographs of 16 bits use fewer, as far as some of them show: what is read as white is then a
  /// guess.
  func depthNotes(_ identifiers: [String]) -> [String] {
    let pngs = identifiers.filter { FolderSearch.ending(of: $0) == "png" }
    let codec = PngCodec()
    var (looked, found) = (0, [(name: String, white: Int)]())
    for index in stride(from: 0, to: pngs.count, by: max(1, pngs.count / 12)) where looked < 3 {
      let path = path(of: pngs[index])
      guard let header = try? decoder.header(path: path, identifier: pngs[index]),
        header.codec is PngCodec, header.header.bitDepth == 16,
        let bytes = try? FileBytes.read(
          path: path, mostBytes: decoder.mostBytes, refusal: { CodecFailure($0) }),
        let white = try? bytes.withUnsafeBytes({ try codec.decodeWithWhite($0, header.header).white })
      else { continue }
      looked += 1
      if white < 65535 { found.append((pngs[index], white)) }
    }
    guard let first = found.first else { return [] }
    return [
      "PNG radiographs of 16 bits use fewer (\(found.count) of \(looked) looked at, such as \(first.name)) and would be nearly "
        + "black; such a radiograph is read with \(first.white) as white, or what else its largest sample fits in. Scale the "
        + "radiographs to 16 bits, or give them an sBIT chunk of 16 to have them as they are"
    ]
  }

  /// Records with what headers tell besides. Only formats whose headers tell of radiographs are opened; a file that
  /// cannot be read leaves its record as it is, and fails when its radiograph is wanted.
  func described(_ records: [RadiographRecord]) -> [RadiographRecord] {
    let silent = Set(decoder.codecs.filter { !$0.describesRadiographs }.flatMap(\.fileExtensions))
    let slots = Mutex(records)
    Compute.parallel(records.count) { index in
      var record = records[index]
      guard !silent.contains(FolderSearch.ending(of: record.identifier)),
        let header = try? header(record.identifier)
      else { return }
      record.describe(by: header.tags)
      slots.withLock { $0[index] = record }
    }
    return slots.withLock { $0 }
  }
}

extension [RadiographRecord] {
  /// Takes patients away whose names say nobody (`ANONYMOUS`, `nan`), since they are not one person, and says so.
  mutating func removePlaceholders() -> String? {
    var (count, example) = (0, "")
    for index in indices {
      guard let patient = self[index].patient, PatientIdentifier(patient) == nil else { continue }
      (count, example) = (count + 1, patient)
      self[index].patient = nil
    }
    guard count > 0 else { return nil }
    return
      "\(count) radiographs name nobody as their patient (\"\(example.shortened)\"), and each counts as a patient of its own, so that "
      + "radiographs of one person can stand on both sides of a split; a table with a column of patients (--patient-column) mends "
      + "it"
  }
}
