import Imaging
import SegmentationMetrics
import Testing

@Suite struct SurfaceDistanceTests {
  @Test func agreesWithSurfaceDistance() throws {
    for golden in try GoldenFile.golden.get().cases {
      let (truth, prediction) = golden.masks
      let distances = SurfaceDistances(
        truth: truth, prediction: prediction, spacing: PixelSpacing(golden.spacing))
      for (percentile, expected) in zip(golden.percentiles, golden.hausdorff) {
        let found = distances.robustHausdorff(percentile: percentile)
        #expect(near(found, expected), "\(golden), percentile \(percentile)")
      }
      for (tolerance, expected) in zip(golden.tolerances, golden.surfaceDice) {
        let found = distances.surfaceDice(tolerance: tolerance)
        #expect(near(found, expected), "\(golden), tolerance \(tolerance)")
      }
      let average = distances.averageSurfaceDistance
      #expect(near(average.truthToPrediction, golden.average[0]), "\(golden)")
      #expect(near(average.predictionToTruth, golden.average[1]), "\(golden)")
    }
  }

  @Test func emptyMasksAreAsDocumented() {
    let (empty, full) = (
      Mask(rows: 3, columns: 4, recipe: "empty"), Mask(rows: 3, columns: 4, recipe: "full")
    )
    let neither = SurfaceDistances(truth: empty, prediction: empty)
    #expect(neither.robustHausdorff() == .infinity && neither.surfaceDice(tolerance: 1).isNaN)
    #expect(neither.averageSurfaceDistance.truthToPrediction.isNaN)
    #expect(neither.averageSurfaceDistance.predictionToTruth.isNaN)
    let missed = SurfaceDistances(truth: full, prediction: empty)
    #expect(missed.robustHausdorff() == .infinity && missed.surfaceDice(tolerance: 1e9) == 0)
    #expect(missed.averageSurfaceDistance.truthToPrediction == .infinity)
    #expect(missed.averageSurfaceDistance.predictionToTruth.isNaN)
    let invented = SurfaceDistances(truth: empty, prediction: full)
    #expect(invented.averageSurfaceDistance.truthToPrediction.isNaN)
    #expect(invented.averageSurfaceDistance.predictionToTruth == .infinity)
  }

  /// A box of 2 x 3 pixels that fills the image: one element on each short side, two on each long one, and four cut
  /// corners of 2.5 mm.
  @Test func contourHasTheLengthOfItsSides() {
    let box = Mask(rows: 2, columns: 3, recipe: "full")
    let distances = SurfaceDistances(truth: box, prediction: box, spacing: PixelSpacing(row: 3, column: 4))
    let length = distances.truthToPrediction.reduce(0.0) { $0 + $1.length }
    #expect(distances.truthToPrediction.count == 10)
    #expect(length == 6 + 16 + 10)
    #expect(distances.robustHausdorff(percentile: 100) == 0 && distances.surfaceDice(tolerance: 0) == 1)
  }

  @Test func movedBoxIsFoundInMillimetres() {
    let truth = Mask(rows: 20, columns: 20, recipe: "box 4 4 8 8")
    let moved = Mask(rows: 20, columns: 20, recipe: "box 7 4 11 8")
    let distances = SurfaceDistances(
      truth: truth, prediction: moved, spacing: PixelSpacing(row: 0.5, column: 2))
    #expect(distances.robustHausdorff(percentile: 100) == 1.5)
    #expect(distances.surfaceDice(tolerance: 1.5) == 1 && distances.surfaceDice(tolerance: 1.49) < 1)
    let back = SurfaceDistances(truth: moved, prediction: truth, spacing: PixelSpacing(row: 0.5, column: 2))
    #expect(back.truthToPrediction == distances.predictionToTruth)
  }

  @Test func distanceTransformIsThatOfSciPy() throws {
    for golden in try GoldenFile.golden.get().transforms {
      let found = DistanceTransform.distances(
        to: Mask(rows: golden.rows, columns: golden.columns, recipe: golden.mask),
        spacing: PixelSpacing(golden.spacing))
      #expect(found.count == golden.distances.count)
      #expect(zip(found, golden.distances).allSatisfy { near($0, $1) }, "\(golden)")
    }
  }

  /// Every pixel against every true one.
  @Test(arguments: [[1, 1], [0.5, 2], [2, 0.5], [0.143, 0.168], [7, 0.01], [0.01, 7]] as [[Double]])
  func distanceTransformIsExact(_ spacing: [Double]) {
    for (seed, (rows, columns)) in [(1, 1), (1, 23), (23, 1), (17, 13), (12, 31)].enumerated() {
      for density in [0, 2, 20, 200, 900, 1000] {
        let mask = Mask(rows: rows, columns: columns, recipe: "noise \(seed) \(density)")
        let found = DistanceTransform.distances(to: mask, spacing: PixelSpacing(spacing))
        let places = mask.pixels.indices.filter { mask.pixels[$0] }
        let expected = mask.pixels.indices.map { place in
          places.map { other -> Double in
            let down = Double(place / columns - other / columns) * spacing[0]
            let across = Double(place % columns - other % columns) * spacing[1]
            return (down * down + across * across).squareRoot()
          }.min() ?? .infinity
        }
        #expect(zip(found, expected).allSatisfy { near($0, $1, within: 1e-12) }, "\(mask.pixels)")
      }
    }
  }

  @Test func badNumbersAreRefused() async {
    await #expect(processExitsWith: .failure) { _ = PixelSpacing(row: 0, column: 1) }
    await #expect(processExitsWith: .failure) { _ = PixelSpacing(row: 1, column: .nan) }
    await #expect(processExitsWith: .failure) {
      let mask = Mask(rows: 1, columns: 1, pixels: [true])
      _ = SurfaceDistances(truth: mask, prediction: mask).robustHausdorff(percentile: 101)
    }
    await #expect(processExitsWith: .failure) {
      let mask = Mask(rows: 1, columns: 1, pixels: [true])
      _ = SurfaceDistances(truth: mask, prediction: mask).surfaceDice(tolerance: .nan)
    }
    await #expect(processExitsWith: .failure) {
      _ = SurfaceDistances(
        truth: Mask(rows: 1, columns: 2, pixels: [true, true]),
        prediction: Mask(rows: 1, columns: 1, pixels: [true]))
    }
  }
}
