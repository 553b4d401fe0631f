import Testing
import WorldModel

@testable import Radiographs

@Suite struct CollectionsNihTests {
  static let header =
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    + "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
  private static let rows = """
    00000001_000.png,Cardiomegaly|Emphysema,0,1,57,M,PA,2682,2749,0.143,0.143
    00000001_001.png,No Finding,1,1,58,M,AP,2894,2729,0.143,0.143
    00000002_000.png,Hernia,0,2,81,F,PA,2500,2048,0.171,0.171
    00000003_000.png,Infiltration,0,3,74,F,PA,2500,2048,0.168,0.168
    00000003_000.png,Infiltration,0,3,74,F,PA,2500,2048,0.168,0.168
    00000004_000.png,Mass,0,4,82,M,AP,2500,2048,0.168,0.168
    """

  private func tree(_ table: String = header + "\n" + rows + "\n") throws -> CollectionTree {
    let tree = try CollectionTree("nih")
    try tree.radiographs(
      "images_001/images/00000001_000.png", "images_001/images/00000001_001.png",
      "images_012/images/00000002_000.png", "images/00000003_000.png", "images/00000009_000.png")
    try tree.text("Data_Entry_2017_v2020.csv", table)
    try tree.text("train_val_list.txt", "00000001_000.png\n00000001_001.png\n00000002_000.png")
    try tree.text("test_list.txt", "00000003_000.png\n00000004_000.png")
    return tree
  }

