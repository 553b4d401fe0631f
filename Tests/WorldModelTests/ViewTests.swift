import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import Testing
import WorldModel

extension Double {
  var logarithm: Double { log(self) }
}

/// Where crops lie, and where that puts mask tokens (spec section 3).
@Suite struct ViewTests {
  private func random(_ index: Int) -> RandomStream { RandomStream(seed: 2, stream: "views", index: index) }

  @Test func cropsHaveTheWantedAreaAndAspect() {
    // Every crop of these fits, so that none is drawn again and the distributions are the bare ones.
    let settings = ViewSettings(area: 0.3...0.5)
    var (areas, aspects, mirrors, rows): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for index in 0..<2000 {
      var random = random(index)
      let frames = settings.frames(2, imageHeight: 1000, imageWidth: 1000, &random)
      #expect(frames[0].height == frames[1].height && frames[0].width == frames[1].width)
      areas.append(Double(frames[0].height * frames[0].width) / 1e6)
      aspects.append((Double(frames[0].width) / Double(frames[0].height)).logarithm)
      for frame in frames {
        mirrors.append(frame.mirrored ? 1 : 0)
        rows.append(Double(frame.row) / Double(1000 - frame.height))
      }
    }
    #expect(areas.allSatisfy { 0.299...0.501 ~= $0 })
    #expect(aspects.allSatisfy { abs($0) <= (4.0 / 3).logarithm + 0.003 })
    expectMean(areas, 0.4, "area")
    expectMean(areas.map { ($0 - 0.4) * ($0 - 0.4) }, 0.04 / 12, "spread of area")
    expectMean(aspects, 0, "log aspect")
    let width = 2 * (4.0 / 3).logarithm
    expectMean(aspects.map { $0 * $0 }, width * width / 12, "spread of log aspect")
    expectMean(mirrors, 0.5, "mirrored")
    expectMean(rows, 0.5, "place")
    #expect(rows.min()! < 0.01 && rows.max()! > 0.99)
  }

  @Test func cropsLieWithinAnyRadiograph() {
    for (height, width) in [(300, 400), (400, 300), (61, 59), (1, 1), (2, 3)] {
      for index in 0..<300 {
        var random = random(index)
        for frame in ViewSettings().frames(2, imageHeight: height, imageWidth: width, &random) {
          #expect(frame.row >= 0 && frame.row + frame.height <= height && frame.height > 0)
          #expect(frame.column >= 0 && frame.column + frame.width <= width && frame.width > 0)
          #expect(frame.imageHeight == height && frame.imageWidth == width)
        }
      }
    }
  }

  @Test func narrowRadiographsFallBackToTheWhole() {
    for (height, width) in [(10, 1000), (1000, 10)] {
      var random = random(0)
      for frame in ViewSettings().frames(2, imageHeight: height, imageWidth: width, &random) {
        #expect(frame.row == 0 && frame.column == 0 && frame.height == height && frame.width == width)
      }
    }
  }

  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func theOffsetIsWhereTheTargetLiesOnTheRadiograph(_ mirrored: (Bool, Bool)) throws {
    let task = try TaskPlugins.make(["global"])[0]
    var weights = random(0)
    let latent = try #require(task.makeLatents(random: &weights).first)
    let context = Frame(
      row: 37, column: 81, height: 200, width: 240, mirrored: mirrored.0, imageHeight: 500, imageWidth: 600)
    let target = Frame(
      row: 251, column: 13, height: 200, width: 240, mirrored: mirrored.1, imageHeight: 500, imageWidth: 600)
    let draw = task.plan(batch: scope()).draw(
      sample: SampleScope(
        batch: scope(), index: 0, views: [context, target], radiograph: radiograph(0, height: 500, width: 600)
      ))
    let value = try #require(draw.latents(context: 0, target: 1, views: [context, target]).first)
    #expect(value.latent == latent.name && value.numbers.count == latent.width)
    let grid = 14
    for (row, column) in [(0, 0), (3, 9), (13, 13), (0, 13)] {
      let moved = latent.move(
        GridPlace(row: Double(row), column: Double(column)), numbers: value.numbers[...], gridSize: grid)
      // The patch's centre in radiograph pixels, and from there on the context's grid.
      let across = (Double(column) + 0.5) / Double(grid) * 240
      let radiographColumn = mirrored.1 ? 13 + 240 - across : 13 + across
      let radiographRow = 251 + (Double(row) + 0.5) / Double(grid) * 200
      let seen = mirrored.0 ? 81 + 240 - radiographColumn : radiographColumn - 81
      #expect(abs(moved.row - ((radiographRow - 37) / 200 * Double(grid) - 0.5)) < 1e-4)
      #expect(abs(moved.column - (seen / 240 * Double(grid) - 0.5)) < 1e-4)
    }
  }

  @Test func maskTokensStandForTheirPlaces() throws {
    let world = model([])
    let token = try #require(world.entries.first { $0.name == "predictor.mask_token" }).parameter.tensor
      .values
    let places = [GridPlace(row: -2.25, column: 9.5), GridPlace(row: 3, column: 0)]
    let tokens = world.predictor.maskTokens(at: [places]).values
    for (index, place) in places.enumerated() {
      for k in 0..<4 {
        let frequency = pow(10000, -Double(k) / 4)
        let expected = [
          sin(place.row * frequency), cos(place.row * frequency), sin(place.column * frequency),
          cos(place.column * frequency),
        ]
        for (quarter, number) in expected.enumerated() {
          let position = 4 * quarter + k
          #expect(abs(Double(tokens[16 * index + position] - token[position]) - number) < 1e-6)
        }
      }
    }
  }
}
