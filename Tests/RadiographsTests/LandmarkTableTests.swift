import Testing
import WorldModel

@testable import Radiographs

@Suite struct LandmarkTableTests {
  private func table(_ text: String) throws -> LandmarkTable {
    let folder = try ScratchFolder()
    return try LandmarkTable(path: try folder.write(text, "landmarks.csv"))
  }

  private func words(_ text: String) -> String? { Fixtures.failure { _ = try table(text) } }

  @Test func pointsAreReadByTheirColumns() throws {
    let byPlace = try table(
      "file,landmark,x,y,dice\na.png,apex,1.5,2,0.9\nb.png,apex,3,4,0.8\na.png,hilum,5,6,0.7\n")
    #expect(byPlace.entries.map(\.name) == ["a.png", "b.png"])
    #expect(byPlace.entries.map(\.line) == [2, 3])
    #expect(byPlace.entries[0].landmarks["apex"] == .init(row: 2, column: 1.5))
    #expect(byPlace.entries[0].landmarks["hilum"] == .init(row: 6, column: 5))
    // As chex-runner data write writes them.
    let byRow = try table("file,landmark,row,column\na.png,apex,2,1.5\n")
    #expect(byRow.entries[0].landmarks["apex"] == .init(row: 2, column: 1.5))
    #expect(try table("Image;landmark;x;y\na.png;apex;1;2").entries.count == 1)
  }

  @Test func whatIsWrongIsToldWithItsLine() {
    #expect(words("")?.contains("the table is empty") == true)
    #expect(words("file,landmark,x,y\n")?.contains("a header and no rows") == true)
    #expect(words("name,landmark,x,y\na,b,1,2\n")?.contains("no column names the radiographs' files") == true)
    #expect(words("file,x,y\na,1,2\n")?.contains("no column \"landmark\"") == true)
    #expect(words("file,landmark,x\na,b,1\n")?.contains("no column \"y\"") == true)
    #expect(words("file,landmark,x,y\na,b,1,high\n")?.contains("line 2: column \"y\": a number is") == true)
    #expect(words("file,landmark,x,y\na,b,1,inf\n")?.contains("a number is expected, found \"inf\"") == true)
    #expect(words("file,landmark,x,y\na,b,1\n")?.contains("line 2: 3 cells found, 4 expected") == true)
    #expect(words("file,landmark,x,y\na,,1,2\n")?.contains("column \"landmark\" is empty") == true)
    #expect(words("file,landmark,x,y\n,b,1,2\n")?.contains("column \"file\" is empty") == true)
    #expect(
      words("file,landmark,x,y\na,b,1,2\na,b,1,2\n")?.contains(
        "line 3: the landmark \"b\" of \"a\" is given again")
        == true)
    #expect(Fixtures.failure { _ = try LandmarkTable(path: "/nowhere/landmarks.csv") } != nil)
  }
}
