import Foundation
import Imaging
import WorldModel

extension RadiographCollection {
  /// The nodule set of the Japanese Society of Radiological Technology: 154 radiographs with a nodule, 93 without, each
  /// a patient of its own, all posteroanterior. The owners' raw files are read too.
  static let jsrt = RadiographCollection(
    name: "jsrt", title: "JSRT nodule set",
    layout:
      "JPCLN001 to JPCLN154 (nodule) and JPCNN001 to JPCNN093 (none) as .IMG, .png, .jpg or .dcm; CLNDAT_EN.txt and "
      + "CNNDAT_EN.txt where wanted",
    obeys: [], marks: [.radiograph("JPCLN"), .radiograph("JPCNN"), .table("clndat_en")],
    read: { request in try JsrtReader.read(request) })
}

private enum JsrtReader {
  private static let finding = "Nodule"

  /// A line of the owners' descriptions.
  private struct Description {
    var attributes: [String: String] = [:]
    var nodule: RadiographTruth.Landmark?
  }

  static func read(_ request: CollectionFolder.Request) throws -> CollectionSource {
    let folder = try CollectionFolder(path: request.folder, decoder: request.decoder, furtherEndings: ["img"])
    let descriptions = try descriptions(
      folder.lists { $0.hasPrefix("clndat_en") || $0.hasPrefix("cnndat_en") })
    var listing = CollectionListing(name: request.collection.name, folder: folder, findings: [finding])
    for path in folder.radiographs {
      let stem = CollectionFolder.base(CollectionFolder.stem(path))
      guard let match = stem.wholeMatch(of: /JPC([LN])N[0-9]{3}/) else { continue }
      let description = descriptions[stem] ?? Description()
      let truth = description.nodule.map {
        KnownTruth(landmarks: [finding: $0], size: KnownTruth.Size(width: 2048, height: 2048))
      }
      try listing.add(
        ListedRadiograph(
          record: RadiographRecord(
            identifier: stem, patient: stem, view: .posteroanterior,
            findings: match.1 == "L" ? [finding] : [],
            attributes: description.attributes),
          place: TablePlace(path: path, line: 1), truth: truth))
    }
    guard !listing.radiographs.isEmpty else {
      throw listing.refuse(
        "no radiograph is called JPCLN… or JPCNN… among \(folder.radiographs.count); expected: \(request.collection.layout)"
      )
    }
    return try listing.source(readsRawRadiographs: true)
  }

  /// Age before the sex, and for a nodule its place (x, y in 2048 pixels) behind it; words in between vary.
  private static func descriptions(_ paths: [String]) throws -> [String: Description] {
    var found: [String: Description] = [:]
    for path in paths {
      let text = String(decoding: try TextFile.bytes(path: path, mostBytes: 1 << 20), as: UTF8.self)
      for line in text.split(whereSeparator: \.isNewline) {
        let words = line.split(whereSeparator: \.isWhitespace)
        guard let first = words.first, first.hasPrefix("JPC"),
          let sex = words.firstIndex(where: { ["male", "female"].contains($0.lowercased()) })
        else { continue }
        var description = Description(attributes: ["sex": RadiographAttributes.sex(String(words[sex]))])
        if sex > 1, let age = Int(words[sex - 1]) { description.attributes["age"] = "\(age)" }
        if sex + 2 < words.count, let x = Double(words[sex + 1]), let y = Double(words[sex + 2]) {
          description.nodule = RadiographTruth.Landmark(row: y, column: x)
        }
        found[String(first.prefix { $0 != "." })] = description
      }
    }
    return found
  }
}

/// A raw radiograph of the JSRT: 2048 × 2048 pixels of 12 bits in big-endian 16-bit words, dark where the radiograph is
/// light, and no header at all, so that only its name and its size tell what it is.
enum RawRadiograph {
  static let side = 2048
  static let bytes = 2 * side * side
  static let header = ImageHeader(width: side, height: side, bitDepth: 12, channels: 1)

  static func isNamed(_ path: String) -> Bool { FolderSearch.ending(of: path) == "img" }

  /// - Throws: `UnusableRadiograph`.
  static func decode(path: String, identifier: String) throws -> GrayImage {
    func unusable(_ reason: String) -> UnusableRadiograph {
      UnusableRadiograph(identifier: identifier, reason: reason)
    }
    let data = try FileBytes.read(path: path, mostBytes: bytes, refusal: unusable)
    guard data.count == bytes else {
      throw unusable("a raw radiograph of \(bytes) bytes is expected, the file has \(data.count)")
    }
    var brightest = 0
    let pixels = (0..<side * side).map { pixel in
      let value = Int(data[2 * pixel]) << 8 | Int(data[2 * pixel + 1])
      brightest = max(brightest, value)
      return 1 - Float(value) / 4095
    }
    guard brightest <= 4095 else {
      throw unusable(
        "a raw radiograph has 12 bits, 0 to 4095; found \(brightest), so that this is another kind of file")
    }
    return GrayImage(width: side, height: side, pixels: pixels)
  }
}
