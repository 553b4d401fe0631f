import CoreTensor
import Imaging
import NeuralNetworks
import Testing
import WorldModel

/// Views where their tasks want them.
@Suite struct FrameProposalTests {
  private func sample(
    _ tasks: [any WorldTask], index: Int = 1, radiograph own: GrayImage? = nil
  ) throws -> AssembledSample {
    try TaskAssembly(tasks: tasks, views: ViewSettings()).plan(scope())
      .sample(own ?? radiograph(index), index: index)
  }

  private func error(_ tasks: [any WorldTask]) throws -> AssemblyError {
    let error = try #require(throws: AssemblyError.self) { _ = try sample(tasks) }
    #expect(error.description.count > 80)
    return error
  }

  private static let halved: @Sendable (FrameScope) -> [Frame]? = { scope in
    [scope.standard[0], scope.standard[0].inner(area: 0.25, down: 0, right: 1)]
  }

  @Test func viewsAreCutWhereATaskWantsThem() throws {
    let standard = try sample([FramingTask(name: "a")]).targets.map(\.frame)
    let framed = try sample([FramingTask(name: "a", frames: Self.halved)])
    let frames = framed.targets.map(\.frame)
    #expect(frames[0] == standard[0] && frames[1] == standard[0].inner(area: 0.25, down: 0, right: 1))
    #expect(framed.contexts.map(\.frame) == frames)
    // Neither mirrored nor jittered, so that the view is the radiograph's own crop.
    let plain = ViewSettings(mirrorProbability: 0, jitterProbability: 0)
    let plan = TaskAssembly(tasks: [FramingTask(name: "a", frames: Self.halved)], views: plain).plan(scope())
    let cut = try plan.sample(radiograph(2), index: 2).targets[1]
    let expected = radiograph(2).cropped(
      row: cut.frame.row, column: cut.frame.column, height: cut.frame.height, width: cut.frame.width,
      resizedTo: 32)
    #expect(cut.pixels == expected)
  }

