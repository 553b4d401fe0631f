import WorldModel

extension RadiographCollection {
  /// MIMIC-CXR-JPG 2.0.0 of PhysioNet, with the labels of CheXpert's labeller, study by study.
  ///
  /// Blank and -1 are read as in CheXpert. Of the radiographs of a study without labels nothing is known.
  static let mimic = RadiographCollection(
    name: "mimic", title: "MIMIC-CXR-JPG",
    layout: "mimic-cxr-2.0.0-metadata.csv, -chexpert.csv and -split.csv, each with or without .gz, and "
      + "files/p10/p10000032/s50414267/DICOM_ID.jpg",
    obeys: [.uncertain, .uncertainFindings], marks: [.table("mimic-cxr-2.0.0-metadata.csv")],
    read: { request in
      var reader = try MimicReader(request)
      return try reader.source()
    })
}

private struct MimicReader {
  private let request: CollectionFolder.Request
  private let folder: CollectionFolder
  private var listing: CollectionListing
  private let policy: LabelPolicy
  private var labels: [String: [LabelCell]] = [:]
  private var splits: [String: String] = [:]
  private var unlabelled = Set<String>()

  init(_ request: CollectionFolder.Request) throws {
    self.request = request
    folder = try CollectionFolder(path: request.folder, decoder: request.decoder)
    listing = CollectionListing(
      name: request.collection.name, folder: folder, findings: RadiographCollection.cheXpertFindings)
    policy = try LabelPolicy(request.options, findings: listing.findings)
  }

  mutating func source() throws -> CollectionSource {
    let (metadata, labels) = (try path("metadata"), try path("chexpert"))
    try readLabels(labels)
    if let split = folder.table("mimic-cxr-2.0.0-split.csv") {
      try readSplits(split)
    } else {
      listing.notes.append("mimic-cxr-2.0.0-split.csv is not there: no splits")
    }
    try readRadiographs(metadata)
    if !unlabelled.isEmpty {
      listing.notes.append(
        "\(unlabelled.count) studies have no labels; nothing is known of their radiographs")
    }
    listing.remarks = [policy.words]
    return try listing.source()
  }

  private func path(_ part: String) throws -> String {
    let name = "mimic-cxr-2.0.0-\(part).csv"
    guard let path = folder.table(name) else { throw request.lacks("\(name) or \(name).gz", in: folder) }
    return path
  }

  private mutating func readLabels(_ path: String) throws {
    var table = try NamedTable(path: path)
    let (subject, study) = (try table.column("subject_id"), try table.column("study_id"))
    let columns = try listing.findings.map { try table.column($0) }
    while let row = try table.next() {
      let key = try row.needed(subject) + "/" + row.needed(study)
      let cells = try columns.map { try row.label($0) }
      if let earlier = labels.updateValue(cells, forKey: key), earlier != cells {
        throw row.refuse("study \(row[study]) of patient \(row[subject]) is labelled again and otherwise")
      }
    }
  }

  private mutating func readSplits(_ path: String) throws {
    var table = try NamedTable(path: path)
    let (radiograph, split) = (try table.column("dicom_id"), try table.column("split"))
    let names = ["train": "train", "validate": "val", "test": "test"]
    while let row = try table.next() {
      guard let name = names[row[split]] else {
        throw row.refuse("column \"split\": train, validate or test is expected, found \"\(row[split])\"")
      }
      if let earlier = splits.updateValue(name, forKey: try row.needed(radiograph)), earlier != name {
        throw row.refuse("radiograph \(row[radiograph]) is put into another split than before")
      }
    }
  }

  private mutating func readRadiographs(_ path: String) throws {
    var table = try NamedTable(path: path)
    let radiograph = try table.column("dicom_id")
    let (subject, study) = (try table.column("subject_id"), try table.column("study_id"))
    let view = try table.column("ViewPosition")
    while let row = try table.next() {
      let (name, patient, visit) = (
        try row.needed(radiograph), try row.needed(subject), try row.needed(study)
      )
      var record = RadiographRecord(
        identifier: "files/p\(patient.prefix(2))/p\(patient)/s\(visit)/\(name).jpg", patient: patient,
        split: splits[name], view: RadiographView(code: row[view]), attributes: ["study": visit])
      let key = patient + "/" + visit
      if let cells = labels[key] {
        for (finding, cell) in zip(listing.findings, cells) {
          policy.enter(cell, of: finding, blankIsUnknown: false, into: &record)
        }
      } else {
        record.unknown = Set(listing.findings)
        unlabelled.insert(key)
      }
      try listing.add(ListedRadiograph(record: record, place: row.place))
    }
  }
}
