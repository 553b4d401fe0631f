import Foundation
import WorldModel

extension RadiographCollection {
  /// The set of Shenzhen Hospital, published by the US National Library of Medicine. Every radiograph is a patient of
  /// its own.
  static let shenzhen = RadiographCollection(
    name: "shenzhen", title: "Shenzhen Hospital tuberculosis set",
    layout:
      "CHNCXR_0001_0.png (1: tuberculosis) anywhere; masks CHNCXR_0001_0_mask.png, readings CHNCXR_0001_0.txt and "
      + "lists ShenzenCXR_train_data.txt (name,label) where wanted",
    obeys: [], marks: [.radiograph("CHNCXR_")],
    read: { request in
      var reader = try TuberculosisReader(
        request, prefix: "CHNCXR_", view: .frontal, lists: ["shenzen", "shenzhen"])
      return try reader.source()
    })

  /// The set of Montgomery County, published by the US National Library of Medicine. Every radiograph is a patient of
  /// its own; all are posteroanterior.
  static let montgomery = RadiographCollection(
    name: "montgomery", title: "Montgomery County tuberculosis set",
    layout: "MCUCXR_0001_0.png (1: tuberculosis) anywhere; ManualMask/leftMask and rightMask, readings "
      + "MCUCXR_0001_0.txt and lists Montgomery…train….txt (name,label) where wanted",
    obeys: [], marks: [.radiograph("MCUCXR_")],
    read: { request in
      var reader = try TuberculosisReader(
        request, prefix: "MCUCXR_", view: .posteroanterior, lists: ["montgomery"])
      return try reader.source()
    })
}

/// Radiographs whose names end in their label. Pictures in a folder with "mask" in its name, or with "_mask" at the end
/// of their own, are masks of the lungs; those of one radiograph are united, and those of one side masks of their own too.
private struct TuberculosisReader {
  private static let finding = "Tuberculosis"
  private let request: CollectionFolder.Request
  private let prefix: String
  private let view: RadiographView
  private let folder: CollectionFolder
  private let lists: SplitLists
  private var listing: CollectionListing
  private var readings: [String: String] = [:]

  init(_ request: CollectionFolder.Request, prefix: String, view: RadiographView, lists: [String]) throws {
    (self.request, self.prefix, self.view) = (request, prefix, view)
    folder = try CollectionFolder(path: request.folder, decoder: request.decoder, isMask: Self.isMask)
    self.lists = try SplitLists(folder.lists { name in lists.contains { name.contains($0) } }, count: 1)
    listing = CollectionListing(name: request.collection.name, folder: folder, findings: [Self.finding])
    for path in folder.lists({ $0.hasPrefix(prefix.lowercased()) }) {
      readings[CollectionFolder.base(CollectionFolder.stem(path))] = path
    }
  }

  private static func isMask(_ path: String) -> Bool {
    let parts = path.lowercased().split(separator: "/")
    return parts.dropLast().contains { $0.contains("mask") }
      || CollectionFolder.stem(String(parts.last ?? "")).hasSuffix("_mask")
  }

  mutating func source() throws -> CollectionSource {
    let masks = self.masks()
    for path in folder.radiographs {
      let stem = CollectionFolder.base(CollectionFolder.stem(path))
      guard let label = label(of: stem) else { continue }
      let entry = lists[stem]
      if let entry, entry.values != [label] {
        throw entry.place.refuse(
          "label \(entry.values[0]), but the name of \"\(entry.name)\" ends in \(label)")
      }
      var record = RadiographRecord(
        identifier: stem, patient: String(stem.dropLast(2)), split: entry?.split, view: view,
        findings: label == 1 ? [Self.finding] : [])
      if let reading = readings[stem] { record.attributes = try Self.attributes(ofReading: reading) }
      try listing.add(
        ListedRadiograph(
          record: record, place: TablePlace(path: path, line: 1),
          truth: masks[stem].map { KnownTruth(maskFiles: Self.lungs($0)) }))
    }
    guard !listing.radiographs.isEmpty else {
      throw listing.refuse(
        "no radiograph is called \(prefix)…_0 or \(prefix)…_1 among \(folder.radiographs.count); expected: "
          + request.collection.layout)
    }
    let absent = lists.entries.filter { folder.radiograph($0.name) == nil }
    if let first = absent.first {
      listing.notes.append(
        "\(absent.count) radiographs of the lists are not in the folder, the first is \(first.name)")
    }
    return try listing.source()
  }

  /// Both lungs together, and each by itself where its mask has a file of its own.
  private static func lungs(_ files: [String]) -> [String: [String]] {
    let sides = [("left lung", "leftMask/"), ("right lung", "rightMask/")].compactMap { name, folder in
      files.filter { $0.contains(folder) }.first.map { (name, [$0]) }
    }
    return ["lungs": files].merging(sides) { own, _ in own }
  }

  /// The digit at the end of a radiograph's name; nil for other pictures.
  private func label(of stem: String) -> Int? {
    guard stem.hasPrefix(prefix), stem.hasSuffix("_0") || stem.hasSuffix("_1") else { return nil }
    let number = stem.dropFirst(prefix.count).dropLast(2)
    return !number.isEmpty && number.allSatisfy(\.isNumber) ? (stem.hasSuffix("1") ? 1 : 0) : nil
  }

  /// Mask files by radiograph. Of radiographs with one lung's mask alone the whole is not known.
  private mutating func masks() -> [String: [String]] {
    var masks: [String: [String]] = [:]
    for path in folder.masks {
      let stem = CollectionFolder.base(CollectionFolder.stem(path))
      masks[stem.hasSuffix("_mask") ? String(stem.dropLast(5)) : stem, default: []].append(path)
    }
    let halves = masks.filter { entry in
      entry.value.contains { $0.contains("leftMask/") } != entry.value.contains { $0.contains("rightMask/") }
    }
    for stem in halves.keys { masks[stem] = nil }
    if let first = halves.keys.min() {
      listing.notes.append(
        "\(halves.count) radiographs have a mask of one lung only and so none, the first is \(first)")
    }
    return masks
  }

  /// Sex and age out of a reading, such as `male 45yrs` or `Patient's Sex: F` and `Patient's Age: 027Y`.
  private static func attributes(ofReading path: String) throws -> [String: String] {
    let text = String(decoding: try TextFile.bytes(path: path, mostBytes: 1 << 20), as: UTF8.self)
      .lowercased()
    var attributes: [String: String] = [:]
    if let sex = text.firstMatch(of: /\b(female|male|sex:\s*[fm])\b/) {
      attributes["sex"] = sex.1.hasSuffix("female") || sex.1.hasSuffix("f") ? "F" : "M"
    }
    if let age = text.firstMatch(of: /([0-9]{1,3})\s*y/), let years = Int(age.1) {
      attributes["age"] = "\(years)"
    }
    return attributes
  }
}
