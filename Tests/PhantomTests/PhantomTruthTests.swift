import CoreTensor
import Imaging
import Testing
import WorldModel

@testable import PhantomData

@Suite struct PhantomTruthTests {
  private static let size = 192

  private func radiograph(_ number: Int, _ present: Set<Finding>) -> PhantomRadiograph {
    PhantomRadiograph(seed: 11, number: number, size: Self.size, present: present)
  }

  /// Set pixels as (row, column).
  private func members(_ mask: GrayImage) -> [(row: Int, column: Int)] {
    mask.pixels.indices.filter { mask.pixels[$0] > 0 }.map { ($0 / mask.width, $0 % mask.width) }
  }

  /// Columns from the first to the last set pixel of the whole mask.
  private func extent(_ mask: GrayImage) throws -> Int {
    let columns = members(mask).map(\.column)
    return try #require(columns.max()) - (try #require(columns.min())) + 1
  }

  /// The same for the widest row.
  private func widestRow(_ mask: GrayImage) throws -> Int {
    let rows = Dictionary(grouping: members(mask), by: \.row).values
    let widths = rows.compactMap { row -> Int? in
      guard let last = row.map(\.column).max(), let first = row.map(\.column).min() else { return nil }
      return last - first + 1
    }
    return try #require(widths.max())
  }

  @Test func masksAreBinaryAndFollowTheLabels() throws {
    let source = PhantomSource(seed: 3, radiographs: 24, size: 96, rate: 0.5)
    for (index, record) in source.records.enumerated() {
      let truth = try #require(try source.truth(at: index))
      #expect(Set(truth.masks.keys) == record.findings.union(["lungs"]))
      for (name, mask) in truth.masks {
        #expect(mask.width == 96 && mask.height == 96)
        #expect(mask.pixels.allSatisfy { $0 == 0 || $0 == 1 })
        #expect(mask.pixels.contains(1), "radiograph \(index): \(name) is empty")
      }
    }
  }

  @Test(arguments: 0..<12)
  func findingsOfTheLungsLieWithinThem(number: Int) throws {
    let truth = radiograph(number, Set(Finding.allCases)).truth()
    let lungs = try #require(truth.masks["lungs"])
    let share = lungs.pixels.reduce(0, +) / Float(lungs.pixels.count)
    #expect((0.08...0.55).contains(share))
    for finding in Finding.allCases where finding != .cardiomegaly {
      let mask = try #require(truth.masks[finding.rawValue])
      #expect(zip(mask.pixels, lungs.pixels).allSatisfy { $0 <= $1 }, "\(finding)")
    }
  }

