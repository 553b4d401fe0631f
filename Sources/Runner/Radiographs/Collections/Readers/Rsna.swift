import WorldModel

extension RadiographCollection {
  /// The pneumonia challenge of the RSNA.
  ///
  /// Its three classes are findings here, of which each radiograph has exactly one: "Lung Opacity", "No Lung Opacity /
  /// Not Normal" and "Normal". Without the table of classes only the first is known. Boxes are in the 1024 pixels of
  /// the owners' radiographs. Every radiograph is a patient of its own, and the owners name no split; the lists of the
  /// field do.
  static let rsna = RadiographCollection(
    name: "rsna", title: "RSNA Pneumonia Detection Challenge",
    layout:
      "stage_2_train_labels.csv, stage_2_detailed_class_info.csv and radiographs PATIENT_ID.dcm, .png or .jpg; or lists "
      + "RSNAPneumonia_train.txt (name 0|1|2: normal, not normal, lung opacity)",
    obeys: [], marks: [.table("stage_2_train_labels"), .table("rsnapneumonia_")],
    read: { request in
      var reader = try RsnaReader(request)
      return try reader.source()
    })
}

private struct RsnaReader {
  private static let opacity = "Lung Opacity"
  /// In the order of the lists' numbers.
  private static let classes = ["Normal", "No Lung Opacity / Not Normal", opacity]
  private let request: CollectionFolder.Request
  private let folder: CollectionFolder
  private let lists: SplitLists
  private var listing: CollectionListing

  /// What is known of a patient before the row for the radiograph is made.
  private struct Patient {
    var isOpaque: Bool
    var place: TablePlace
    var boxes: [RadiographTruth.Box] = []
  }

  init(_ request: CollectionFolder.Request) throws {
    self.request = request
    folder = try CollectionFolder(path: request.folder, decoder: request.decoder)
    lists = try SplitLists(folder.lists { $0.contains("rsna") }, count: 1, in: 0...2)
    listing = CollectionListing(name: request.collection.name, folder: folder, findings: Self.classes)
  }

  mutating func source() throws -> CollectionSource {
    if let table = folder.table("stage_2_train_labels.csv") {
      try readTables(table)
    } else if !lists.isEmpty {
      for entry in lists.entries {
        try listing.add(
          ListedRadiograph(
            record: RadiographRecord(
              identifier: entry.name, patient: CollectionFolder.base(CollectionFolder.stem(entry.name)),
              split: entry.split, findings: [Self.classes[entry.values[0]]]),
            place: entry.place))
      }
    } else {
      throw request.lacks("stage_2_train_labels.csv", in: folder)
    }
    return try listing.source(opensHeaders: true)
  }

  private mutating func readTables(_ path: String) throws {
    var (order, patients) = (try readBoxes(path))
    var classes: [String: String] = [:]
    if let path = folder.table("stage_2_detailed_class_info.csv") {
      classes = try readClasses(path, patients)
    } else {
      listing.notes.append(
        "stage_2_detailed_class_info.csv is not there: \"\(Self.classes[0])\" and \"\(Self.classes[1])\" are unknown"
      )
    }
    order.removeAll { patients[$0] == nil }
    for name in order {
      guard let patient = patients.removeValue(forKey: name) else { continue }
      var record = RadiographRecord(identifier: name, patient: name, split: lists[name]?.split)
      if let finding = classes[name] {
        record.findings = [finding]
      } else if patient.isOpaque {
        record.findings = [Self.opacity]
      } else {
        record.unknown = [Self.classes[0], Self.classes[1]]
      }
      try listing.add(
        ListedRadiograph(
          record: record, place: patient.place,
          truth: KnownTruth(boxes: patient.boxes, size: KnownTruth.Size(width: 1024, height: 1024))))
    }
  }

  private func readBoxes(_ path: String) throws -> (order: [String], patients: [String: Patient]) {
    var table = try NamedTable(path: path)
    let (name, target) = (try table.column("patientId"), try table.column("Target"))
    let (x, y) = (try table.column("x"), try table.column("y"))
    let (width, height) = (try table.column("width"), try table.column("height"))
    var (order, patients): ([String], [String: Patient]) = ([], [:])
    while let row = try table.next() {
      let identifier = try row.needed(name)
      let isOpaque: Bool
      switch try row.label(target) {
      case .present: isOpaque = true
      case .absent: isOpaque = false
      default: throw row.refuse("column \"Target\": 0 or 1 is expected, found \"\(row[target])\"")
      }
      if patients[identifier] == nil { order.append(identifier) }
      var patient = patients[identifier] ?? Patient(isOpaque: isOpaque, place: row.place)
      guard patient.isOpaque == isOpaque else {
        throw row.refuse("Target \(row[target]), otherwise than on \(patient.place.words)")
      }
      if isOpaque {
        let box = RadiographTruth.Box(
          finding: Self.opacity, row: try row.number(y), column: try row.number(x),
          height: try row.number(height),
          width: try row.number(width))
        if !patient.boxes.contains(box) { patient.boxes.append(box) }
      } else if let column = [x, y, width, height].first(where: { !row[$0].isEmpty }) {
        throw row.refuse("Target is 0, but column \"\(table.names[column])\" is not empty")
      }
      patients[identifier] = patient
    }
    return (order, patients)
  }

  private func readClasses(_ path: String, _ patients: [String: Patient]) throws -> [String: String] {
    var table = try NamedTable(path: path)
    let (name, column) = (try table.column("patientId"), try table.column("class"))
    var classes: [String: String] = [:]
    while let row = try table.next() {
      let (identifier, finding) = (try row.needed(name), row[column])
      guard Self.classes.contains(finding) else {
        throw row.refuse("one of \(Self.classes.joined(separator: ", ")) is expected, found \"\(finding)\"")
      }
      if let earlier = classes.updateValue(finding, forKey: identifier), earlier != finding {
        throw row.refuse("class \"\(finding)\", in an earlier row \"\(earlier)\"")
      }
      if let patient = patients[identifier], patient.isOpaque != (finding == Self.opacity) {
        throw row.refuse("class \"\(finding)\" does not go with the Target on \(patient.place.words)")
      }
    }
    return classes
  }
}
