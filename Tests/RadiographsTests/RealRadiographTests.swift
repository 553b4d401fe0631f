import Imaging
import Testing
import WorldModel

@testable import Radiographs

@Suite(
  .enabled(if: Fixtures.realRadiographs != nil, "no real radiographs in shared/cxr beside the repository"))
struct RealRadiographTests {
  @Test func theIndexOpensAndRadiographsDecode() throws {
    let folder = try #require(Fixtures.realRadiographs)
    let source = try openRadiographSource(path: folder)
    #expect(source.summary.contains("index.csv found in the folder"))
    #expect(source.records.count > 1000)
    #expect(source.records.allSatisfy { !$0.identifier.hasPrefix("masks/") })
    #expect(source.records.allSatisfy { $0.patient != nil && $0.split != nil })
    #expect(!source.findingNames.isEmpty)
    for index in stride(from: 0, to: source.records.count, by: 97) {
      let radiograph = try source.radiograph(at: index)
      let record = source.records[index]
      #expect(
        record.attributes["width"] == "\(radiograph.width)"
          && record.attributes["height"] == "\(radiograph.height)")
      #expect(radiograph.pixels.allSatisfy { (0...1).contains($0) })
      #expect((0.02...0.98).contains(radiograph.meanGray), "\(record.identifier)")
    }
  }

  @Test func filtersChooseASource() throws {
    let folder = try #require(Fixtures.realRadiographs)
    let options = TableOptions(filters: ["source=kermany", "split=test"])
    let source = try openRadiographSource(path: folder + "/index.csv", options: options)
    #expect(!source.records.isEmpty)
    #expect(source.records.allSatisfy { $0.split == "test" && $0.attributes["source"] == "kermany" })
  }
}
