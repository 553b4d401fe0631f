import Foundation
import Runs
import Testing
import WorldModel

@testable import Radiographs

@Suite struct SplitFileTests {
  private func read(_ files: [(String, String)], checksum: String? = nil) throws -> SplitList {
    let folder = try ScratchFolder()
    for (name, text) in files { try folder.write(text, name) }
    return try SplitFile.read(files.map { folder.path + "/" + $0.0 }, checksum: checksum)
  }

  private func problem(_ files: (String, String)..., checksum: String? = nil) -> String {
    do {
      _ = try read(files, checksum: checksum)
      return "accepted"
    } catch { return "\(error)" }
  }

  /// The golden sum was taken by another program, of the text that the documentation describes.
  @Test func checksumsAreOfTheContent() throws {
    let golden = "sha256:3bbee20a03a061117fe5467d75121ab6597fffad92412fb21a46b4dcde213d65"
    let list = try read([("a.csv", "file,patient,split,fold\na/1.png,7,train,2\nb.png,,test,\n")])
    #expect(list.checksum == golden && list.foldCount == 2)
    // Order of rows and columns, quotes, ends of lines, patients and further columns do not matter.
    let other = "Fold;split;note;Path\r\n;test;x;\"b.png\"\r\n2;train;y;a/1.png"
    #expect(try read([("b.csv", other)]).checksum == golden)
    #expect(try read([("b.csv", "# checksum: \(golden)\n" + other)], checksum: golden).checksum == golden)
    #expect(try read([("b.csv", other.replacing(";2;", with: ";1;"))]).entries.count == 2)
    #expect(SplitList().checksum == SplitChecksum.prefix + Sha256.hexadecimal(""))
    #expect(SplitChecksum.parse(golden.dropFirst(7).uppercased()) == golden)
    #expect(SplitChecksum.parse("sha256:12") == nil && SplitChecksum.parse("") == nil)
  }

  @Test func listsOfTheField() throws {
    let list = try read([
      ("train_val_list.txt", "00000001_000.png\n00000001_001.png"),
      ("chest_1-shot_val_exp1.txt", "a.png 0,1,0\nb b.png\n"),
      ("VinDrCXR_test_one.txt", "c.png 0 0 1\r\n\r\nd.png 1 0 0\n"),
    ])
    #expect(
      list.entries.map { "\($0.name) \($0.split)" } == [
        "00000001_000.png train", "00000001_001.png train", "a.png val", "b b.png val", "c.png test",
        "d.png test",
      ])
    let folder = try ScratchFolder()
    try folder.write("x.png,1\ny.png,0\n", "mine")
    #expect(try SplitFile.read(["test=\(folder.path)/mine"]).entries.map(\.split) == ["test", "test"])
    #expect(throws: RadiographsError.self) { try SplitFile.read([folder.path + "/mine"]) }
  }

  @Test func hostileFiles() throws {
    #expect(problem(("a.csv", "")).contains("the table is empty"))
    #expect(problem(("train.txt", "")).contains("names no radiograph"))
    #expect(problem(("a.csv", "file,split\n")).contains("names no radiograph"))
    #expect(problem(("a.csv", "file,split\na.png,train\nb.pn")).contains("line 3: 1 cells found, 2 expected"))
    #expect(problem(("a.csv", "file,split\n\"a.png,train\n")).contains("never closed"))
    #expect(problem(("a.csv", "name,split\na.png,train\n")).contains("no column with the radiographs' names"))
    #expect(problem(("a.csv", "file,side\na.png,train\n")).contains("no column split or fold"))
    #expect(problem(("a.csv", "file,split\n,train\n")).contains("line 2: the line names no radiograph"))
    #expect(problem(("a.csv", "file,split,fold\na.png,,\n")).contains("neither split nor fold"))
    for fold in ["0", "-1", "x", "1.5", "99999999999999999999"] {
      #expect(problem(("a.csv", "file,fold\na.png,\(fold)\n")).contains("whole number from 1"), "\(fold)")
    }
    #expect(problem(("train.txt", "\u{0}\u{1}PNG")).contains("not UTF-8"))
    let folder = try ScratchFolder()
    try folder.write([UInt8](0...255), "train.txt")
    #expect(throws: RadiographsError.self) { try SplitFile.read([folder.path + "/train.txt"]) }
    #expect(throws: RadiographsError.self) { try SplitFile.read([folder.path]) }
    #expect(throws: RadiographsError.self) { try SplitFile.read([folder.path + "/none.csv"]) }
  }

  @Test func radiographsOnTwoSidesAreRefused() throws {
    let twice = problem(("a.csv", "file,split\na.png,train\nb.png,test\na.png,test\n"))
    #expect(twice.contains("line 4") && twice.contains("\"train\" on line 2 of a.csv"))
    #expect(
      problem(("train.txt", "a.png\n"), ("test.txt", "a.png\n")).contains("\"train\" on line 1 of train.txt"))
    #expect(problem(("a.csv", "file,fold\na.png,1\na.png,2\n")).contains("fold 2, and in fold 1"))
    #expect(try read([("a.csv", "file,split\na.png,train\na.png,train\n")]).entries.count == 1)
  }

  @Test func anotherChecksumIsToldWithBoth() throws {
    let (text, other) = ("file,split\na.png,train\n", "sha256:" + String(repeating: "0", count: 64))
    let own = try read([("a.csv", text)]).checksum
    let asked = problem(("a.csv", text), checksum: other)
    #expect(asked.contains(own) && asked.contains(other) && asked.contains("data.split_checksum"))
    let written = problem(("a.csv", "# checksum: \(other)\n" + text))
    #expect(written.contains("a.csv, line 1") && written.contains(own) && written.contains(other))
    // A file that was cut at the end of a line is found out by its checksum.
    let cut = "# checksum: \(own)\nfile,split\n" + "a.png,train\nb.png,test\n"
    #expect(problem(("a.csv", cut)).contains(own))
    #expect(problem(("train.txt", "# checksum: 12\na.png\n")).contains("64 hexadecimal digits, found \"12\""))
    #expect(try read([("train.txt", "# lists of a paper\n# checksum: \(own)\na.png\n")]).entries.count == 1)
  }

  @Test func foldsAreSetApart() throws {
    let folds = try read([("a.csv", "file,fold\na,1\nb,2\nc,2\n")])
    #expect(try folds.choosing(fold: 2, of: "x").entries.map(\.split) == ["train", "test", "test"])
    #expect(throws: RadiographsError.self) { try folds.choosing(fold: 0, of: "x") }
    #expect(throws: RadiographsError.self) { try folds.choosing(fold: 3, of: "x") }
    let tested = try read([("a.csv", "file,split,fold\na,train,1\nb,train,2\nc,test,\n")])
    #expect(try tested.choosing(fold: 1, of: "x").entries.map(\.split) == ["val", "train", "test"])
    #expect(try tested.choosing(fold: 0, of: "x") == tested)
  }

  // MARK: Writing

  private let records = [
    RadiographRecord(identifier: "a/1.png", patient: "7", findings: ["Edema"]),
    RadiographRecord(identifier: "a/2.png", patient: "=SUM(1)"), RadiographRecord(identifier: "-b,\"c\".png"),
  ]

  @Test func tablesComeBack() throws {
    let list = SplitList(
      records.enumerated().map { index, record in
        .init(
          name: record.identifier, patient: record.patient, split: index < 2 ? "train" : "test",
          fold: index < 2 ? index + 1 : nil)
      })
    #expect(try read([("a.csv", SplitText.table(list))], checksum: list.checksum) == list)
    let plain = SplitList(list.entries.map { .init(name: $0.name, patient: $0.patient, split: $0.split) })
    #expect(!SplitText.table(plain).contains("fold"))
    #expect(try read([("a.csv", SplitText.table(plain))]) == plain)
  }

  @Test(arguments: [SplitText.Layout.names, .spaces, .commas]) func listsComeBack(layout: SplitText.Layout)
    throws
  {
    let own = Array(records.prefix(2))
    let text = try SplitText.list(own, layout, findings: ["Edema", "Mass"], path: "train.txt")
    #expect(
      text
        == (layout == .names
          ? "a/1.png\na/2.png\n"
          : layout == .spaces ? "a/1.png 1 0\na/2.png 0 0\n" : "a/1.png 1,0\na/2.png 0,0\n"))
    #expect(try read([("train.txt", text)]).entries.map(\.name) == own.map(\.identifier))
    for name in ["a 1", " a", "a\nb", "# a", "a,2", "a\u{7}"] {
      #expect(throws: RadiographsError.self, "\(name)") {
        try SplitText.list([RadiographRecord(identifier: name)], layout, findings: [], path: "x")
      }
    }
    let unknown = RadiographRecord(identifier: "a", unknown: ["Mass"])
    let written = try? SplitText.list([unknown], layout, findings: ["Mass"], path: "x")
    #expect((written != nil) == (layout == .names))
  }
}