  @Test(arguments: 0..<24)
  func landmarksStandWhereTheyBelong(number: Int) throws {
    let radiograph = radiograph(number, [])
    let truth = radiograph.truth()
    #expect(Set(truth.landmarks.keys) == ["aortic arch", "right hilum", "left ventricle", "clavicle"])
    for (name, place) in truth.landmarks {
      #expect((0..<Double(Self.size)).contains(place.row), "\(name) row \(place.row)")
      #expect((0..<Double(Self.size)).contains(place.column), "\(name) column \(place.column)")
    }
    let arch = try #require(truth.landmarks["aortic arch"])
    let hilum = try #require(truth.landmarks["right hilum"])
    let ventricle = try #require(truth.landmarks["left ventricle"])
    let clavicle = try #require(truth.landmarks["clavicle"])
    #expect(clavicle.row < arch.row && arch.row < hilum.row && hilum.row < ventricle.row)
    func midline(_ place: RadiographTruth.Landmark) -> Double {
      Double(radiograph.geometry.midline(atRow: Float(place.row)))
    }
    #expect(clavicle.column < hilum.column && hilum.column < midline(hilum))
    #expect(arch.column > midline(arch) && ventricle.column > midline(ventricle))
    let lungs = members(try #require(truth.masks["lungs"]))
    let rows = (try #require(lungs.first?.row), try #require(lungs.last?.row))
    #expect(hilum.row > Double(rows.0) && ventricle.row < Double(rows.1))
  }

  @Test(arguments: 0..<24)
  func theHeartsBreadthTellsCardiomegaly(number: Int) throws {
    for (present, range): (Set<Finding>, _) in [([], 0.38...0.5), ([.cardiomegaly], 0.54...0.7)] {
      let radiograph = radiograph(number, present)
      let painter = TruthPainter(
        anatomy: radiograph.anatomy, findings: radiograph.findings, geometry: radiograph.geometry)
      let chest = try widestRow(try #require(painter.truth().masks["lungs"]))
      let ratio = Double(try extent(painter.heart())) / Double(chest)
      #expect(
        range.contains(ratio),
        "radiograph \(number): \(ratio), drawn \(radiograph.anatomy.cardiothoracicRatio)")
      #expect(present.isEmpty == (radiograph.anatomy.cardiothoracicRatio < 0.5))
      #expect(present.isEmpty == (radiograph.anatomy.cardiothoracicRatio <= 0.55))
    }
  }

  @Test(arguments: 0..<24)
  func fluidLiesInTheLowerChest(number: Int) throws {
    let truth = radiograph(number, [.effusion]).truth()
    let lungs = members(try #require(truth.masks["lungs"]))
    let fluid = members(try #require(truth.masks["effusion"]))
    let (top, bottom) = (try #require(lungs.first?.row), try #require(lungs.last?.row))
    let centroid = fluid.reduce(0) { $0 + Double($1.row) } / Double(fluid.count)
    #expect(centroid > Double(top) + 0.6 * Double(bottom - top))
    #expect(try #require(fluid.first?.row) > top + (bottom - top) / 3)
    // One side only: every set pixel lies on the same side of the midline.
    let radiograph = radiograph(number, [.effusion])
    let sides = Set(
      fluid.map { Float($0.column) + 0.5 > radiograph.geometry.midline(atRow: Float($0.row) + 0.5) })
    #expect(sides.count == 1)
  }

  @Test(arguments: Finding.allCases)
  func aFindingChangesItsMaskMost(finding: Finding) throws {
    for number in 0..<10 {
      let (with, without) = (radiograph(number, [finding]), radiograph(number, []))
      let mask = try #require(with.truth().masks[finding.rawValue])
      let (first, second) = (with.image(), without.image())
      var (inside, outside, signed, count): (Float, Float, Float, Float) = (0, 0, 0, 0)
      for pixel in mask.pixels.indices {
        let change = first.pixels[pixel] - second.pixels[pixel]
        if mask.pixels[pixel] > 0 {
          (inside, signed, count) = (inside + abs(change), signed + change, count + 1)
        } else {
          outside += abs(change)
        }
      }
      inside /= count
      outside /= Float(mask.pixels.count) - count
      #expect(inside > 3 * outside, "\(finding), radiograph \(number): \(inside) inside, \(outside) outside")
      #expect(inside > 0.005, "\(finding), radiograph \(number): \(inside)")
      #expect((signed < 0) == (finding == .pneumothorax), "\(finding), radiograph \(number)")
    }
  }

  @Test(arguments: 0..<24)
  func lungsAreDarkBetweenBrightHeartAndBelly(number: Int) throws {
    let radiograph = radiograph(number, [])
    let image = radiograph.image()
    let lungs = members(try #require(radiograph.truth().masks["lungs"]))
    let lung = lungs.reduce(0) { $0 + image[$1.row, $1.column] } / Float(lungs.count)
    let (row, column) = radiograph.geometry.project(radiograph.anatomy.heart[0].centre)
    let heart = image[Int(row), Int(column)]
    #expect((0.08...0.5).contains(lung), "lungs \(lung)")
    #expect(heart > lung + 0.2, "heart \(heart), lungs \(lung)")
    #expect(try #require(lungs.map { image[$0.row, $0.column] }.min()) < lung)
  }

  /// Standard deviations of a landmark's row and column over radiographs, as shares of the radiograph.
  private func spread(of landmark: String, placement: Float) throws -> (row: Double, column: Double) {
    let places = try (0..<60).map { number in
      let radiograph = PhantomRadiograph(
        seed: 11, number: 2 * number, size: Self.size, present: [], placement: placement)
      return try #require(radiograph.truth().landmarks[landmark])
    }
    func deviation(_ values: [Double]) -> Double {
      let mean = values.reduce(0, +) / Double(values.count)
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        / Double(Self.size)
    }
    return (deviation(places.map(\.row)), deviation(places.map(\.column)))
  }

  @Test(arguments: ["aortic arch", "clavicle"])
  func placementMovesThePatientInTheRadiograph(landmark: String) throws {
    let (careful, usual) = (
      try spread(of: landmark, placement: 0), try spread(of: landmark, placement: 1)
    )
    #expect(usual.row > 1.2 * careful.row, "\(usual) against \(careful)")
    #expect(usual.column > 1.8 * careful.column, "\(usual) against \(careful)")
  }

  @Test func markersOfAllKindsStandWithinTheRadiograph() {
    var kinds: Set<Marker.Kind> = []
    for index in 0..<200 {
      var random = RandomStream(seed: 3, stream: "test.marker", index: index)
      let marker = Marker(random: &random, shutters: [0.05, 0.05, 0.05, 0.05])
      kinds.insert(marker.kind)
      #expect((0.1...0.7).contains(marker.row), "row \(marker.row)")
      let edge = marker.side == .right ? marker.column : 1 - marker.column
      #expect((0.09...0.17).contains(edge), "\(edge) from the edge of the marker's side")
    }
    #expect(kinds == Set(Marker.Kind.allCases))
  }

  @Test(arguments: 0..<12)
  func aNoduleIsLargeEnoughToBeSeen(number: Int) throws {
    let truth = radiograph(number, [.nodule]).truth()
    let area = Float(members(try #require(truth.masks["nodule"])).count)
    // Of the equal circle, in millimetres.
    let width = 20 * (area / .pi).squareRoot() / radiograph(number, [.nodule]).geometry.pixelsPerCentimetre
    #expect((12...40).contains(width), "\(width) mm")
  }

  @Test func landmarksFollowTheRadiographsSize() throws {
    let small = PhantomRadiograph(seed: 2, number: 6, size: 128, present: [.nodule]).truth()
    let large = PhantomRadiograph(seed: 2, number: 6, size: 512, present: [.nodule]).truth()
    for (name, place) in small.landmarks {
      let other = try #require(large.landmarks[name])
      #expect(abs(other.row - 4 * place.row) < 0.05 && abs(other.column - 4 * place.column) < 0.05)
    }
    func share(_ mask: GrayImage) -> Float { mask.pixels.reduce(0, +) / Float(mask.pixels.count) }
    let masks = (try #require(small.masks["lungs"]), try #require(large.masks["lungs"]))
    #expect(abs(share(masks.0) - share(masks.1)) < 0.01)
  }

  @Test func aHollowTubeIsThickestAtItsWall() {
    let radiograph = radiograph(0, [])
    let geometry = radiograph.geometry
    let plane = Plane(geometry)
    let rod = Tube(
      nodes: [
        Tube.Node(place: Point(x: -5, y: 20), radius: 2), Tube.Node(place: Point(x: 5, y: 20), radius: 2),
      ], hollow: 0.8)
    TubeBrush(geometry).add(rod, to: plane)
    let (row, column) = geometry.project(Point(x: 0, y: 20))
    let middle = plane.row(Int(row))[Int(column)]
    let wall = plane.row(Int(row + 1.6 * geometry.pixelsPerCentimetre))[Int(column)]
    #expect(abs(middle - 2 * 2 * 0.2) < 0.05, "axis \(middle)")
    #expect(wall > 1.5 * middle, "wall \(wall), axis \(middle)")
    #expect(plane.row(2)[Int(column)] == 0)
  }
}
