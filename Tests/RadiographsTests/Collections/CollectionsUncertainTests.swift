import Testing
import WorldModel

@testable import Radiographs

/// CheXpert and MIMIC-CXR-JPG, whose labeller is uncertain now and then, and label columns of plain tables.
@Suite struct CollectionsUncertainTests {
  private static let findings =
    "No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,"
    + "Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"
  private static let header = "Path,Sex,Age,Frontal/Lateral,AP/PA," + findings + "\n"

  private func chexpert(prefix: String = "CheXpert-v1.0-small", extra: String = "") throws -> CollectionTree {
    let tree = try CollectionTree("chexpert")
    try tree.radiographs(
      "train/patient00001/study1/view1_frontal.jpg", "train/patient00002/study1/view1_frontal.jpg",
      "train/patient00002/study1/view2_lateral.jpg", "train/patient00003/study2/view1_frontal.jpg",
      "valid/patient64541/study1/view1_frontal.jpg")
    try tree.text(
      "train.csv",
      Self.header + """
        \(prefix)/train/patient00001/study1/view1_frontal.jpg,Female,33,Frontal,AP,,,,1.0,,,-1.0,0.0,,,0.0,,0.0,
        \(prefix)/train/patient00002/study1/view1_frontal.jpg,Male,48,Frontal,PA,1.0,,,,,,,0.0,,,-1.0,0.0,,
        \(prefix)/train/patient00002/study1/view2_lateral.jpg,Male,48,Lateral,,1.0,1.0,0.0,,0.0,0.0,,,,,0.0,-1.0,,
        \(prefix)/train/patient00003/study2/view1_frontal.jpg,Unknown,0,Frontal,LL,,,0.0,,0.0,,0.0,-1.0,1.0,,,0.0,0.0,1.0

        """ + extra)
    try tree.text(
      "valid.csv",
      Self.header + "\(prefix)/valid/patient64541/study1/view1_frontal.jpg,Male,29,Frontal,AP,"
        + "0.0,1.0,0.0,0.0,0.0,0.0,1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\n")
    return tree
  }

