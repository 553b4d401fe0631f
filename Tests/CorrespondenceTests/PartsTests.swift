import CoreTensor
import Imaging
import Metrics
import Testing
import WorldModel

@testable import CorrespondenceEvaluation

@Suite struct CorrespondencePartsTests {
  @Test func aPixelsVectorIsTheMeanOfFourSamples() {
    var random = RandomStream(seed: 1, stream: "tokens")
    let (grid, width, side) = (5, 3, 11)
    let tokens = (0..<grid * grid * width).map { _ in Float(random.unit()) }
    func token(_ row: Float, _ column: Float, _ channel: Int) -> Float {
      func clamped(_ value: Float) -> Float { min(max(value, 0), Float(grid - 1)) }
      let (row, column) = (clamped(row), clamped(column))
      let (top, left) = (Int(row), Int(column))
      let (bottom, right) = (min(top + 1, grid - 1), min(left + 1, grid - 1))
      let (down, across) = (row - Float(top), column - Float(left))
      func at(_ row: Int, _ column: Int) -> Float { tokens[(row * grid + column) * width + channel] }
      return (1 - down) * ((1 - across) * at(top, left) + across * at(top, right))
        + down * ((1 - across) * at(bottom, left) + across * at(bottom, right))
    }
    let dense = DenseFeatures(tokens: tokens, grid: grid, width: width, side: side)
    for pixel in 0..<side * side {
      let place = Place(pixel: pixel, side: side)
      let (row, column) = (
        Float(place.row) * Float(grid) - 0.5, Float(place.column) * Float(grid) - 0.5
      )
      let vector = DenseFeatures.vector(at: place, tokens: tokens, grid: grid, width: width)
      for channel in 0..<width {
        let expected =
          (token(row - 0.5, column - 0.5, channel) + token(row - 0.5, column + 0.5, channel)
            + token(row + 0.5, column - 0.5, channel) + token(row + 0.5, column + 0.5, channel)) / 4
        #expect(abs(dense.values[pixel * width + channel] - expected) < 1e-5)
        #expect(abs(vector[channel] - expected) < 1e-5)
      }
    }
  }

  @Test func shiftedPatchesAreEquallyFarApart() {
    #expect((0..<2).map { TokenReader.shift($0, 2, 16) } == [-4, 4])
    #expect((0..<4).map { TokenReader.shift($0, 4, 16) } == [-6, -2, 2, 6])
    #expect(TokenReader.shift(0, 1, 14) == 0)
    let image = GrayImage(width: 3, height: 2, pixels: [1, 2, 3, 4, 5, 6])
    #expect(TokenReader.shifted(image, 1, -1).pixels == [4, 4, 5, 4, 4, 5])
    #expect(TokenReader.shifted(image, 0, 0) == image)
  }

  /// Where a radiograph has one grey at each place, tokens of shifted images lie between those of patches side by side.
  @Test func denserTokensKeepTheirPlaces() throws {
    let input = try Trial.input()
    let reader = TokenReader(input.model)
    let radiographs = try MarkedRadiograph.among([0, 1], atMost: 2, of: input, side: 64)
    let plain = try #require(reader.tokens(radiographs, meanOf: radiographs, [0], 1, 1)?[0])
    let dense = try #require(reader.tokens(radiographs, meanOf: radiographs, [0], 1, 2)?[0])
    #expect(plain.grid == 4 && dense.grid == 8)
    #expect(dense.tokens[0].count == 4 * plain.tokens[0].count)
    // By hand: row 1 of the second shift and column 0 of the first, which is token (3, 0).
    let side = 32
    let image = TokenReader.shifted(radiographs[1].square(side), 2, -2)
    let expected = input.model.transferredEncoder.features(InputNormalization.tensor([image]), after: 0)!
    let normed = layerNorm(expected, weight: nil, bias: nil, epsilon: 1e-5).values
    let (own, by) = ((3 * 8 + 0) * 16, (1 * 4 + 0) * 16)
    #expect(Array(dense.tokens[1][own..<own + 16]) == Array(normed[by..<by + 16]))
  }

