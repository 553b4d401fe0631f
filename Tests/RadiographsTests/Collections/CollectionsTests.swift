import Foundation
import Testing
import WorldModel

@testable import Radiographs

/// Collections whose names carry their labels, ChestDR, and what is shared by all.
@Suite struct CollectionsTests {
  @Test func shenzhen() throws {
    let tree = try CollectionTree("shenzhen")
    try tree.radiographs(
      "CXR_png/CHNCXR_0001_0.png", "CXR_png/CHNCXR_0327_1.png", "CXR_png/CHNCXR_0400_1.png", "Thumbs.png")
    try tree.mask("mask/CHNCXR_0327_1_mask.png", width: 40, height: 36) { row, column in row < 3 && column < 4
    }
    try tree.text("ClinicalReadings/CHNCXR_0001_0.txt", "male 45yrs\nnormal")
    try tree.text("ClinicalReadings/CHNCXR_0327_1.txt", "Female, 7 yrs\nbilateral PTB\t")
    try tree.text(
      "ShenzenCXR_train_data.txt", "CHNCXR_0001_0.png,0\nCHNCXR_0327_1.png,1\nCHNCXR_0500_0.png,0\n")
    try tree.text("ShenzenCXR_valid_data.txt", "CHNCXR_0400_1.png,1")
    let source = try tree.open()
    #expect(
      source.records == [
        RadiographRecord(
          identifier: "CXR_png/CHNCXR_0001_0.png", patient: "CHNCXR_0001", split: "train", view: .frontal,
          attributes: ["sex": "M", "age": "45"]),
        RadiographRecord(
          identifier: "CXR_png/CHNCXR_0327_1.png", patient: "CHNCXR_0327", split: "train", view: .frontal,
          findings: ["Tuberculosis"], attributes: ["sex": "F", "age": "7"]),
        RadiographRecord(
          identifier: "CXR_png/CHNCXR_0400_1.png", patient: "CHNCXR_0400", split: "val", view: .frontal,
          findings: ["Tuberculosis"]),
      ])
    let mask = try #require(try source.truth("0327_1.png")?.masks["lungs"])
    #expect(mask.pixels.count { $0 == 1 } == 12 && mask.pixels[2 * 40 + 3] == 1)
    #expect(try source.truth("0001_0.png") == nil)
    #expect(source.notes.contains { has($0, "1 radiographs of the lists", "CHNCXR_0500_0.png") })
    try tree.text("ShenzenCXR_valid_data.txt", "CHNCXR_0400_1.png,0")
    #expect(has(tree.failure(), "valid_data.txt, line 1: label 0, but the name", "ends in 1"))
  }

  @Test func montgomery() throws {
    let tree = try CollectionTree("montgomery")
    try tree.radiographs(
      "CXR_png/MCUCXR_0001_0.png", "CXR_png/MCUCXR_0104_1.png", "CXR_png/MCUCXR_0105_1.png")
    // Masks may be stored larger or smaller than the radiographs.
    try tree.mask("ManualMask/leftMask/MCUCXR_0104_1.png", width: 80, height: 72) { $1 < 20 && $0 < 72 }
    try tree.mask("ManualMask/rightMask/MCUCXR_0104_1.png", width: 80, height: 72) { $1 >= 60 && $0 < 72 }
    try tree.mask("ManualMask/leftMask/MCUCXR_0001_0.png", width: 40, height: 36) { _, _ in true }
    try tree.mask("ManualMask/leftMask/MCUCXR_0105_1.png", width: 60, height: 36) { _, _ in true }
    try tree.mask("ManualMask/rightMask/MCUCXR_0105_1.png", width: 60, height: 36) { _, _ in true }
    try tree.text(
      "ClinicalReadings/MCUCXR_0104_1.txt", "Patient's Sex: F\r\nPatient's Age: 027Y\r\ncavity\r\n")
    let source = try tree.open()
    #expect(source.records.map(\.patient) == ["MCUCXR_0001", "MCUCXR_0104", "MCUCXR_0105"])
    #expect(source.records.map(\.findings) == [[], ["Tuberculosis"], ["Tuberculosis"]])
    #expect(source.records.allSatisfy { $0.view == .posteroanterior })
    #expect(source.records[1].attributes == ["sex": "F", "age": "27"])
    let mask = try #require(try source.truth("0104_1.png")?.masks["lungs"])
    #expect(mask.width == 40 && mask.height == 36)
    #expect(mask.pixels.indices.allSatisfy { mask.pixels[$0] == ($0 % 40 < 10 || $0 % 40 >= 30 ? 1 : 0) })
    let left = try #require(try source.truth("0104_1.png")?.masks["left lung"])
    #expect(left.pixels.indices.allSatisfy { left.pixels[$0] == ($0 % 40 < 10 ? 1 : 0) })
    #expect(try source.truth("0104_1.png")?.masks.keys.sorted() == ["left lung", "lungs", "right lung"])
    #expect(try source.truth("0001_0.png") == nil)
    #expect(source.notes.contains { has($0, "1 radiographs have a mask of one lung only", "MCUCXR_0001_0") })
    #expect(
      has(Fixtures.reason { _ = try source.truth("0105_1.png") }, "60 × 36 pixels, its radiograph 40 × 36"))
    let other = try CollectionTree("montgomery")
    try other.radiographs("a.png")
    #expect(has(other.failure(), "no radiograph is called MCUCXR_…_0 or MCUCXR_…_1 among 1"))
  }

  @Test func medfmcShotsAndDraws() throws {
    let tree = try CollectionTree("medfmc")
    try tree.radiographs("images/a.png", "images/b.png", "images/c.png", "images/DX.1.2.3.png")
    func line(_ name: String, _ positive: Int...) -> String {
      name + " " + (0..<19).map { positive.contains($0) ? "1" : "0" }.joined(separator: ",") + "\n"
    }
    try tree.text("chest_1-shot_train_exp1.txt", line("a.png", 0, 18))
    try tree.text("chest_1-shot_train_exp2.txt", line("b.png", 1))
    try tree.text("chest_10-shot_train_exp1.txt", line("a.png", 0, 18) + line("DX.1.2.3.png"))
    try tree.text("chest_1-shot_val_exp1.txt", line("DX.1.2.3.png"))
    try tree.text("colon_1-shot_train_exp1.txt", "x.png 1\n")
    try tree.text("chest_trainval.txt", line("a.png", 0, 18) + line("b.png", 1))
    try tree.text("chest_test_WithLabel.txt", String(line("c.png", 10).dropLast()))
    let all = try tree.open()
    #expect(all.splits == ["train": ["images/a.png", "images/b.png"], "test": ["images/c.png"]])
    #expect(all.record("a.png")?.findings == ["pleural_effusion", "consolidation"])
    #expect(all.record("c.png")?.findings == ["TB"])
    #expect(all.findingNames.count == 19)
    let one = try tree.open(CollectionOptions(shots: 1))
    #expect(
      one.splits == ["train": ["images/a.png"], "val": ["images/DX.1.2.3.png"], "test": ["images/c.png"]])
    #expect(try tree.open(CollectionOptions(shots: 1, draw: 2)).splits["train"] == ["images/b.png"])
    #expect(try tree.open(CollectionOptions(shots: 10)).splits["train"]?.count == 2)
    #expect(
      has(tree.failure(CollectionOptions(shots: 5)), "chest_5-shot_train_exp1.txt is not below the folder"))
    #expect(has(tree.failure(CollectionOptions(draw: 2)), "draw is 2, but shots is 0"))
    #expect(has(tree.failure(CollectionOptions(shots: 2)), "1, 5, 10 or 0"))
    try tree.text("chest_trainval.txt", "a.png 1,0\n")
    #expect(has(tree.failure(), "line 1: a name and 19 numbers are expected, found 2"))
  }

  @Test func jsrt() throws {
    let tree = try CollectionTree("jsrt")
    try tree.radiographs("Nodule154images/JPCLN001.png", "NonNodule93images/JPCNN001.png")
    var raw = [UInt8](repeating: 0, count: RawRadiograph.bytes)
    (raw[2], raw[3]) = (0x0F, 0xFF)
    (raw[4], raw[5]) = (0x01, 0x02)
    try tree.folder.write(raw, "Nodule154images/JPCLN002.IMG")
    try tree.folder.write([1, 2, 3], "Nodule154images/JPCLN003.IMG")
    raw[0] = 0x10
    try tree.folder.write(raw, "Nodule154images/JPCLN004.IMG")
    try tree.text(
      "Clinical_Information/CLNDAT_EN.txt",
      "JPCLN001.IMG\t5\t15\t53\tFemale\t1024\t512\tmalignant\tl.upper lobe\tlung cancer\n")
    try tree.text("Clinical_Information/CNNDAT_EN.txt", "JPCNN001.IMG\t?\tMale\tnon-nodule\n")
    let source = try tree.open()
    #expect(source.records.map(\.findings) == [["Nodule"], ["Nodule"], ["Nodule"], ["Nodule"], []])
    #expect(source.records[0].patient == "JPCLN001" && source.records[0].view == .posteroanterior)
    #expect(source.records[0].attributes == ["sex": "F", "age": "53"])
    #expect(source.records[4].attributes == ["sex": "M"])
    #expect(try source.truth(at: 0)?.landmarks == ["Nodule": .init(row: 9, column: 20)])
    let radiograph = try source.radiograph(at: 1)
    #expect(radiograph.width == 2048 && radiograph.height == 2048)
    #expect(
      radiograph.pixels[0] == 1 && radiograph.pixels[1] == 0
        && radiograph.pixels[2] == 1 - Float(0x0102) / 4095)
    #expect(try source.header(at: 1)?.bitDepth == 12)
    #expect(
      has(Fixtures.reason { _ = try source.radiograph(at: 2) }, "8388608 bytes is expected, the file has 3"))
    #expect(has(Fixtures.reason { _ = try source.radiograph(at: 3) }, "found 4096"))
  }

  @Test func namesAndFoldersAreTold() throws {
    let tree = try CollectionTree("nih")
    try tree.radiographs("a.png")
    func words(_ path: String, _ options: CollectionOptions = CollectionOptions()) -> String? {
      Fixtures.failure { _ = try openRadiographSource(path: path, collection: options) }
    }
    #expect(
      has(words("nhi:" + tree.folder.path), "\"nhi\" is no collection", "did you mean \"nih\"?", "jsrt"))
    #expect(has(words("nih:"), "a folder is expected after the colon: nih:FOLDER"))
    #expect(has(words("nih:/no/such"), "no such folder"))
    #expect(has(words("/no/such:thing"), "COLLECTION:FOLDER is expected"))
    #expect(
      has(words("nih:/no/such", CollectionOptions(uncertain: .zeros)), "option uncertain does not apply"))
    #expect(has(words("vindr:/x", CollectionOptions(shots: 1)), "option shots", "its options are agreement"))
    #expect(has(words(tree.folder.path, CollectionOptions(shots: 1)), "option shots is given, but a folder"))
    let filters = Fixtures.failure {
      _ = try openRadiographSource(path: "nih:" + tree.folder.path, options: TableOptions(filters: ["a=b"]))
    }
    #expect(has(filters, "columns or filters of a table are given"))
    #expect(Set(RadiographCollection.all.map(\.name)).count == RadiographCollection.all.count)
  }

  @Test func aFileWithAColonInItsNameIsAFile() throws {
    let folder = try ScratchFolder()
    try folder.write("file\na.png\n", "nih:images.csv")
    #expect(try openRadiographSource(path: folder.path + "/nih:images.csv").records.count == 1)
  }

  @Test(arguments: [
    ("nih", "meta/Data_Entry_2017_v2020.csv", ""),
    ("chexpert", "train.csv", "Path,Sex,Age,Frontal/Lateral,AP/PA\n"),
    ("vindr", "train.csv", "image_id,class_name,class_id,rad_id\n"), ("siim", "train-rle.csv", ""),
    ("mimic", "mimic-cxr-2.0.0-metadata.csv.gz", ""), ("rsna", "stage_2_train_labels.csv", ""),
    ("medfmc", "chest_1-shot_train_exp1.txt", ""),
  ]) func foldersThatLookLikeACollectionSaySo(name: String, table: String, header: String) throws {
    let tree = try CollectionTree(name)
    try tree.radiographs("a.png")
    #expect(try openRadiographSource(path: tree.folder.path).notes == [])
    try tree.text(table, header)
    let notes = try openRadiographSource(path: tree.folder.path).notes
    #expect(
      notes.count == 1 && has(notes[0], "this looks like", " \(name):\(tree.folder.path) reads its labels"))
  }

  @Test func foldersOfNamedRadiographsSaySo() throws {
    for (name, radiograph) in [
      ("shenzhen", "CHNCXR_0001_0"), ("montgomery", "MCUCXR_0001_0"), ("jsrt", "JPCLN001"),
    ] {
      let tree = try CollectionTree(name)
      try tree.radiographs("x/\(radiograph).png")
      #expect(
        has(try openRadiographSource(path: tree.folder.path).notes.first, "\(name):\(tree.folder.path)"))
    }
  }

  @Test func radiographsThatLieTwiceAreTold() throws {
    let tree = try CollectionTree("shenzhen")
    try tree.radiographs("a/CHNCXR_0001_0.png", "b/CHNCXR_0001_0.png", "b/CHNCXR_0002_0.png")
    let source = try tree.open()
    #expect(source.records.map(\.identifier) == ["a/CHNCXR_0001_0.png", "b/CHNCXR_0002_0.png"])
    #expect(
      source.notes.contains {
        has($0, "1 radiographs have several files", "a/CHNCXR_0001_0.png")
      })
  }

  @Test func foldersBehindLinksAreSearched() throws {
    let (tree, elsewhere) = (try CollectionTree("shenzhen"), try ScratchFolder())
    try elsewhere.write(try PngWriter.encode(Fixtures.noise()), "CHNCXR_0001_0.png")
    try FileManager.default.createSymbolicLink(
      atPath: tree.folder.path + "/images", withDestinationPath: elsewhere.path)
    #expect(try tree.open().records.map(\.identifier) == ["images/CHNCXR_0001_0.png"])
  }
}