  @Test(arguments: ["CheXpert-v1.0-small", "CheXpert-v1.0", "some/where/CheXpert-v1.0"])
  func chexpertFindsRadiographsWhateverThePrefix(prefix: String) throws {
    let tree = try chexpert(prefix: prefix)
    let source = try tree.open()
    #expect(source.splits.mapValues(\.count) == ["train": 4, "val": 1])
    #expect(source.findingNames.count == 13 && !source.findingNames.contains("No Finding"))
    #expect(
      source.records[0]
        == RadiographRecord(
          identifier: "train/patient00001/study1/view1_frontal.jpg", patient: "patient00001", split: "train",
          view: .anteroposterior, findings: ["Lung Opacity", "Consolidation"],
          attributes: ["age": "33", "sex": "F", "study": "study1"]))
    #expect(
      source.records.map(\.view) == [
        .anteroposterior, .posteroanterior, .lateral, .frontal, .anteroposterior,
      ])
    #expect(source.records[3].attributes["sex"] == "Unknown")
    #expect(try source.radiograph(at: 2).height == 36)
    #expect(source.notes == [])
  }

  @Test func uncertaintyIsRead() throws {
    let tree = try chexpert()
    let zeros = try tree.open(CollectionOptions(uncertain: .zeros))
    #expect(zeros.records[0].findings == ["Lung Opacity"] && zeros.records[0].unknown == [])
    let mixed = try tree.open(
      CollectionOptions(
        uncertain: .ignore, uncertainFindings: ["Consolidation=ones", "Pleural Other = zeros"]))
    #expect(mixed.records[0].findings == ["Lung Opacity", "Consolidation"])
    #expect(mixed.records[1].unknown == ["Pleural Effusion"])
    #expect(mixed.records[2].unknown == [] && mixed.records[2].findings == ["Enlarged Cardiomediastinum"])
    #expect(has(mixed.summary, "-1 as ignore (Consolidation ones, Pleural Other zeros)"))
  }

  @Test(arguments: [
    ("Edemq=ones", "no finding \"Edemq\"; did you mean \"Edema\"?"), ("Edema", "Finding=ones"),
    ("Edema=maybe", "Finding=ones"), ("No Finding=ones", "no finding \"No Finding\""),
  ]) func wrongPoliciesAreRefused(entry: String, expected: String) throws {
    let words = try chexpert().failure(CollectionOptions(uncertainFindings: [entry]))
    #expect(has(words, "chexpert:", expected), "\(words ?? "nothing")")
  }

  @Test func brokenRowsSayWhere() throws {
    let cells = String(repeating: ",", count: 13)
    #expect(
      has(
        try chexpert(extra: "x/patient1/study1/a.jpg,Male,1,Frontal,AP,,yes\(cells.dropFirst())\n").failure(),
        "train.csv, line 6", "\"Enlarged Cardiomediastinum\": 1, 0, -1 or nothing is expected, found \"yes\"")
    )
    #expect(
      has(try chexpert(extra: "x/a.jpg,Male,1,Frontal,AP,\(cells)\n").failure(), "line 6", "patient00001"))
    #expect(has(try chexpert(extra: "x/a.jpg,Male\n").failure(), "line 6: 2 cells found, 19 expected"))
    let other = try CollectionTree("chexpert")
    try other.radiographs("a.png")
    #expect(has(other.failure(), "train.csv or valid.csv is not below the folder", "found no table at all"))
    try other.text("train.csv", "image_id,class_name\n")
    #expect(has(other.failure(), "no column \"Path\"; the columns are: image_id, class_name"))
  }

  private func mimic(packed: Bool) throws -> CollectionTree {
    let tree = try CollectionTree("mimic")
    func write(_ part: String, _ text: String) throws {
      let name = "mimic-cxr-2.0.0-\(part).csv"
      if packed { try tree.folder.write(Packed.gzip(text), name + ".gz") } else { try tree.text(name, text) }
    }
    try tree.radiographs(
      "files/p10/p10000032/s50414267/aaa-1.jpg", "files/p10/p10000032/s50414267/aaa-2.jpg",
      "files/p11/p11000011/s50000001/bbb-1.jpg")
    try write(
      "metadata",
      "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows\n"
        + "aaa-1,10000032,50414267,\"CHEST (PA, LAT)\",PA,3056\naaa-2,10000032,50414267,CHEST,LATERAL,3056\n"
        + "bbb-1,11000011,50000001,,,3056\nccc-1,12000012,50000002,,AP,3056\n")
    try write(
      "chexpert",
      "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,"
        + "Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices\n"
        + "10000032,50414267,1.0,,,-1.0,0.0,,,,,,,,,\n12000012,50000002,,,,,,,,,1.0,,,,,\n")
    try write(
      "split",
      "dicom_id,study_id,subject_id,split\naaa-1,50414267,10000032,train\naaa-2,50414267,10000032,train\n"
        + "bbb-1,50000001,11000011,validate\nccc-1,50000002,12000012,test\n")
    return tree
  }

  @Test(arguments: [true, false]) func mimicJoinsItsTables(packed: Bool) throws {
    let source = try mimic(packed: packed).open(CollectionOptions(uncertain: .ignore))
    #expect(source.splits.mapValues(\.count) == ["train": 2, "val": 1])
    #expect(
      source.records[0]
        == RadiographRecord(
          identifier: "files/p10/p10000032/s50414267/aaa-1.jpg", patient: "10000032", split: "train",
          view: .posteroanterior, findings: ["Atelectasis"], unknown: ["Edema"],
          attributes: ["study": "50414267"]))
    #expect(source.records.map(\.view) == [.posteroanterior, .lateral, nil])
    #expect(source.records[2].unknown.count == 13)
    #expect(source.notes.contains("1 studies have no labels; nothing is known of their radiographs"))
    #expect(source.notes.contains { has($0, "1 radiograph of the table is not in the folder", "ccc-1.jpg") })
  }

  @Test func damagedGzipIsRefused() throws {
    let tree = try mimic(packed: true)
    let name = "mimic-cxr-2.0.0-chexpert.csv.gz"
    let whole = Packed.gzip("subject_id,study_id\n1,2\n3,4\n")
    try tree.folder.write(Array(whole.dropLast(9)), name)
    #expect(has(tree.failure(), name, "the gzip file is damaged: it ends early"))
    var flipped = whole
    flipped[whole.count - 6] ^= 0xFF
    try tree.folder.write(flipped, name)
    #expect(has(tree.failure(), name, "the gzip file is damaged: incorrect data check"))
    try tree.folder.write(whole + [1, 2, 3], name)
    #expect(has(tree.failure(), name, "the gzip file is damaged"))
    try tree.text(name, "subject_id\n")
    #expect(has(tree.failure(), name, "it is not a gzip file"))
    #expect(throws: Gzip.Problem(text: "the gzip file unpacks to more than the limit of 10 bytes")) {
      try Gzip.unpack(whole, most: 10)
    }
    #expect(
      try Gzip.unpack(whole + Packed.gzip("5,6\n")) == Array("subject_id,study_id\n1,2\n3,4\n5,6\n".utf8))
    #expect(try Gzip.unpack(Packed.gzip("")).isEmpty)
  }

  @Test func mimicWithoutATableOrWithAnUnknownSplit() throws {
    let tree = try mimic(packed: false)
    try tree.text("mimic-cxr-2.0.0-split.csv", "dicom_id,study_id,subject_id,split\naaa-1,1,1,dev\n")
    #expect(has(tree.failure(), "split.csv, line 2", "train, validate or test is expected, found \"dev\""))
    let bare = try CollectionTree("mimic")
    try bare.radiographs("files/a.jpg")
    #expect(
      has(bare.failure(), "mimic-cxr-2.0.0-metadata.csv or mimic-cxr-2.0.0-metadata.csv.gz is not below"))
  }

  @Test func labelColumnsOfPlainTables() throws {
    let folder = try ScratchFolder()
    let text = "file,View Position,labels,Edema,Mass\na.png,AP,x,1,0.0\nb.png,,y,,-1\nc.png,LL,z,0,1.0\n"
    let table = try folder.write(text, "images.csv")
    let options = TableOptions(labelColumns: ["Edema", "Mass"])
    let source = try openRadiographSource(
      path: table, options: options, collection: CollectionOptions(uncertain: .ignore))
    #expect(source.records.map(\.findings) == [["Edema"], [], ["Mass"]])
    #expect(source.records.map(\.unknown) == [[], ["Edema", "Mass"], []])
    #expect(source.records.map(\.view) == [.anteroposterior, nil, .lateral])
    #expect(source.records[0].attributes == ["View Position": "AP", "labels": "x"])
    #expect(source.findingNames == ["Edema", "Mass"])
    #expect(has(source.summary, "2 label columns, -1 as ignore"))
    let ones = try openRadiographSource(path: table, options: options)
    #expect(ones.records[1].findings == ["Mass"])
    func words(_ options: TableOptions, _ collection: CollectionOptions = CollectionOptions()) -> String? {
      Fixtures.failure { _ = try openRadiographSource(path: table, options: options, collection: collection) }
    }
    #expect(has(words(TableOptions(labelColumns: ["labels"])), "line 2", "1, 0, -1 or nothing", "\"x\""))
    #expect(has(words(TableOptions(labelColumns: ["Edemas"])), "no column \"Edemas\" for a finding"))
    #expect(
      has(words(TableOptions(), CollectionOptions(uncertain: .zeros)), "option uncertain does not apply"))
    #expect(has(words(options, CollectionOptions(shots: 1)), "option shots does not apply"))
  }
}
