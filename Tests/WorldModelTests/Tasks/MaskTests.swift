import CoreTensor
import Testing
import WorldModel

/// Masks of the local task over many draws (spec section 2).
@Suite struct MaskTests {
  /// 14 × 14 patches, as in the paper, of few pixels.
  private let geometry = ImageGeometry(imageSize: 28, patchSize: 2)

  private func local(_ geometry: ImageGeometry, _ options: [String: OptionValue] = [:]) throws
    -> any WorldTask
  {
    try TaskPlugins.make(["local"], ["local": options], geometry: geometry)[0]
  }

  /// The masks of one batch.
  private func masks(_ task: any WorldTask, _ geometry: ImageGeometry, step: Int, batch: Int = 10)
    -> [BlankContext]
  {
    let scope = scope(step: step, batch: batch, geometry: geometry)
    let plan = task.plan(batch: scope)
    return (0..<batch).map { index in
      let draw = plan.draw(
        sample: SampleScope(batch: scope, index: index, views: [wholeFrame], radiograph: radiograph(index)))
      var context: any Context = BlankContext(geometry)
      draw.editVisibility(of: &context)
      var result = BlankContext(geometry)
      (result.visible, result.hidden) = (context.visible, context.hidden)
      return result
    }
  }

  /// Rows and columns that patches span.
  private func extent(_ patches: [Int], _ grid: Int) -> (height: Int, width: Int) {
    let (rows, columns) = (patches.map { $0 / grid }, patches.map { $0 % grid })
    return (rows.max()! - rows.min()! + 1, columns.max()! - columns.min()! + 1)
  }

  @Test func aMaskIsTheUnionOfFourBlocksOfTheBatchsSize() throws {
    let (four, one) = (try local(geometry), try local(geometry, ["blocks": .integer(1)]))
    for step in 0..<40 {
      // The batch's sizes are drawn before any block, so that one block shows the size of four.
      let single = masks(one, geometry, step: step).map(\.hidden)
      let (height, width) = extent(single[0], 14)
      for block in single {
        #expect(extent(block, 14) == (height, width) && block.count == height * width)
      }
      for mask in masks(four, geometry, step: step) {
        let hidden = Set(mask.hidden)
        #expect(height * width...4 * height * width ~= hidden.count)
        var covered: Set<Int> = []
        for row in 0...14 - height {
          for column in 0...14 - width {
            let block = (0..<height * width).map { (row + $0 / width) * 14 + column + $0 % width }
            if hidden.isSuperset(of: block) { covered.formUnion(block) }
          }
        }
        #expect(covered == hidden)
        #expect(hidden.isDisjoint(with: mask.visible))
        #expect(mask.visible.count >= 10 && mask.hidden.count >= 10)
        #expect(mask.visible == mask.visible.sorted() && mask.hidden == mask.hidden.sorted())
      }
    }
  }

  @Test func everyPatchIsSeenAndMaskedAlikeUnderFlips() throws {
    let task = try local(geometry)
    var counts = [[Double]](repeating: [Double](repeating: 0, count: 196), count: 2)
    let (steps, size) = (400, 10)
    for step in 0..<steps {
      for mask in masks(task, geometry, step: step, batch: size) {
        for patch in mask.hidden { counts[0][patch] += 1 }
        for patch in mask.visible { counts[1][patch] += 1 }
      }
    }
    let total = Double(steps * size)
    for count in counts {
      #expect(count.allSatisfy { $0 > 0.01 * total }, "a patch is never or hardly ever reached")
      for row in 0..<7 {
        for column in 0..<7 {
          let alike = [(row, column), (13 - row, column), (row, 13 - column), (13 - row, 13 - column)]
            .map { count[$0.0 * 14 + $0.1] / total }
          let mean = alike.reduce(0, +) / 4
          // Samples of a batch share sizes, which widens the spread a little.
          let allowed = 6 * (mean * (1 - mean) / total).squareRoot()
          #expect(alike.allSatisfy { abs($0 - mean) < allowed }, "row \(row), column \(column): \(alike)")
        }
      }
    }
  }

  @Test func theContextMayBeTheWholeImage() throws {
    let task = try local(geometry)
    var whole = 0
    for step in 0..<200 {
      let masks = masks(task, geometry, step: step, batch: 2)
      if masks.allSatisfy({ $0.visible.count + $0.hidden.count == 196 }) { whole += 1 }
    }
    // A side of 14 patches rounds from an area of 0.93 upwards: 28 of 100.
    #expect(30...90 ~= whole, "\(whole) of 200")
  }

  @Test func areaAndAspectOfBlocksAreIndependent() throws {
    let fine = ImageGeometry(imageSize: 60, patchSize: 1)
    let task = try local(fine, ["blocks": .integer(1)])
    var (areas, aspects): ([Double], [Double]) = ([], [])
    for step in 0..<500 {
      let (height, width) = extent(masks(task, fine, step: step, batch: 1)[0].hidden, 60)
      areas.append(Double(height * width) / 3600)
      aspects.append((Double(height) / Double(width)).logarithm)
    }
    #expect(areas.allSatisfy { 0.143...0.208 ~= $0 })
    #expect(aspects.allSatisfy { (0.75 * 0.95).logarithm...(1.5 * 1.05).logarithm ~= $0 })
    expectMean(areas, 0.175, "area")
    expectMean(aspects, (0.75.logarithm + 1.5.logarithm) / 2, "log aspect")
    let (a, b) = (areas.reduce(0, +) / 500, aspects.reduce(0, +) / 500)
    let joint = zip(areas, aspects).reduce(0) { $0 + ($1.0 - a) * ($1.1 - b) }
    let spread = areas.reduce(0) { $0 + ($1 - a) * ($1 - a) } * aspects.reduce(0) { $0 + ($1 - b) * ($1 - b) }
    #expect(abs(joint / spread.squareRoot()) < 0.2)
  }

  @Test func cuttingIsNotBiasedToRasterOrder() throws {
    let assembly = TaskAssembly(tasks: [try local(geometry)], views: ViewSettings())
    var dropped: [[Double]] = [[], []]
    for step in 0..<60 {
      let (plan, drawn) = try samples(assembly, scope(step: step, batch: 8, geometry: geometry))
      let batch = try plan.collate(drawn)
      let visible = try #require(batch.contexts[0].visible)
      let hidden = batch.supervisions[0].patches
      #expect(Set(hidden.map(\.count)).count == 1 && Set(visible.map(\.count)).count == 1)
      for (index, sample) in drawn.enumerated() {
        let pairs = [
          (sample.contexts[0].hidden, hidden[index]), (sample.contexts[0].visible, visible[index]),
        ]
        for (side, (before, after)) in pairs.enumerated() {
          #expect(Set(after).isSubset(of: before) && after == after.sorted())
          let kept = Set(after)
          for (rank, patch) in before.enumerated() where !kept.contains(patch) {
            dropped[side].append((Double(rank) + 0.5) / Double(before.count))
          }
        }
      }
    }
    for (side, ranks) in dropped.enumerated() {
      #expect(ranks.count > 500)
      expectMean(ranks, 0.5, "rank of dropped patches, side \(side)")
      expectMean(ranks.map { $0 * $0 }, 1.0 / 3, "squared rank, side \(side)")
    }
  }
}
