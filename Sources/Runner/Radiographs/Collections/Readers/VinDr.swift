import WorldModel

extension RadiographCollection {
  /// VinDr-CXR, as the VinBigData challenge, PhysioNet or lists of global labels publish it. All radiographs are
  /// posteroanterior; patients are not published.
  ///
  /// A finding counts where at least `agreement` of an image's readers marked it; in PhysioNet's test tables, which
  /// hold the readers' consensus, where it is marked at all. Boxes are those that readers drew around findings that
  /// count, in the pixels of the owners' DICOM radiographs; train_meta.csv (image_id, dim0, dim1: rows and columns)
  /// tells their sizes where radiographs were made smaller. Which labels are read: image_labels_train.csv and
  /// image_labels_test.csv, else train.csv, else lists with six labels.
  static let vindr = RadiographCollection(
    name: "vindr", title: "VinDr-CXR",
    layout:
      "train.csv of VinBigData, or image_labels_train.csv with annotations_train.csv of PhysioNet, or lists "
      + "VinDrCXR_train_….txt (name and six labels); radiographs IMAGE_ID.dicom, .dcm, .png or .jpg",
    obeys: [.agreement],
    marks: [
      .table("train.csv", header: "rad_id"), .table("image_labels_train.csv", header: "rad_id"),
      .table("vindrcxr_"),
    ],
    read: { request in
      var reader = try VinDrReader(request)
      return try reader.source()
    })
}

private struct VinDrReader {
  /// In the order of the lists' numbers; the sixth is the absence of all.
  private static let globalFindings = [
    "Pleural effusion", "Lung tumor", "Pneumonia", "Tuberculosis", "Other diseases",
  ]
  private let request: CollectionFolder.Request
  private let folder: CollectionFolder
  private let lists: SplitLists
  private var listing: CollectionListing
  private var sizes: [String: KnownTruth.Size] = [:]

  /// What the readers of an image said.
  private struct Image {
    let split: String
    let place: TablePlace
    /// Readers who marked a finding.
    var votes: [String: Set<String>] = [:]
    var boxes: [RadiographTruth.Box] = []
  }
  private var order: [String] = []
  private var images: [String: Image] = [:]
  private var hasBoxes = false

  /// The reader that a table of consensus stands for.
  private static let consensus = "consensus"

  init(_ request: CollectionFolder.Request) throws {
    self.request = request
    folder = try CollectionFolder(path: request.folder, decoder: request.decoder)
    lists = try SplitLists(folder.lists { $0.contains("vindr") }, count: 6)
    listing = CollectionListing(name: request.collection.name, folder: folder, findings: [])
  }

  mutating func source() throws -> CollectionSource {
    let labels = [("image_labels_train.csv", "train"), ("image_labels_test.csv", "test")].compactMap {
      name, split in folder.table(name).map { ($0, split) }
    }
    if !labels.isEmpty {
      for (path, split) in labels { try readLabels(path, split) }
      for name in ["annotations_train.csv", "annotations_test.csv"] {
        if let path = folder.table(name) { try readBoxes(path, into: nil) }
      }
    } else if let path = folder.table("train.csv") {
      try readBoxes(path, into: "train")
    } else if !lists.isEmpty {
      try readLists()
      return try listing.source()
    } else {
      throw request.lacks("train.csv, image_labels_train.csv or a list VinDrCXR_train_….txt", in: folder)
    }
    if let meta = folder.table("train_meta.csv") { try readSizes(meta) }
    try listImages()
    listing.remarks = ["findings of \(request.options.agreement) readers or more"]
    return try listing.source()
  }

  private mutating func readLists() throws {
    listing.findings = Self.globalFindings
    for entry in lists.entries {
      let found = zip(Self.globalFindings, entry.values).filter { $0.1 == 1 }.map(\.0)
      guard entry.values[5] == 0 || found.isEmpty else {
        throw entry.place.refuse(
          "the sixth label, no finding, stands beside \(found.joined(separator: ", "))")
      }
      try listing.add(
        ListedRadiograph(
          record: RadiographRecord(
            identifier: entry.name, split: entry.split, view: .posteroanterior, findings: Set(found)),
          place: entry.place))
    }
  }

