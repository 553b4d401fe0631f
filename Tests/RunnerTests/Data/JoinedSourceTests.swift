import Imaging
import Testing
import WorldModel

@testable import Batches

@Suite struct JoinedSourceTests {
  private struct Made: RadiographSource {
    let gray: Float
    let findingNames: [String]
    var summary: String { "made" }
    var notes: [String] { ["a note"] }
    var records: [RadiographRecord] {
      (0..<3).map {
        RadiographRecord(identifier: "\($0)", patient: $0 == 2 ? nil : "7", findings: $0 == 0 ? ["mass"] : [])
      }
    }
    func radiograph(at index: Int) throws -> GrayImage {
      if index == 2 { throw UnusableRadiograph(identifier: "2", reason: "torn") }
      return GrayImage(width: 2, height: 1, fill: gray + Float(index) / 10)
    }
  }

  private let joined = JoinedSource([
    .init(name: "east", source: Made(gray: 0.1, findingNames: ["mass"])),
    .init(name: "west", source: Made(gray: 0.5, findingNames: ["mass", "nodule"])),
  ])

  @Test func namesAndPatientsStayApart() {
    #expect(joined.records.map(\.identifier) == ["east:0", "east:1", "east:2", "west:0", "west:1", "west:2"])
    #expect(joined.records.map(\.patient) == ["east:7", "east:7", nil, "west:7", "west:7", nil])
    #expect(
      joined.records.map { $0.attributes["collection"] } == ["east", "east", "east", "west", "west", "west"])
    #expect(joined.notes == ["east: a note", "west: a note"])
  }

  @Test func whatACollectionDoesNotLabelIsUnknown() {
    #expect(joined.findingNames == ["mass", "nodule"])
    #expect(joined.records[0].unknown == ["nodule"] && joined.records[3].unknown.isEmpty)
  }

  @Test func radiographsComeFromTheirOwnSource() throws {
    #expect(try joined.radiograph(at: 1).pixels == [0.2, 0.2])
    #expect(try joined.radiograph(at: 3).pixels == [0.5, 0.5])
    #expect(throws: UnusableRadiograph(identifier: "west:2", reason: "torn")) { try joined.radiograph(at: 5) }
  }
}
