import CoreTensor
import Foundation
import Imaging
import Testing
import WorldModel

/// Changes of appearance (spec section 4).
@Suite struct DomainTests {
  @Test func actionsHaveTheirRangesAndProbabilities() throws {
    let task = try TaskPlugins.make(["domain"])[0]
    let scope = scope(batch: 4000)
    let plan = task.plan(batch: scope)
    var (colour, blur, both): ([Double], [Double], [Double]) = ([], [], [])
    var changed: [[Double]] = []
    var radii: [Double] = []
    for index in 0..<4000 {
      let draw = plan.draw(
        sample: SampleScope(
          batch: scope, index: index, views: [wholeFrame, wholeFrame], radiograph: radiograph(index)))
      #expect(draw.record["a1"] != draw.record["a2"] || draw.record["a1"] == [1, 1, 1, 0])
      let action = try #require(draw.record["a1"])
      let applied = action[0] != 1
      #expect(applied || action[1] == 1 && action[2] == 1)
      colour.append(applied ? 1 : 0)
      blur.append(action[3] != 0 ? 1 : 0)
      both.append(applied && action[3] != 0 ? 1 : 0)
      if applied { changed.append(action) }
      if action[3] != 0 { radii.append(action[3]) }
    }
    expectMean(colour, 0.8, "brightness, contrast and gamma together")
    expectMean(blur, 0.2, "blur")
    expectMean(both, 0.16, "both")
    #expect(changed.allSatisfy { 0.6...1.4 ~= $0[0] && 0.6...1.4 ~= $0[1] && 0.5...2 ~= $0[2] })
    #expect(radii.allSatisfy { 0.05...2 ~= $0 })
    expectMean(changed.map { $0[0] }, 1, "brightness")
    expectMean(changed.map { $0[1] }, 1, "contrast")
    expectMean(changed.map { log($0[2]) }, 0, "log gamma")
    expectMean(changed.map { log($0[2]) * log($0[2]) }, pow(2 * log(2), 2) / 12, "spread of log gamma")
    expectMean(changed.map { ($0[0] - 1) * ($0[1] - 1) }, 0, "brightness with contrast")
    expectMean(radii, 1.025, "radius")
  }

  @Test func theContextIsTheTargetChanged() throws {
    let tasks = try TaskPlugins.make(["global", "domain"], ["domain": ["blur_probability": .number(0.5)]])
    let (_, drawn) = try samples(TaskAssembly(tasks: tasks, views: ViewSettings()), scope(batch: 16))
    var unchanged = 0
    for sample in drawn {
      for (context, target) in zip(sample.contexts, sample.targets) {
        let action = try #require(sample.record["domain.a\(context.view + 1)"])
        let expected = target.pixels.brightness(action[0]).contrast(action[1]).gamma(action[2])
          .gaussianBlurred(action[3])
        let error = zip(context.pixels.pixels, expected.pixels).map { abs($0 - $1) }.max()
        #expect(try #require(error) < 1e-5)
        if action == [1, 1, 1, 0] {
          unchanged += 1
          #expect(context.pixels == target.pixels)
        } else {
          #expect(context.pixels != target.pixels)
        }
      }
    }
    #expect(unchanged < 16)
  }

  @Test func nothingIsChangedWithoutProbability() throws {
    let never: [String: OptionValue] = ["probability": .number(0), "blur_probability": .number(0)]
    let batch = try batch(TaskPlugins.make(["domain"], ["domain": never]))
    #expect(batch.contexts[0].images.values == batch.targets[0].values)
    #expect(
      batch.supervisions[0].latents[0].numbers.values == (0..<4).flatMap { _ in [1, 1, 1, 0] as [Float] })
  }
}
