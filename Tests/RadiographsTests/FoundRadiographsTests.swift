import Foundation
import Imaging
import Testing
import WorldModel

@testable import Radiographs

/// Which files of a folder, and which cells of a table, are radiographs, patients and findings.
@Suite struct FoundRadiographsTests {
  private let radiograph = try! PngWriter.encode(Fixtures.noise())

  @Test func radiographsAreKnownByContentWhateverTheyAreCalled() throws {
    let folder = try ScratchFolder()
    let radiographs = ["a.png", "b.jfif", "c.jpe", "d.IMA", "e.png_large", "f", "g.1234", "h.bak", "i.dat"]
    for name in radiographs { try folder.write(radiograph, name) }
    for name in ["notes.md", "more.md", "readme", "table.xlsx"] {
      try folder.write("no radiograph at all", name)
    }
    try folder.write("", "empty.bin")
    try folder.write("a,b", "index-of-something.csv")
    let source = try FolderSource(folder: folder.path)
    #expect(source.records.map(\.identifier) == radiographs)
    #expect(try radiographs.indices.allSatisfy { try source.radiograph(at: $0).width == 40 })
    #expect(source.notes.count == 1)
    #expect(
      source.notes[0].hasPrefix("5 other files were passed over") && source.notes[0].contains("2 .md")
        && source.notes[0].contains("1 without an ending"), "\(source.notes)")
  }

  @Test func aFolderOfRadiographsAloneNeedsNoRemark() throws {
    let folder = try ScratchFolder()
    try folder.write(radiograph, "a.png")
    #expect(try FolderSource(folder: folder.path).notes.isEmpty)
  }

  /// A store's contact sheet is no radiograph.
  @Test func storesAreNoFoldersOfRadiographs() throws {
    let folder = try ScratchFolder()
    for name in ["store/contact.png", "a.png"] { try folder.write(radiograph, name) }
    try folder.write("{}", "store/store.json")
    try folder.write("", "store/shards/000000.jsonl")
    let source = try FolderSource(folder: folder.path)
    #expect(source.records.map(\.identifier) == ["a.png"])
    #expect(source.notes.contains { $0.contains("1 packed stores") }, "\(source.notes)")
    try FileManager.default.removeItem(atPath: folder.path + "/store/store.json")
    for path in [folder.path, folder.path + "/store"] {
      let words = Fixtures.failure { _ = try FolderSource(folder: path) }
      #expect(
        words?.contains("store.json") == true && words?.contains("prepare the store again") == true,
        "\(words ?? "")")
    }
  }

  @Test func theKernelsFoldersAreNoFolders() throws {
    let words = Fixtures.failure { _ = try FolderSource(folder: "/proc/self") }
    #expect(words?.contains("the kernel's") == true, "\(words ?? "")")
    let folder = try ScratchFolder()
    try folder.write(radiograph, "a.png")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/out", withDestinationPath: "/proc/self")
    #expect(try FolderSource(folder: folder.path).records.count == 1)
  }

  private func open(_ text: String, _ options: TableOptions = TableOptions()) throws -> TableSource {
    let folder = try ScratchFolder()
    return try TableSource(table: try folder.write(text, "images.csv"), options: options)
  }

  @Test(arguments: [
    "patient_id", "PatientID", "patientid", "Patient ID", "subject_id", "Subject", " patient ",
  ])
  func patientsAreFoundUnderTheirUsualNames(column: String) throws {
    let source = try open("path,\(column)\na.png, 007\nb.png,7.0\nc.png,8\n")
    #expect(source.records.map(\.patient) == ["007", "7.0", "8"])
    #expect(Set(source.records.map(\.patientKey)).count == 2)
  }

  @Test func placeholdersAreNobodyAndAreTold() throws {
    let source = try open("path,patient_id\na.png,ANONYMOUS\nb.png,anonymous\nc.png,7\nd.png,\n")
    #expect(source.records.map(\.patient) == [nil, nil, "7", nil])
    #expect(
      source.notes.count == 1 && source.notes[0].contains("2 radiographs name nobody"), "\(source.notes)")
    #expect(source.notes[0].contains("--patient-column"))
  }

  @Test(
    arguments: [
      ("Edema|Effusion", ["Edema", "Effusion"]), ("Edema; Effusion", ["Edema", "Effusion"]),
      ("\"Edema, Effusion\"", ["Edema", "Effusion"]), ("\"['Edema', 'Effusion']\"", ["Edema", "Effusion"]),
      ("\"[\"\"Edema\"\", \"\"Effusion\"\"]\"", ["Edema", "Effusion"]),
      ("\"['pleural effusion, left', 'Edema']\"", ["Edema", "pleural effusion, left"]),
      ("\"['Edema']\"", ["Edema"]),
      ("nan", []), ("NaN", []), ("None", []), ("[]", []), ("n/a", []), ("", []), ("Edema|nan", ["Edema"]),
    ] as [(String, [String])])
  func aListInACellIsAList(cell: String, findings: [String]) throws {
    let source = try open("path,labels\na.png,\(cell)\n")
    #expect(source.records[0].findings.sorted() == findings)
  }

  /// Where a column parts its findings by a bar, a comma belongs to a name.
  @Test func commasPartOnlyWhereNothingElseDoes() throws {
    let source = try open("path,labels\na.png,\"Effusion, left|Edema\"\nb.png,\"Effusion, left\"\n")
    #expect(source.findingNames == ["Edema", "Effusion, left"])
  }

  @Test func emptyCellsOfLabelColumnsMayBeWritten() throws {
    let source = try open("path,Edema\na.png,1\nb.png,nan\nc.png,\n", TableOptions(labelColumns: ["Edema"]))
    #expect(source.records.map(\.unknown) == [[], ["Edema"], ["Edema"]])
  }

  @Test func spacesAroundAPathAreNone() throws {
    let folder = try ScratchFolder()
    try folder.write(radiograph, "a.png")
    try folder.write(radiograph, " b.png")
    let source = try TableSource(
      table: try folder.write("path,split\n a.png ,train \n\" b.png\",test\n", "images.csv"))
    #expect(source.records.map(\.identifier) == ["a.png", " b.png"])
    #expect(source.records.map(\.split) == ["train", "test"])
  }

  @Test func manyColumnsAreReadAtOnceAndNamedBriefly() throws {
    let names = (0..<50_000).map { "c\($0)" }
    let table =
      "path," + names.joined(separator: ",") + "\na.png" + String(repeating: ",1", count: names.count) + "\n"
    #expect(try open(table).records[0].attributes.count == 50_000)
    let long = String(repeating: "x", count: 100_000)
    let words = Fixtures.failure { _ = try open("path,\(long),\(long)\na.png,1,2\n") } ?? ""
    #expect(words.contains("two columns are called") && words.utf8.count < 500)
    let missing = Fixtures.failure { _ = try open(table, TableOptions(pathColumn: "image")) } ?? ""
    #expect(missing.contains("and 49981 more") && missing.utf8.count < 2000, "\(missing.prefix(300))")
  }
}
