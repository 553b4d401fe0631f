import Testing
import WorldModel

@testable import Radiographs

/// VinDr-CXR, RSNA and SIIM-ACR: labels that are drawn.
@Suite struct CollectionsBoxesTests {
  private static let vindrHeader = "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max\n"
  private static let vindrRows = """
    aa,No finding,14,R1,,,,
    aa,No finding,14,R2,,,,
    aa,Cardiomegaly,3,R3,1,2,3,4
    bb,Cardiomegaly,3,R1,4,6,20,30
    bb,Cardiomegaly,3,R2,5,6,20,30
    bb,Cardiomegaly,3,R2,5,6,20,30
    bb,Aortic enlargement,0,R1,1,1,2,2
    bb,Aortic enlargement,0,R1,3,3,4,4
    cc,No finding,14,R1,,,,
    """

  private func vindr(_ rows: String = vindrRows) throws -> CollectionTree {
    let tree = try CollectionTree("vindr")
    try tree.radiographs("train/aa.png", "train/bb.jpg")
    try tree.text("train.csv", Self.vindrHeader + rows + "\n")
    return tree
  }

  @Test func vindrCountsReaders() throws {
    let tree = try vindr()
    let two = try tree.open()
    #expect(two.records.map(\.findings) == [[], ["Cardiomegaly"]])
    #expect(
      two.records.allSatisfy { $0.view == .posteroanterior && $0.split == "train" && $0.patient == nil })
    #expect(two.findingNames == ["Aortic enlargement", "Cardiomegaly"])
    #expect(
      try two.truth("bb.jpg")?.boxes == [
        .init(finding: "Cardiomegaly", row: 6, column: 4, height: 24, width: 16),
        .init(finding: "Cardiomegaly", row: 6, column: 5, height: 24, width: 15),
      ])
    #expect(try two.truth("aa.png") == RadiographTruth())
    #expect(two.notes.contains { has($0, "1 radiograph of the table", "cc") })
    let one = try tree.open(CollectionOptions(agreement: 1))
    #expect(one.records.map(\.findings) == [["Cardiomegaly"], ["Aortic enlargement", "Cardiomegaly"]])
    #expect(try one.truth("bb.jpg")?.boxes.count == 4)
    #expect(try tree.open(CollectionOptions(agreement: 3)).records.allSatisfy(\.findings.isEmpty))
    #expect(has(tree.failure(CollectionOptions(agreement: 4)), "agreement is 4; 1, 2 or 3 readers"))
  }

  @Test func vindrBoxesOfRadiographsMadeSmaller() throws {
    let tree = try vindr(
      "bb,Mass,3,R1,400,600,2000,3000\nbb,Mass,3,R2,400,600,2000,3000\naa,Mass,3,R1,1,1,2,2")
    let source = try tree.open()
    #expect(
      has(
        Fixtures.reason { _ = try source.truth("bb.jpg") }, "to column 2000.0, row 3000.0",
        "40 × 36 pixels"))
    try tree.text("train_meta.csv", "image_id,dim0,dim1\nbb,3600,4000\n")
    #expect(
      try tree.open().truth("bb.jpg")?.boxes[0]
        == .init(finding: "Mass", row: 6, column: 4, height: 24, width: 16))
    var decoder = RadiographDecoder()
    decoder.shorterSide = 18
    #expect(
      try tree.open(decoder: decoder).truth("bb.jpg")?.boxes[0]
        == .init(finding: "Mass", row: 3, column: 2, height: 12, width: 8))
  }

  @Test func vindrOfPhysioNet() throws {
    let tree = try CollectionTree("vindr")
    try tree.radiographs("train/aa.dicom", "test/tt.dicom")
    try tree.text(
      "annotations/image_labels_train.csv",
      "image_id,rad_id,Cardiomegaly,Other diseases,No finding\naa,R1,1,0,0\naa,R2,1.0,1,\naa,R3,0,0,1\n")
    try tree.text(
      "annotations/image_labels_test.csv", "image_id,Cardiomegaly,Other disease,No finding\ntt,0,1,0\n")
    try tree.text(
      "annotations/annotations_train.csv",
      "image_id,rad_id,class_name,x_min,y_min,x_max,y_max\naa,R1,Cardiomegaly,1,2,30,30\naa,R3,No finding,,,,\n"
    )
    let source = try tree.open()
    #expect(
      source.record("aa.dicom")?.findings == ["Cardiomegaly"] && source.record("aa.dicom")?.split == "train")
    #expect(
      source.record("tt.dicom")?.findings == ["Other diseases"] && source.record("tt.dicom")?.split == "test")
    #expect(source.findingNames == ["Cardiomegaly", "Other diseases"])
    #expect(try source.truth("aa.dicom")?.boxes.count == 1)
    #expect(try source.truth("tt.dicom")?.boxes == [])
  }

  @Test func vindrLists() throws {
    let tree = try CollectionTree("vindr")
    try tree.radiographs("train_jpeg/aa.jpeg", "train_jpeg/bb.jpeg", "test_jpeg/tt.jpeg")
    try tree.text(
      "VinDrCXR_train_pe_global_one.txt", "train_jpeg/aa 0 0 0 0 0 1 \ntrain_jpeg/bb 1 0 1 0 0 0 ")
    try tree.text("VinDrCXR_test_pe_global_one.txt", "test_jpeg/tt 0 1 0 0 1 0 \n")
    let source = try tree.open()
    #expect(source.record("bb.jpeg")?.findings == ["Pleural effusion", "Pneumonia"])
    #expect(source.record("aa.jpeg")?.findings == [])
    #expect(
      source.splits == [
        "train": ["train_jpeg/aa.jpeg", "train_jpeg/bb.jpeg"], "test": ["test_jpeg/tt.jpeg"],
      ])
    #expect(source.findingNames.count == 5)
    try tree.text("VinDrCXR_test_pe_global_one.txt", "test_jpeg/tt 0 1 0 0 1 1\n")
    #expect(has(tree.failure(), "line 1", "no finding, stands beside Lung tumor, Other diseases"))
    try tree.text("VinDrCXR_test_pe_global_one.txt", "test_jpeg/tt 0 1 0 0 1 2\n")
    #expect(has(tree.failure(), "line 1: 0 to 1 is expected, found \"2\""))
  }

  @Test(arguments: [
    ("aa,Mass,3,R1,x,2,3,4", "line 2: column \"x_min\": a number is expected, found \"x\""),
    ("aa,Mass,3,R1,5,2,3,4", "line 2: the box ends before it begins"),
    ("aa,No finding,14,R1,5,2,3,4", "line 2: \"No finding\" has a box"),
    ("aa,Mass,3", "line 2: 3 cells found, 8 expected"),
  ]) func vindrRowsSayWhere(row: String, expected: String) throws {
    let words = try vindr(row).failure()
    #expect(has(words, "train.csv", expected), "\(words ?? "nothing")")
  }

  private func rsna(_ rows: String, classes: String? = nil) throws -> CollectionTree {
    let tree = try CollectionTree("rsna")
    try tree.radiographs(
      "stage_2_train_images/p1.png", "stage_2_train_images/p2.jpg", "stage_2_train_images/p3.png")
    try tree.text("stage_2_train_labels.csv", "patientId,x,y,width,height,Target\n" + rows)
    if let classes { try tree.text("stage_2_detailed_class_info.csv", "patientId,class\n" + classes) }
    return tree
  }

  @Test func rsnaHasThreeClassesAndBoxes() throws {
    let rows = "p1,,,,,0\np2,256,512,128,64,1\np2,0,0,512,512,1\np3,,,,,0\np4,,,,,0\n"
    let tree = try rsna(
      rows,
      classes: "p1,No Lung Opacity / Not Normal\np2,Lung Opacity\np2,Lung Opacity\np3,Normal\np4,Normal\n")
    let source = try tree.open()
    #expect(
      source.records.map(\.findings) == [["No Lung Opacity / Not Normal"], ["Lung Opacity"], ["Normal"]])
    #expect(source.records.map(\.patient) == ["p1", "p2", "p3"])
    #expect(
      try source.truth("p2.jpg")?.boxes == [
        .init(finding: "Lung Opacity", row: 18, column: 10, height: 2.25, width: 5),
        .init(finding: "Lung Opacity", row: 0, column: 0, height: 18, width: 20),
      ])
    #expect(try source.truth("p1.png") == RadiographTruth())
    let bare = try rsna(rows).open()
    #expect(bare.records[0].unknown == ["Normal", "No Lung Opacity / Not Normal"])
    #expect(bare.records[1].findings == ["Lung Opacity"] && bare.records[1].unknown == [])
    #expect(bare.notes.contains { $0.contains("stage_2_detailed_class_info.csv is not there") })
  }

  @Test func rsnaLists() throws {
    let tree = try CollectionTree("rsna")
    try tree.radiographs("p1.png", "p2.png", "p3.png")
    try tree.text("RSNAPneumonia_train.txt", "p1.png 0\np2.png 2\n")
    try tree.text("RSNAPneumonia_test.txt", "p3.png 1")
    let source = try tree.open()
    #expect(
      source.records.map(\.findings) == [["Normal"], ["Lung Opacity"], ["No Lung Opacity / Not Normal"]])
    #expect(source.records.map(\.split) == ["train", "train", "test"])
    try tree.text("RSNAPneumonia_test.txt", "p3.png 3")
    #expect(has(tree.failure(), "RSNAPneumonia_test.txt, line 1: 0 to 2 is expected, found \"3\""))
  }

  @Test(arguments: [
    ("p1,1,2,3,4,0\n", nil, "line 2: Target is 0, but column \"x\" is not empty"),
    ("p1,1,2,,4,1\n", nil, "line 2: column \"width\": a number is expected, found \"\""),
    ("p1,,,,,2\n", nil, "line 2: column \"Target\": 1, 0, -1 or nothing is expected, found \"2\""),
    ("p1,,,,,0\np1,1,2,3,4,1\n", nil, "line 3: Target 1, otherwise than on line 2"),
    ("p1,,,,,0\n", "p1,Abnormal\n", "class_info.csv, line 2: one of Normal"),
    ("p1,,,,,0\n", "p1,Lung Opacity\n", "does not go with the Target on line 2 of stage_2_train_labels.csv"),
  ]) func rsnaRowsSayWhere(rows: String, classes: String?, expected: String) throws {
    let words = try rsna(rows, classes: classes).failure()
    #expect(has(words, expected), "\(words ?? "nothing")")
  }

  private func siim(_ rows: String) throws -> CollectionTree {
    let tree = try CollectionTree("siim")
    try tree.radiographs("dicom-images-train/1.2.3/1.2.3.1.png", width: 1024, height: 1024)
    try tree.radiographs("1.2.3.2.png", "1.2.3.3.png", width: 64, height: 32)
    try tree.text("train-rle.csv", "ImageId, EncodedPixels\n" + rows)
    return tree
  }

  @Test func siimMasksAreUnited() throws {
    let first = "1.2.3.1, 512300 40 984 40 984 40 984 40 984 40 984 40\n"
    let tree = try siim(
      first + first + "1.2.3.1,205500 25 999 25 999 25 999 25\n1.2.3.2,-1\n1.2.3.3,0 524288\n")
    let source = try tree.open()
    #expect(source.record("1.2.3.1.png")?.findings == ["Pneumothorax"])
    #expect(source.record("1.2.3.2.png")?.findings == [])
    let mask = try #require(try source.truth("1.2.3.1.png")?.masks["Pneumothorax"])
    #expect(mask.width == 1024 && mask.pixels.count { $0 == 1 } == 340)
    #expect(mask.pixels[300 * 1024 + 500] == 1 && mask.pixels[339 * 1024 + 505] == 1)
    #expect(mask.pixels[299 * 1024 + 500] == 0 && mask.pixels[300 * 1024 + 506] == 0)
    #expect(mask.pixels[724 * 1024 + 203] == 1)
    #expect(try source.truth("1.2.3.2.png")?.masks["Pneumothorax"]?.pixels.allSatisfy { $0 == 0 } == true)
    // The left half of the radiograph, at the radiograph's own size.
    let half = try #require(try source.truth("1.2.3.3.png")?.masks["Pneumothorax"])
    #expect(half.width == 64 && half.height == 32)
    #expect(half.pixels.indices.allSatisfy { half.pixels[$0] == ($0 % 64 < 32 ? 1 : 0) })
  }

  @Test(arguments: [
    ("1.2.3.1,1048570 7\n", "line 2: run 1 ends at pixel 1048577, beyond the 1048576"),
    ("1.2.3.1,5 5 1048560 7\n", "line 2: run 2 ends at pixel 1048577"),
    ("1.2.3.1,5 5 5\n", "line 2: run lengths come in pairs or are -1, found 3"),
    ("1.2.3.1,5 -5\n", "line 2: run 1 is \"5 -5\""),
    ("1.2.3.1,a 5\n", "line 2: run 1 is \"a 5\""),
    ("1.2.3.1,\n", "line 2: column \"EncodedPixels\" is empty"),
    ("1.2.3.1,-1\n1.2.3.1,5 5\n", "line 3: one row says -1"),
  ]) func siimRowsSayWhere(rows: String, expected: String) throws {
    let words = try siim(rows).failure()
    #expect(has(words, "train-rle.csv", expected), "\(words ?? "nothing")")
  }
}