  @Test func distancesAreThoseOfTheNaiveSum() {
    var random = RandomStream(seed: 2, stream: "features")
    let features = DenseFeatures(side: 4, width: 5, values: (0..<80).map { _ in Float(random.unit()) })
    let vectors = (0..<3).map { _ in (0..<5).map { _ in Float(random.unit()) } }
    let found = Matching.squaredDistances(vectors, features)
    for (index, vector) in vectors.enumerated() {
      for pixel in 0..<16 {
        let expected = (0..<5).reduce(Float(0)) {
          let difference = vector[$1] - features.values[pixel * 5 + $1]
          return $0 + difference * difference
        }
        #expect(abs(found[index * 16 + pixel] - expected) < 1e-4)
      }
    }
    let scaled = Matching.scaled(found, maps: 3)
    for map in 0..<3 {
      #expect(abs(scaled[map * 16..<(map + 1) * 16].reduce(0, +) / 16 - 1) < 1e-5)
    }
  }

  @Test func figuresOfPairsAreThoseByHand() {
    let errors = PairErrors(
      count: 3,
      [
        .init(landmark: "a", reference: 0, test: 1, error: 0.10),
        .init(landmark: "a", reference: 1, test: 0, error: 0.02),
        .init(landmark: "b", reference: 0, test: 2, error: 0.05),
        .init(landmark: "b", reference: 2, test: 1, error: 0.30),
      ])
    func figure(_ kind: PairMetric.Kind, _ weights: [Int32]) -> Double? {
      PairMetric(kind: kind, errors: errors).value(weights: weights)
    }
    #expect(abs(figure(.mean, [1, 1, 1])! - 11.75) < 1e-9)
    #expect(figure(.median, [1, 1, 1]) == 5)
    #expect(figure(.withinFivePercent, [1, 1, 1]) == 0.5)
    // Radiograph 0 twice: its pairs count twice, whether it is reference or test.
    #expect(abs(figure(.mean, [2, 1, 1])! - 100 * (0.2 + 0.04 + 0.1 + 0.3) / 7) < 1e-9)
    #expect(figure(.withinFivePercent, [0, 1, 1]) == 0)
    #expect(figure(.mean, [0, 0, 1]) == nil)
    #expect(errors.perTest { 100 * $0 }.map { $0.map { ($0 * 10).rounded() } } == [20, 200, 50])
    #expect(errors.of("b").pairs.count == 2)
  }

  @Test func theBestReadingFindsMost() {
    func score(_ layer: Int, _ found: Double, _ error: Double) -> ReadingSearch.Score {
      .init(
        reading: Reading(parts: [.init(layer: layer, enlargement: 1, density: 1, centering: 0)], penalty: 0),
        found: found, meanError: error)
    }
    let scores = [score(0, 0.4, 3), score(1, 0.5, 9), score(2, 0.5, 8), score(3, 0.5, 8)]
    #expect(ReadingSearch.best(scores)?.reading.parts[0].layer == 2)
    #expect(ReadingSearch.best([]) == nil)
    #expect(
      ReadingSearch.table([("trained", [scores[0]])])
        == "encoder,reading,pck_5_percent,mean_error_percent\n"
        + "trained,\"layer 0, image × 1; no distance penalty\",0.4,3.0\n")
  }

  @Test func theFirstFewComeFromAllOverTheList() {
    #expect(MarkedRadiograph.spread(Array(0..<8)) == [0, 4, 2, 6, 1, 5, 3, 7])
    #expect(MarkedRadiograph.spread([5, 6, 7]).sorted() == [5, 6, 7])
    #expect(MarkedRadiograph.spread([]) == [])
    #expect(MarkedRadiograph.spread([3]) == [3])
  }

  @Test func aMapsHeatIsOneWhereTheDistanceIsLeast() {
    let heat = CorrespondenceSheet.heat((0..<16).map { Float(($0 + 7) % 16) }, side: 4)
    #expect(heat.pixels[9] == 1)
    #expect(heat.pixels.count { $0 > 0 } == 5)
  }
}