@Suite struct SplitMatchingTests {
  private func match(_ names: [String], _ identifiers: [String], bare: [String]? = nil) throws
    -> SplitMatching
  {
    try SplitMatching(
      SplitList(names.enumerated().map { .init(name: $1, split: $0 == 0 ? "train" : "test") }), identifiers,
      bare: bare ?? identifiers, path: "list")
  }

  @Test func namesAreMatchedFromTheirEnds() throws {
    let found = try match(
      ["images/1.png", "2.png", "./3.dcm", "gone.png"], ["1.jpg", "x/2.png", "y/3.png", "4.png"])
    #expect(found.splits == ["train", "test", "test", nil] && found.unmatched == ["gone.png"])
    // The identifier itself wins over what agrees with it; so does the same ending.
    #expect(try match(["1.png"], ["a/1.png", "1.png"]).splits == [nil, "train"])
    #expect(try match(["a/1.png"], ["b/1.png", "x/a/1.png"]).splits == [nil, "train"])
    #expect(try match(["1.png"], ["a/1.dcm", "a/1.png"]).splits == [nil, "train"])
    let joined = try match(["1.png", "b:2.png"], ["a:1.png", "b:2.png"], bare: ["1.png", "2.png"])
    #expect(joined.splits == ["train", "test"])
  }

  @Test func whatIsAmbiguousIsRefused() {
    func problem(_ names: [String], _ identifiers: [String]) -> String {
      do {
        _ = try match(names, identifiers)
        return "accepted"
      } catch { return "\(error)" }
    }
    #expect(
      problem(["1.png"], ["a/1.png", "b/1.png"]).contains(
        "the name of 2 radiographs, \"a/1.png\" and \"b/1.png\""))
    #expect(problem(["a/1.png", "1.jpg"], ["a/1.png"]).contains("both are the radiograph \"a/1.png\""))
    #expect(problem(["x.png"], ["a/1.png"]).contains("none of its 1 names"))
    #expect(problem(["x.png"], []).contains("none of its 1 names"))
  }
}