  @Test func readsTableListsAndBoxes() throws {
    let tree = try tree()
    try tree.text(
      "BBox_List_2017.csv",
      "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000003_000.png,Infiltrate,256,512,128,64\n"
        + "00000003_000.png,Mass,0,0,1024,1024,,,\n")
    let source = try tree.open()
    #expect(source.records.count == 4)
    #expect(source.findingNames.count == 14 && source.findingNames == source.findingNames.sorted())
    #expect(
      source.record("00000001_000.png")
        == RadiographRecord(
          identifier: "images_001/images/00000001_000.png", patient: "1", split: "train",
          view: .posteroanterior, findings: ["Cardiomegaly", "Emphysema"],
          attributes: ["age": "57", "sex": "M", "follow_up": "0"]))
    #expect(source.record("00000001_001.png")?.findings == [])
    #expect(source.record("00000001_001.png")?.view == .anteroposterior)
    #expect(source.record("00000003_000.png")?.split == "test")
    let truth = try #require(try source.truth("00000003_000.png"))
    #expect(
      truth.boxes == [
        .init(finding: "Infiltration", row: 18, column: 10, height: 2.25, width: 5),
        .init(finding: "Mass", row: 0, column: 0, height: 36, width: 40),
      ])
    #expect(try source.truth("00000001_000.png") == nil)
    #expect(try source.radiograph(at: 0).width == 40)
    #expect(
      source.notes.contains("1 radiograph of the table is not in the folder, the first is 00000004_000.png"))
    #expect(source.notes.contains { has($0, "1 radiograph of the folder", "images/00000009_000.png") })
    #expect(source.notes.contains("1 rows repeat an earlier row"))
    #expect(has(source.summary, "4 radiographs (train 3, test 1)", "14 findings"))
  }

  @Test func theFirstReleaseWritesAgesAndHeaderOtherwise() throws {
    let tree = try CollectionTree("nih")
    try tree.radiographs("images/00000001_000.png")
    try tree.text(
      "Data_Entry_2017.csv", Self.header + ",\n00000001_000.png,Mass,0,1,058Y,F,PA,2682,2749,0.143,0.143,\n")
    let source = try tree.open()
    #expect(source.records[0].attributes["age"] == "58")
    #expect(source.notes.contains { $0.contains("no splits") })
    #expect(source.records[0].split == nil)
  }

  @Test func listsOfTheFieldGiveLabelsAndAValidationSplit() throws {
    let tree = try CollectionTree("nih")
    try tree.radiographs("00000211_000.png", "00000820_000.png", "00001234_002.png")
    try tree.text("Xray14_train_official.txt", "00000211_000.png 0 1 0 0 0 0 0 0 0 0 0 0 0 1\n")
    try tree.text("Xray14_val_official.txt", "00000820_000.png 0 0 0 0 0 0 0 0 0 0 0 0 0 0")
    try tree.text("Xray14_test_official.txt", "00001234_002.png 1 0 0 0 0 0 0 0 0 0 0 0 0 0\r\n")
    let source = try tree.open()
    #expect(source.records.map(\.split) == ["train", "val", "test"])
    #expect(source.records.map(\.findings) == [["Cardiomegaly", "Hernia"], [], ["Atelectasis"]])
    #expect(source.records.map(\.patient) == ["211", "820", "1234"])
    #expect(source.notes.contains { $0.contains("no Data_Entry_2017 table") })
  }

  @Test func theFieldsValidationListSplitsTheOwners() throws {
    let tree = try tree()
    try tree.text("Xray14_val_official.txt", "00000002_000.png 0 0 0 0 0 0 0 0 0 0 0 0 0 1")
    #expect(try tree.open().splits["val"] == ["images_012/images/00000002_000.png"])
    try tree.text("Xray14_val_official.txt", "00000003_000.png 0 0 0 1 0 0 0 0 0 0 0 0 0 0")
    #expect(
      has(
        tree.failure(), "Xray14_val_official.txt, line 1", "for val",
        "owners' for test on line 1 of test_list.txt"))
  }

  @Test(arguments: [
    ("", "the table is empty"),
    ("Image Index,Labels\na,b\n", "no column \"Finding Labels\"; the columns are: Image Index, Labels"),
    (header + "\na.png,Mass,0,1\n", "line 2: 4 cells found, 11 expected"),
    (
      header + "\na.png,Mass|No Finding,0,1,5,M,PA,1,1,1,1\n",
      "line 2: \"No Finding\" stands beside a finding"
    ),
    (header + "\na.png,Mass,0,,5,M,PA,1,1,1,1\n", "line 2: column \"Patient ID\" is empty"),
    (
      header + "\n00000001_000.png,Mass,0,1,5,M,PA,1,1,1,1\n00000001_000.png,Edema,0,1,5,M,PA,1,1,1,1\n",
      "line 3: \"00000001_000.png\" is listed again and otherwise, first on line 2 of Data_Entry"
    ),
    (
      header + "\na.png,Mass,0,1,5,M,PA,1,1,1,1\n",
      "none of the 1 radiographs that are listed is in the folder"
    ),
  ]) func brokenTablesSayWhere(table: String, expected: String) throws {
    let words = try tree(table).failure()
    #expect(has(words, expected), "\(words ?? "nothing")")
  }

  @Test func brokenListsAndBoxesSayWhere() throws {
    let tree = try tree()
    try tree.text("BBox_List_2017.csv", "Image Index,Finding Label,Bbox [x,y,w,h],,,\na.png,Mass,1,2,x,4\n")
    #expect(
      has(tree.failure(), "BBox_List_2017.csv, line 2", "column \"w\": a number is expected, found \"x\""))
    try tree.text("BBox_List_2017.csv", "Image Index,Finding Label,Bbox [x,y,w,h],,,\n")
    try tree.text("test_list.txt", "00000003_000.png\n00000001_000.png")
    #expect(has(tree.failure(), "line 1", "in the list for"))
    try tree.text("test_list.txt", "00000003_000.png 1\n")
    #expect(has(tree.failure(), "test_list.txt, line 1: a name and 0 numbers are expected, found 1"))
  }

  @Test func aFolderWithoutTheTableSaysWhatIsThere() throws {
    let tree = try CollectionTree("nih")
    try tree.radiographs("a.png")
    try tree.text("labels.csv", "a,b\n")
    #expect(has(tree.failure(), "nih:", "Data_Entry_2017", "found labels.csv", "expected:"))
  }
}
