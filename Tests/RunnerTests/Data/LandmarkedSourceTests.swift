import Foundation
import Imaging
import Radiographs
import Testing
import WorldModel

@testable import Training

@Suite struct LandmarkedSourceTests {
  private static func source(_ names: [String] = ["images/a.png", "images/b.png"]) -> HeldRadiographs {
    var source = HeldRadiographs()
    for name in names { source.add(name, GrayImage(width: 20, height: 10)) }
    return source
  }

  private func table(_ rows: String) throws -> LandmarkTable {
    let path = NSTemporaryDirectory() + "landmarks-\(UUID().uuidString).csv"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(("file,landmark,x,y\n" + rows).utf8).write(to: URL(fileURLWithPath: path))
    return try LandmarkTable(path: path)
  }

  private func problem(_ rows: String, _ names: [String] = ["images/a.png", "images/b.png"]) -> String {
    do {
      let source = try LandmarkedSource(Self.source(names), table: table(rows))
      _ = try source.truth(at: 0)
      return "accepted"
    } catch { return "\(error)" }
  }

  @Test func radiographsGetTheirPoints() throws {
    let source = try LandmarkedSource(
      Self.source(), table: table("b.png,apex,3,4\ngone.png,apex,1,1\nb.png,hilum,-1,10\n"))
    #expect(try source.truth(at: 0) == nil)
    #expect(
      try source.truth(at: 1)?.landmarks
        == ["apex": .init(row: 4, column: 3), "hilum": .init(row: 10, column: -1)])
    #expect(source.notes.count == 1 && source.notes[0].contains("1 of 2 names"))
    #expect(source.summary.contains("landmarks of 1 in"))
    #expect(source.records.count == 2 && source.findingNames.isEmpty)
  }

  @Test func whatDoesNotFitIsRefused() {
    #expect(problem("gone.png,apex,1,1\n").contains("none of its 1 names is that of a radiograph"))
    #expect(problem("a.png,apex,1,1\n", ["x/a.png", "y/a.png"]).contains("the name of 2 radiographs"))
    #expect(
      problem("a.png,apex,1,1\nimages/a.png,hilum,1,1\n").contains("line 3: \"images/a.png\" is another name")
    )
    #expect(problem("a.png,apex,25,1\n").contains("is at x 25.0, y 1.0, but its file has 20 × 10 pixels"))
  }
}
