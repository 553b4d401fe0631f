import WorldModel

extension RadiographCollection {
  /// ChestX-ray14 of the NIH Clinical Center.
  ///
  /// Labels, patients and views come from the owners' table; the lists of the field with 14 numbers a radiograph give
  /// labels where there is no table. Splits: the owners' lists give "train" and "test", those of the field "train",
  /// "val" and "test"; where both are there a radiograph of their "val" is "val". Boxes are in the 1024 pixels of the
  /// owners' radiographs.
  static let nih = RadiographCollection(
    name: "nih", title: "NIH ChestX-ray14",
    layout:
      "Data_Entry_2017_v2020.csv or Data_Entry_2017.csv (or lists such as Xray14_train_official.txt), images in "
      + "any folders, train_val_list.txt, test_list.txt and BBox_List_2017.csv where wanted",
    obeys: [], marks: [.table("data_entry_2017"), .table("xray14_")],
    read: { request in
      var reader = try NihReader(request)
      return try reader.source()
    })
}

private struct NihReader {
  /// In the order of the lists' numbers.
  static let findings = [
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
  ]

  private let folder: CollectionFolder
  private let lists: SplitLists
  private let boxes: [String: KnownTruth]
  private let owners: SplitLists
  private let table: String?
  private var listing: CollectionListing

  init(_ request: CollectionFolder.Request) throws {
    folder = try CollectionFolder(path: request.folder, decoder: request.decoder)
    table = folder.table("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
    lists = try SplitLists(folder.lists { $0.hasPrefix("xray14_") }, count: 14)
    guard table != nil || !lists.isEmpty else {
      throw request.lacks("Data_Entry_2017_v2020.csv or Data_Entry_2017.csv", in: folder)
    }
    owners = try SplitLists(folder.lists { $0 == "train_val_list.txt" || $0 == "test_list.txt" }, count: 0)
    boxes = try folder.table("BBox_List_2017.csv").map(Self.boxes) ?? [:]
    listing = CollectionListing(name: request.collection.name, folder: folder, findings: Self.findings)
  }

  mutating func source() throws -> CollectionSource {
    if let table { try readTable(table) } else { try readLists() }
    if owners.isEmpty && lists.isEmpty {
      listing.notes.append("neither train_val_list.txt nor test_list.txt is there: no splits")
    }
    return try listing.source()
  }

  private mutating func readTable(_ path: String) throws {
    var table = try NamedTable(path: path)
    let name = try table.column("Image Index")
    let labels = try table.column("Finding Labels")
    let patient = try table.column("Patient ID")
    let view = try table.column("View Position")
    let (age, sex, visit) = (
      table.index(of: "Patient Age"), table.index(of: "Patient Gender"), table.index(of: "Follow-up #")
    )
    var further: [String] = []
    while let row = try table.next() {
      let identifier = try row.needed(name)
      let words = try row.needed(labels).split(separator: "|").map { $0.trimmingSpaces() }
      let found = words.filter { $0 != "No Finding" }
      guard found.count == words.count || found.isEmpty else {
        throw row.refuse("\"No Finding\" stands beside a finding: \(row[labels])")
      }
      for finding in found where !listing.findings.contains(finding) {
        listing.findings.append(finding)
        further.append(finding)
      }
      try add(
        RadiographRecord(
          identifier: identifier, patient: Self.plain(try row.needed(patient)),
          view: RadiographView(code: row[view]),
          findings: Set(found),
          attributes: RadiographAttributes.known([
            "age": RadiographAttributes.age(row[age]), "sex": RadiographAttributes.sex(row[sex]),
            "follow_up": row[visit],
          ])), row.place)
    }
    if !further.isEmpty {
      listing.notes.append(
        "the table has findings besides the owners' 14: \(further.joined(separator: ", "))")
    }
  }

  private mutating func readLists() throws {
    for entry in lists.entries {
      let found = zip(Self.findings, entry.values).filter { $0.1 == 1 }.map(\.0)
      let patient = CollectionFolder.base(entry.name).prefix { $0 != "_" }
      try add(
        RadiographRecord(identifier: entry.name, patient: Self.plain(String(patient)), findings: Set(found)),
        entry.place)
    }
    listing.notes.append(
      "no Data_Entry_2017 table: labels are from the lists, patients from the names, views unknown")
  }

  private mutating func add(_ bare: RadiographRecord, _ place: TablePlace) throws {
    var record = bare
    let (ours, field) = (owners[record.identifier], lists[record.identifier])
    if let ours, let field, (ours.split == "test") != (field.split == "test") {
      throw field.place.refuse(
        "\"\(record.identifier)\" is in the list for \(field.split), and in the owners' for \(ours.split) on "
          + ours.place.words)
    }
    record.split = field?.split ?? ours?.split
    try listing.add(ListedRadiograph(record: record, place: place, truth: boxes[record.identifier]))
  }

  /// A patient's number without zeros before it: names of files have them, the table does not.
  private static func plain(_ patient: String) -> String { Int(patient).map(String.init) ?? patient }

  /// The owners' boxes. Their header `Bbox [x,y,w,h]` is not quoted and so is four columns.
  private static func boxes(_ path: String) throws -> [String: KnownTruth] {
    var table = try NamedTable(path: path)
    let (name, label) = (try table.column("Image Index"), try table.column("Finding Label"))
    let (x, y) = (try table.column("Bbox [x"), try table.column("y"))
    let (width, height) = (try table.column("w"), try table.column("h]"))
    var boxes: [String: KnownTruth] = [:]
    while let row = try table.next() {
      // The table of boxes abbreviates this one.
      let finding = row[label] == "Infiltrate" ? "Infiltration" : try row.needed(label)
      let box = RadiographTruth.Box(
        finding: finding, row: try row.number(y), column: try row.number(x), height: try row.number(height),
        width: try row.number(width))
      let known = KnownTruth(size: KnownTruth.Size(width: 1024, height: 1024))
      let radiograph = try row.needed(name)
      if !boxes[radiograph, default: known].boxes.contains(box) {
        boxes[radiograph, default: known].boxes.append(box)
      }
    }
    return boxes
  }
}
