import CoreTensor
import TestSupport
import Testing

@testable import Batches

/// What a glance makes of tokens, against its definition.
@Suite struct FeatureGlanceTests {
  /// (B, N, D) of a function of image, place and feature.
  private func tokens(_ images: Int, _ places: Int, _ width: Int, _ value: (Int, Int, Int) -> Float) -> Tensor
  {
    var values: [Float] = []
    for image in 0..<images {
      for place in 0..<places { values += (0..<width).map { value(image, place, $0) } }
    }
    return Tensor(values, shape: [images, places, width])
  }

  private func spread(_ tokens: [Tensor]) -> PlaceSpread {
    var spread = PlaceSpread(images: tokens.reduce(0) { $0 + $1.shape[0] })
    for part in tokens { spread.add(part) }
    return spread
  }

  private func noise(_ image: Int, _ place: Int, _ feature: Int) -> Float {
    var stream = RandomStream(seed: 1, stream: "glance", step: image, index: place * 100 + feature)
    return Float(stream.uniform(in: -1...1))
  }

  @Test func constantFeaturesHaveNoVariance() {
    let constant = spread([tokens(6, 4, 8) { _, _, feature in Float(feature) }])
    #expect(constant.variance < 1e-9 && constant.rank(width: 8) < 1.01)
    // Features that tell the place and nothing of the image: a predictor that knows the place predicts them.
    let places = spread([tokens(6, 4, 8) { _, place, feature in noise(0, place, feature) }])
    #expect(places.variance < 1e-9 && places.rank(width: 8) > 1.5)
    // All zero, which a layer norm leaves so.
    #expect(spread([tokens(3, 4, 8) { _, _, _ in 0 }]).variance == 0)
  }

  /// Features that radiographs alone decide have the whole variance, 1 but for the mean over features.
  @Test func independentFeaturesHaveAll() {
    let found = spread([tokens(64, 4, 32, noise)])
    #expect(abs(found.variance - 1) < 0.05, "\(found.variance)")
    #expect(found.rank(width: 32) > 25)
  }

  @Test func scaleChangesNothing() {
    let one = spread([tokens(20, 4, 16, noise)])
    let large = spread([tokens(20, 4, 16) { 1000 * noise($0, $1, $2) + 7 }])
    #expect(abs(one.variance - large.variance) < 1e-3)
    #expect(abs(one.rank(width: 16) - large.rank(width: 16)) < 0.05)
  }

  @Test func batchesAddUp() {
    let whole = tokens(10, 4, 16, noise)
    let parts = [slice(whole, 0..<7), slice(whole, 7..<10)]
    #expect(abs(spread([whole]).variance - spread(parts).variance) < 1e-9)
    #expect(abs(spread([whole]).rank(width: 16) - spread(parts).rank(width: 16)) < 1e-6)
  }

  /// Of many patches some are taken, of all places.
  @Test func manyPatchesAreThinned() {
    let found = spread([tokens(256, 64, 4, noise)])
    #expect(abs(found.rank(width: 4) - 3) < 0.2, "a layer norm takes one direction: \(found.rank(width: 4))")
  }
}