  /// A table with a column for each finding and a row for each reader.
  private mutating func readLabels(_ path: String, _ split: String) throws {
    var table = try NamedTable(path: path)
    let (name, reader) = (try table.column("image_id"), table.index(of: "rad_id"))
    let columns = table.names.indices.filter { index in
      index != name && index != reader && !table.names[index].isEmpty && !Self.isNoFinding(table.names[index])
    }
    for column in columns { note(Self.finding(table.names[column])) }
    while let row = try table.next() {
      let identifier = try row.needed(name)
      let who = try reader.map { try row.needed($0) } ?? Self.consensus
      try enter(identifier, split, row.place)
      for column in columns {
        switch try row.label(column) {
        case .present: images[identifier]!.votes[Self.finding(table.names[column]), default: []].insert(who)
        case .absent, .blank: break
        case .uncertain: throw row.refuse("column \"\(table.names[column])\": 0 or 1 is expected, found -1")
        }
      }
    }
  }

  /// A table with a row for each box.
  /// - Parameter split: where the table's boxes are also its labels, their split; else nil.
  private mutating func readBoxes(_ path: String, into split: String?) throws {
    var table = try NamedTable(path: path)
    let (name, label) = (try table.column("image_id"), try table.column("class_name"))
    let reader = split == nil ? table.index(of: "rad_id") : try table.column("rad_id")
    let (left, top) = (try table.column("x_min"), try table.column("y_min"))
    let (right, bottom) = (try table.column("x_max"), try table.column("y_max"))
    hasBoxes = true
    while let row = try table.next() {
      let identifier = try row.needed(name)
      let finding = Self.finding(try row.needed(label))
      if let split { try enter(identifier, split, row.place) }
      guard !Self.isNoFinding(finding) else {
        guard [left, top, right, bottom].allSatisfy({ row[$0].isEmpty }) else {
          throw row.refuse("\"\(finding)\" has a box")
        }
        continue
      }
      if split != nil {
        note(finding)
        images[identifier]!.votes[finding, default: []].insert(row[reader])
      }
      // Findings of the whole radiograph have no box in PhysioNet's tables.
      if split == nil && row[left].isEmpty { continue }
      let (x, y) = (try row.number(left), try row.number(top))
      let (width, height) = (try row.number(right) - x, try row.number(bottom) - y)
      guard width >= 0, height >= 0 else { throw row.refuse("the box ends before it begins") }
      let box = RadiographTruth.Box(finding: finding, row: y, column: x, height: height, width: width)
      if let known = images[identifier], !known.boxes.contains(box) { images[identifier]!.boxes.append(box) }
    }
  }

  private mutating func listImages() throws {
    for name in order {
      guard let image = images.removeValue(forKey: name) else { continue }
      let counted = image.votes.filter {
        $0.value.count >= request.options.agreement || $0.value.contains(Self.consensus)
      }
      let found = Set(counted.keys)
      let boxes = image.boxes.filter { found.contains($0.finding) }
      try listing.add(
        ListedRadiograph(
          record: RadiographRecord(
            identifier: name, split: lists[name]?.split ?? image.split, view: .posteroanterior,
            findings: found),
          place: image.place, truth: hasBoxes ? KnownTruth(boxes: boxes, size: sizes[name]) : nil))
    }
  }

  private mutating func readSizes(_ path: String) throws {
    var table = try NamedTable(path: path)
    let (name, rows, columns) = (
      try table.column("image_id"), try table.column("dim0"), try table.column("dim1")
    )
    while let row = try table.next() {
      let size = KnownTruth.Size(width: try row.number(columns), height: try row.number(rows))
      guard size.width >= 1, size.height >= 1 else { throw row.refuse("a radiograph without pixels") }
      sizes[try row.needed(name)] = size
    }
  }

  private mutating func enter(_ name: String, _ split: String, _ place: TablePlace) throws {
    if let known = images[name] {
      guard known.split == split else {
        throw place.refuse(
          "\"\(name)\" is a radiograph of \(split), and of \(known.split) on \(known.place.words)")
      }
    } else {
      images[name] = Image(split: split, place: place)
      order.append(name)
    }
  }

  private mutating func note(_ finding: String) {
    if !listing.findings.contains(finding) { listing.findings.append(finding) }
  }

  private static func isNoFinding(_ name: String) -> Bool { name.lowercased() == "no finding" }

  /// The training and test tables of PhysioNet name one finding in two ways.
  private static func finding(_ name: String) -> String { name == "Other disease" ? "Other diseases" : name }
}
