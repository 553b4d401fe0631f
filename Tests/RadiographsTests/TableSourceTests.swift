import Foundation
import Imaging
import Testing
import WorldModel

@testable import Radiographs

@Suite struct TableSourceTests {
  private static let table = """
    file,Patient ID,split,source,Finding Labels
    a.png,p1,train,kermany,Pneumonia|Effusion
    b.png,p1,test,nih, No Finding
    /radiographs/c.png,,,nih,
    "d, e.png",p2,train,kermany,Normal; Nodule ;
    """

  private func open(
    _ text: String = table, options: TableOptions = TableOptions()
  ) throws -> (TableSource, ScratchFolder) {
    let folder = try ScratchFolder()
    let path = try folder.write(text, "images.csv")
    return (try TableSource(table: path, options: options), folder)
  }

  private func words(_ text: String = table, _ options: TableOptions = TableOptions()) -> String? {
    Fixtures.failure { _ = try open(text, options: options) }
  }

  /// Files that columns of masks name, relative to the table; several are one mask.
  @Test func masksAreThoseOfTheirColumns() throws {
    let folder = try ScratchFolder()
    func picture(_ name: String, _ height: Int, _ width: Int, _ isLit: (Int, Int) -> Bool) throws {
      let pixels = (0..<height * width).map { Float(isLit($0 / width, $0 % width) ? 1 : 0) }
      try folder.write(
        try PngWriter.encode(GrayImage(width: width, height: height, pixels: pixels)), name)
    }
    try picture("image.png", 40, 60) { ($0 + $1) % 2 == 0 }
    try picture("left.png", 80, 120) { $0 < 20 && $1 < 40 }
    try picture("right.png", 40, 60) { $0 == 39 && $1 == 59 }
    let path = try folder.write(
      "file,Lungs_mask,mask,mask_kind\nimage.png,left.png|right.png,,by hand\n", "images.csv")
    let source = try TableSource(table: path)
    #expect(source.summary.contains("masks in \"Lungs_mask\", \"mask\""), "\(source.summary)")
    let masks = try #require(try source.truth(at: 0)).masks
    #expect(Array(masks.keys) == ["lungs"])
    let lungs = try #require(masks["lungs"])
    #expect((lungs.height, lungs.width) == (40, 60))
    // The first file is twice as large, and made smaller by nearest places.
    for row in 0..<40 {
      for column in 0..<60 {
        let isIn = row < 10 && column < 20 || row == 39 && column == 59
        #expect(lungs[row, column] == (isIn ? 1 : 0))
      }
    }
    let bare = try folder.write("file,mask\nimage.png,\n", "bare.csv")
    #expect(try TableSource(table: bare).truth(at: 0) == nil)
    let torn = try folder.write("file,mask\nimage.png,none.png\n", "torn.csv")
    #expect(throws: UnusableRadiograph.self) { try TableSource(table: torn).truth(at: 0) }
  }

  @Test func readsRecords() throws {
    let (source, folder) = try open()
    #expect(
      source.records == [
        RadiographRecord(
          identifier: "a.png", patient: "p1", split: "train", findings: ["Pneumonia", "Effusion"],
          attributes: ["source": "kermany"]),
        RadiographRecord(
          identifier: "b.png", patient: "p1", split: "test", findings: ["No Finding"],
          attributes: ["source": "nih"]),
        RadiographRecord(identifier: "/radiographs/c.png", attributes: ["source": "nih"]),
        RadiographRecord(
          identifier: "d, e.png", patient: "p2", split: "train", findings: ["Normal", "Nodule"],
          attributes: ["source": "kermany"]),
      ])
    #expect(source.findingNames == ["Effusion", "No Finding", "Nodule", "Normal", "Pneumonia"])
    #expect(source.summary.contains("4 radiographs, labels in \"Finding Labels\""))
    try folder.write(try PngWriter.encode(Fixtures.noise()), "d, e.png")
    #expect(try source.radiograph(at: 3).width == 40)
    #expect(Fixtures.reason { _ = try source.radiograph(at: 0) } == "the file does not exist")
  }

  @Test func filtersMustAllMatch() throws {
    let (one, _) = try open(options: TableOptions(filters: ["source=kermany"]))
    #expect(one.records.map(\.identifier) == ["a.png", "d, e.png"])
    #expect(one.findingNames == ["Effusion", "Nodule", "Normal", "Pneumonia"])
    let (two, _) = try open(options: TableOptions(filters: ["source=kermany", "Patient ID=p2"]))
    #expect(two.records.map(\.identifier) == ["d, e.png"])
    #expect(two.summary.hasSuffix("only source=kermany and Patient ID=p2"))
    let none = words(Self.table, TableOptions(filters: ["source=chexpert"]))
    #expect(none?.contains("none of its 4 rows matches source=chexpert") == true)
    let unknown = words(Self.table, TableOptions(filters: ["origin=nih"]))
    #expect(
      unknown?.contains("no column \"origin\"") == true
        && unknown?.contains("file, Patient ID, split, source, Finding Labels") == true)
    #expect(words(Self.table, TableOptions(filters: ["nih"]))?.contains("column=value") == true)
  }

  @Test func namedColumnsReplaceTheUsual() throws {
    let options = TableOptions(
      pathColumn: "Image Index", labelColumn: "kind", patientColumn: "who", splitColumn: "part")
    let (source, _) = try open("Image Index,kind,who,part,file\nx.png,Mass,7,val,y.png\n", options: options)
    #expect(
      source.records == [
        RadiographRecord(
          identifier: "x.png", patient: "7", split: "val", findings: ["Mass"], attributes: ["file": "y.png"])
      ])
    let missing = words("Path,b\nx,y\n", TableOptions(labelColumn: "Labels"))
    #expect(missing?.contains("no column \"Labels\" for labels; the columns are: Path, b") == true)
  }

  @Test(arguments: [
    ("", "the table is empty"),
    ("file\n", "a header and no rows"),
    (
      "name,label\nx,y\n",
      "none of file, path, image, filename, file path, image path is among the columns name, label"
    ),
    ("file,a,a\nx,1,2\n", "two columns are called \"a\""),
    ("file,a\nx,1\ny\n", "line 3: 1 cells found, 2 expected"),
    ("file,a\nx,\"1\n2\"\ny,1,2\n", "line 4: 3 cells found, 2 expected"),
    ("file,a\n,1\n", "line 2: column \"file\" names no file"),
    ("file,a\nx,1\ny,1\nx,2\n", "line 4: \"x\" is named again, first on line 2"),
    ("file,a\nx,\"1\n", "line 2: a quote opens here"),
  ]) func brokenTablesSayWhere(text: String, expected: String) {
    let found = words(text)
    #expect(found?.contains(expected) == true, "\(found ?? "nothing")")
    #expect(found?.contains("images.csv") == true)
  }

  @Test func aMissingTableSaysSo() {
    let words = Fixtures.failure { _ = try TableSource(table: "/no/table.csv") }
    #expect(words == "/no/table.csv: the file does not exist")
  }
}
