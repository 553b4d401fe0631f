import CoreTensor
import FlowTask
import Imaging
import PluginChecks
import Testing
import WorldModel

@Test(arguments: [true, false]) func keepsEveryPromise(latent: Bool) {
  #expect(checkTask(FlowTask.definition, options: ["latent": .boolean(latent)]).filter { !$0.isKept } == [])
}

private func flow(_ gridSize: Int, _ index: Int) -> Flow {
  var random = RandomStream(seed: 2, stream: "flow", index: index)
  return Flow(gridSize: gridSize, &random)
}

@Test(arguments: [1, 2, 5, 8]) func patchesStayInTheirNeighbourhood(gridSize: Int) {
  var seen: Set<[Int]> = []
  for index in 0..<40 {
    let places = flow(gridSize, index).places
    seen.insert(places)
    #expect(places.sorted() == Array(0..<gridSize * gridSize))
    for (patch, place) in places.enumerated() {
      #expect(patch / gridSize / 2 == place / gridSize / 2)
      #expect(patch % gridSize / 2 == place % gridSize / 2)
    }
  }
  #expect(seen.count > (gridSize == 1 ? 0 : gridSize == 2 ? 12 : 38))
}

/// What the context shows where the predictor is told that a patch went is the target's patch.
@Test func stepsAgreeWithPixels() throws {
  let geometry = ImageGeometry(imageSize: 32, patchSize: 4)
  var radiograph = GrayImage(width: 90, height: 70)
  for index in radiograph.pixels.indices { radiograph.pixels[index] = Float(index * 37 % 101) / 101 }
  let environment = TaskEnvironment(
    geometry: geometry, featureWidth: 32, predictorWidth: 16, compatibility: .paper)
  let task = try FlowTask.definition.make(Options(FlowTask.definition.options), environment)
  var random = RandomStream(seed: 4, stream: "weights")
  let latent = try #require(task.makeLatents(random: &random).first)
  let plan = TaskAssembly(tasks: [task], views: ViewSettings())
    .plan(BatchScope(seed: 4, step: 0, batchSize: 2, geometry: geometry))
  for index in 0..<2 {
    let sample = try plan.sample(radiograph, index: index)
    let (target, context) = (sample.targets[0].pixels, sample.contexts[0].pixels)
    #expect(target != context)
    let told = try #require(sample.latents[0].first?.patchNumbers)
    for (patch, step) in told.enumerated() {
      let place = latent.move(
        GridPlace(row: Double(patch / 8), column: Double(patch % 8)),
        of: LatentPatch(patch: patch, numbers: [], patchNumbers: step[...], gridSize: 8))
      for pixel in 0..<16 {
        let (down, right) = (pixel / 4, pixel % 4)
        #expect(
          context[Int(place.row) * 4 + down, Int(place.column) * 4 + right]
            == target[patch / 8 * 4 + down, patch % 8 * 4 + right])
      }
    }
  }
}
