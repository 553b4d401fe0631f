import CoreTensor
import Imaging
import ScaleTask
import PluginChecks
import Testing
import WorldModel

@Test(arguments: [true, false]) func keepsEveryPromise(latent: Bool) {
  #expect(checkTask(ScaleTask.definition, options: ["latent": .boolean(latent)]).filter { !$0.isKept } == [])
}

private let geometry = ImageGeometry(imageSize: 64, patchSize: 4)

/// Samples of one radiograph, whose brightness grows from left to right and from top to bottom.
private func samples(_ area: ClosedRange<Double>, count: Int = 40) throws -> [AssembledSample] {
  var radiograph = GrayImage(width: 400, height: 300)
  for row in 0..<radiograph.height {
    for column in 0..<radiograph.width { radiograph[row, column] = Float(row) / 1000 + Float(column) / 1000 }
  }
  let options = Options(
    ScaleTask.definition.options,
    given: ["area": .list([.number(area.lowerBound), .number(area.upperBound)])])
  let environment = TaskEnvironment(
    geometry: geometry, featureWidth: 32, predictorWidth: 16, compatibility: .paper)
  let assembly = TaskAssembly(
    tasks: [try ScaleTask.definition.make(options, environment)],
    views: ViewSettings(area: 0.5...0.9, jitterProbability: 0))
  let plan = assembly.plan(BatchScope(seed: 3, step: 1, batchSize: count, geometry: geometry))
  return try (0..<count).map { try plan.sample(radiograph, index: $0) }
}

@Test func targetsLieWithinContexts() throws {
  var areas: [Double] = []
  for sample in try samples(0.1...1.0 / 3) {
    let (wide, inner) = (sample.targets[0].frame, sample.targets[1].frame)
    #expect(inner.row >= wide.row && inner.row + inner.height <= wide.row + wide.height)
    #expect(inner.column >= wide.column && inner.column + inner.width <= wide.column + wide.width)
    areas.append(Double(inner.height * inner.width) / Double(wide.height * wide.width))
    #expect(sample.supervisions == [Supervision(context: 0, target: 1, patches: .all)])
  }
  #expect(areas.allSatisfy { 0.09...0.35 ~= $0 } && areas.min()! < 0.14 && areas.max()! > 0.29)
}

/// What a target's patch shows is what the context shows where Δ puts it, mirrored or not.
@Test func offsetsAgreeWithPixels() throws {
  let latent = OffsetLatent()
  var kinds: Set<[Bool]> = []
  for sample in try samples(0.2...0.6) {
    kinds.insert(sample.targets.map(\.frame.mirrored))
    let told = try #require(sample.latents[0].first)
    for (row, column) in [(3, 4), (8, 8), (12, 5)] {
      let place = latent.move(
        GridPlace(row: Double(row), column: Double(column)), numbers: told.numbers[...], gridSize: 16)
      // Middles of patches, in pixels of their views; whole numbers are middles of pixels.
      func middle(_ place: Double) -> Double { (place + 0.5) * 4 - 0.5 }
      let target = sample.targets[1].pixels.sampled(
        row: middle(Double(row)), column: middle(Double(column)))
      let context = sample.contexts[0].pixels.sampled(row: middle(place.row), column: middle(place.column))
      #expect(abs(target - context) < 0.003, "\(place)")
    }
  }
  #expect(kinds.count == 4)
}
