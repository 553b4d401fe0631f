import WorldModel

extension RadiographCollection {
  /// CheXpert of Stanford, the small or the full release.
  ///
  /// A finding that a report does not mention, a blank cell, counts as absent, as in the field; -1 is read by the
  /// option `uncertain`. The column "No Finding" is not a finding.
  static let chexpert = RadiographCollection(
    name: "chexpert", title: "CheXpert",
    layout:
      "train.csv, valid.csv and the folders train/ and valid/ with patient00001/study1/view1_frontal.jpg",
    obeys: [.uncertain, .uncertainFindings], marks: [.table("train.csv", header: "Frontal/Lateral")],
    read: { request in try CheXpertReader.read(request) })

  /// Findings of CheXpert's labeller, which MIMIC-CXR-JPG uses too.
  static let cheXpertFindings = [
    "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema", "Consolidation",
    "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
    "Support Devices",
  ]
}

private enum CheXpertReader {
  static func read(_ request: CollectionFolder.Request) throws -> CollectionSource {
    // Names of files repeat from study to study.
    let folder = try CollectionFolder(path: request.folder, decoder: request.decoder, depth: 3)
    let findings = RadiographCollection.cheXpertFindings
    let policy = try LabelPolicy(request.options, findings: findings)
    var listing = CollectionListing(name: request.collection.name, folder: folder, findings: findings)
    let tables = [("train.csv", "train"), ("valid.csv", "val")].compactMap { name, split in
      folder.table(name).map { ($0, split) }
    }
    if tables.isEmpty { throw request.lacks("train.csv or valid.csv", in: folder) }
    for (path, split) in tables { try read(path, split, policy, into: &listing) }
    listing.remarks = [policy.words]
    return try listing.source()
  }

  private static func read(
    _ path: String, _ split: String, _ policy: LabelPolicy, into listing: inout CollectionListing
  ) throws {
    var table = try NamedTable(path: path)
    let name = try table.column("Path")
    let (plane, way) = (try table.column("Frontal/Lateral"), try table.column("AP/PA"))
    let (sex, age) = (table.index(of: "Sex"), table.index(of: "Age"))
    let columns = try listing.findings.map { try table.column($0) }
    while let row = try table.next() {
      let identifier = try row.needed(name)
      let parts = identifier.split(separator: "/")
      guard let patient = parts.first(where: { $0.hasPrefix("patient") }) else {
        throw row.refuse("a path with a folder such as patient00001 is expected, found \"\(identifier)\"")
      }
      var record = RadiographRecord(
        identifier: identifier, patient: String(patient), split: split, view: view(row[plane], row[way]),
        attributes: RadiographAttributes.known([
          "age": RadiographAttributes.age(row[age]), "sex": RadiographAttributes.sex(row[sex]),
          "study": parts.first { $0.hasPrefix("study") }.map(String.init) ?? "",
        ]))
      for (finding, column) in zip(listing.findings, columns) {
        policy.enter(try row.label(column), of: finding, blankIsUnknown: false, into: &record)
      }
      try listing.add(ListedRadiograph(record: record, place: row.place))
    }
  }

  /// The plane is sure; the way of the rays says LL or RL of some frontal radiographs.
  private static func view(_ plane: String, _ way: String) -> RadiographView? {
    guard plane == "Frontal" else { return RadiographView(code: plane) }
    return RadiographView(code: way).flatMap { $0.isFrontal ? $0 : nil } ?? .frontal
  }
}