  @Test func innerFramesLieWithin() {
    let frame = Frame(
      row: 7, column: 11, height: 30, width: 40, mirrored: true, imageHeight: 50, imageWidth: 60)
    for index in 0..<200 {
      var random = RandomStream(seed: 1, stream: "inner", index: index)
      let inner = frame.inner(
        area: random.uniform(in: 0.001...1), down: random.unit(), right: random.unit())
      #expect(inner.row >= 7 && inner.row + inner.height <= 37 && inner.height > 0)
      #expect(inner.column >= 11 && inner.column + inner.width <= 51 && inner.width > 0)
      #expect(inner.mirrored)
    }
    #expect(frame.inner(area: 1, down: 0.5, right: 0.5) == frame)
    let corner = frame.inner(area: 0.25, down: 1, right: 1, mirrored: false)
    #expect(
      corner
        == Frame(row: 22, column: 31, height: 15, width: 20, mirrored: false, imageHeight: 50, imageWidth: 60)
    )
  }

  /// A task that takes frames as they are draws as it does beside one that wants others.
  @Test func theDrawsOfOthersStayAsTheyAre() throws {
    let domain = try TaskPlugins.make(["domain"])
    let alone = try sample(domain + [FramingTask(name: "a")])
    let beside = try sample(domain + [FramingTask(name: "a", frames: Self.halved)])
    #expect(alone.record == beside.record && alone.record.count > 2)
    #expect(alone.targets[0].pixels == beside.targets[0].pixels)
    #expect(alone.targets[1].pixels != beside.targets[1].pixels)
  }

  @Test func tasksThatWantTheSameAgree() throws {
    let both = try sample(["a", "b"].map { FramingTask(name: $0, frames: Self.halved) })
    let one = try sample([FramingTask(name: "a", frames: Self.halved)])
    #expect(both.targets.map(\.frame) == one.targets.map(\.frame))
  }

  @Test func refusesTasksThatWantDifferentFrames() throws {
    let other = FramingTask(name: "other") { $0.standard.reversed() }
    let tasks: [any WorldTask] = [FramingTask(name: "one", frames: Self.halved), other]
    let error = try error(tasks)
    #expect(error == .framesConflict(tasks: ["one", "other"], sample: 1))
    #expect(error.description.contains("tasks one and other") && error.description.contains("--naive"))
    // Each has views of its own where the losses are added.
    #expect(try batch(tasks, naive: true).targets.count == 4)
  }

  @Test func refusesFramesThatAreNone() throws {
    #expect(
      try error([FramingTask(name: "a") { [$0.standard[0]] }])
        == .frameCount(task: "a", sample: 1, expected: 2, found: 1))
    let changes: [@Sendable (inout Frame) -> Void] = [
      { $0.row = -1 }, { $0.column = 61 - $0.width }, { $0.height = 0 }, { $0.width = 61 },
      { $0.imageWidth = 61 }, { $0.row = .max },
    ]
    for change in changes {
      let task = FramingTask(name: "a") { scope in
        var frames = scope.standard
        change(&frames[1])
        return frames
      }
      guard case .frameOutside("a", 1, 1, _, 50, 60) = try error([task]) else {
        Issue.record("\(try error([task]))")
        continue
      }
    }
  }

  /// Plans and draws see the radiograph that views are cut from, its jitter included.
  @Test func drawsSeeTheRadiograph() throws {
    let task = FramingTask(name: "a") { scope in
      scope.radiograph.pixels.max()! > 0.5 ? [scope.standard[1], scope.standard[0]] : nil
    }
    let dark = GrayImage(width: 60, height: 50, fill: 0.1)
    let bright = GrayImage(width: 60, height: 50, fill: 1)
    let (first, second) = (try sample([task], radiograph: dark), try sample([task], radiograph: bright))
    #expect(first.targets.map(\.frame) == second.targets.map(\.frame).reversed())
    #expect(abs(first.record["a.seen"]![0] - Double(first.targets[0].pixels.pixels[0])) < 1e-5)
  }

  /// Δ of crops of any size puts a patch where its pixels lie.
  @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
  func offsetsCoverSizes(_ mirrored: (Bool, Bool)) throws {
    let context = Frame(
      row: 37, column: 81, height: 300, width: 240, mirrored: mirrored.0, imageHeight: 500, imageWidth: 600)
    let target = Frame(
      row: 101, column: 113, height: 90, width: 150, mirrored: mirrored.1, imageHeight: 500, imageWidth: 600)
    for (seen, predicted) in [(context, target), (target, context)] {
      let told = OffsetLatent.value(from: seen, to: predicted)
      #expect(told.latent == "offset" && told.numbers.count == OffsetLatent().width)
      for (row, column) in [(0, 0), (3, 9), (13, 13)] {
        let moved = OffsetLatent().move(
          GridPlace(row: Double(row), column: Double(column)), numbers: told.numbers[...], gridSize: 14)
        let across = (Double(column) + 0.5) / 14 * Double(predicted.width)
        let radiographColumn =
          Double(predicted.column) + (predicted.mirrored ? Double(predicted.width) - across : across)
        let radiographRow = Double(predicted.row) + (Double(row) + 0.5) / 14 * Double(predicted.height)
        let inContext = radiographColumn - Double(seen.column)
        let fromLeft = seen.mirrored ? Double(seen.width) - inContext : inContext
        #expect(abs(moved.row - ((radiographRow - Double(seen.row)) / Double(seen.height) * 14 - 0.5)) < 1e-4)
        #expect(abs(moved.column - (fromLeft / Double(seen.width) * 14 - 0.5)) < 1e-4)
      }
    }
  }

  /// For crops of one size places are as they were before Δ knew sizes, to the last bit.
  @Test func offsetsOfEqualSizesKeepTheirBits() {
    for index in 0..<100 {
      var random = RandomStream(seed: 1, stream: "offsets", index: index)
      let frames = ViewSettings().frames(2, imageHeight: 487, imageWidth: 613, &random)
      let numbers = OffsetLatent.value(from: frames[0], to: frames[1]).numbers
      #expect(numbers[4...] == [0, 0])
      let number = numbers.map(Double.init)
      let place = GridPlace(row: 14 * random.unit(), column: 14 * random.unit())
      let moved = OffsetLatent().move(place, numbers: numbers[...], gridSize: 14)
      #expect(moved.row == place.row + number[0] * 14)
      let column = number[2] > 0 ? number[3] * 14 - place.column - 1 : place.column + number[1] * 14
      #expect(moved.column == column)
    }
  }
}

/// Wants frames, and records a pixel of the radiograph that it saw.
private struct FramingTask: WorldTask, TaskPlan {
  let name: String
  let requiredViews = 2
  let frames: @Sendable (FrameScope) -> [Frame]?

  init(name: String, frames: @escaping @Sendable (FrameScope) -> [Frame]? = { _ in nil }) {
    (self.name, self.frames) = (name, frames)
  }

  func plan(batch: BatchScope) -> any TaskPlan { self }
  func proposeFrames(_ scope: FrameScope) -> [Frame]? { frames(scope) }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(seen: Double(sample.radiograph.pixels[0])) }

  private struct Draw: TaskDraw {
    let seen: Double
    func supervisions(views: [Frame]) -> [Supervision] {
      [Supervision(context: 0, target: 1, patches: .all)]
    }
    var record: [String: [Double]] { ["seen": [seen]] }
  }
}
