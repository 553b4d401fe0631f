import CoreTensor
import Imaging
import NeuralNetworks
import Testing
import WorldModel

/// A task that does what a test tells it.
private struct MisbehavingTask: WorldTask, TaskPlan {
  let name = "odd"
  let requiredViews = 1
  var proposed: @Sendable (Int) -> [Supervision] = { _ in
    [Supervision(context: 0, target: 0, patches: .all)]
  }
  var told: @Sendable (Int) -> [LatentValue] = { _ in [] }
  var visible: @Sendable (Int) -> [Int]? = { _ in nil }
  var edited: @Sendable (GrayImage) -> GrayImage = { $0 }
  var numbers: [Float] = []

  func makeLatents(random: inout RandomStream) -> [any Latent] { [] }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(task: self, index: sample.index) }

  struct Draw: TaskDraw {
    let task: MisbehavingTask
    let index: Int
    var numbers: [Float] { task.numbers }

    func editPixels(of context: inout any Context) { context.pixels = task.edited(context.pixels) }
    func editVisibility(of context: inout any Context) {
      if let visible = task.visible(index) { context.visible = visible }
    }
    func supervisions(views: [Frame]) -> [Supervision] { task.proposed(index) }
    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] { task.told(index) }
  }
}

/// Every mistake of a task that collation finds.
@Suite struct MisbehavingTaskTests {
  private func error(_ task: MisbehavingTask) throws -> AssemblyError {
    let (plan, drawn) = try samples(TaskAssembly(tasks: [task], views: ViewSettings()), scope(batch: 3))
    let error = try #require(throws: AssemblyError.self) { _ = try plan.collate(drawn) }
    #expect(error.description.count > 40)
    return error
  }

  @Test func aWellBehavedTaskPasses() throws {
    #expect(try batch([MisbehavingTask()]).supervisions.map(\.name) == ["z11"])
  }

  @Test func refusesSupervisionsThatDiffer() throws {
    let own = Supervision(context: 0, target: 0, patches: .all)
    let fallback = Supervision(context: 0, target: 0, patches: .hidden(context: 0))
    #expect(
      try error(MisbehavingTask(proposed: { [$0 == 2 ? fallback : own] })) == .supervisionsDiffer(sample: 2))
    let value = LatentValue(latent: "a", numbers: [1])
    #expect(try error(MisbehavingTask(told: { $0 == 1 ? [] : [value] })) == .supervisionsDiffer(sample: 1))
  }

  @Test func refusesAnUnknownView() throws {
    for (context, target) in [(0, 1), (1, 0), (-1, 0)] {
      let wrong = Supervision(context: context, target: target, patches: .all)
      #expect(
        try error(MisbehavingTask(proposed: { _ in [wrong] })) == .unknownView(supervision: wrong, views: 1))
    }
  }

  @Test func refusesPatchesOutside() throws {
    for patch in [64, -1] {
      let task = MisbehavingTask(visible: { $0 == 1 ? [patch] : nil })
      #expect(try error(task) == .patchOutside(view: 0, patch: patch, patches: 64))
    }
  }

  @Test func refusesContextsOfNothing() throws {
    #expect(
      try error(MisbehavingTask(visible: { $0 == 2 ? [] : nil })) == .nothingVisible(view: 0, sample: 2))
  }

  @Test func refusesLatentsOfAnotherWidth() throws {
    let task = MisbehavingTask(told: { [LatentValue(latent: "a", numbers: $0 == 2 ? [1] : [1, 2])] })
    #expect(try error(task) == .latentWidth("a", expected: 2, found: 1))
  }

  @Test func refusesTasksWithoutSupervision() throws {
    let silent = MisbehavingTask(proposed: { _ in [] })
    let error = try #require(throws: AssemblyError.self) { try model([silent]).check(batch([silent])) }
    #expect(error == .noSupervision(tasks: ["odd"]) && error.description.contains("nothing to learn"))
  }

  private func fault(_ task: MisbehavingTask) throws -> TaskFault {
    let fault = try #require(throws: TaskFault.self) {
      _ = try samples(TaskAssembly(tasks: [task], views: ViewSettings()), scope(batch: 3))
    }
    #expect(fault.description.hasPrefix("task \"odd\", ") && fault.description.count > 60)
    return fault
  }

  /// In training as in checks, before any other task sees the image.
  @Test func refusesImagesOfAnotherSize() throws {
    for side in [16, 40] {
      #expect(
        try fault(MisbehavingTask(edited: { $0.resized(to: (side, side)) }))
          == .sizeChanged(
            code: "task \"odd\", editPixels", view: 0, sample: 0, side: 32, width: side, height: side))
    }
  }

  @Test func refusesWhatIsNoNumber() throws {
    let pixel = try fault(
      MisbehavingTask(edited: {
        var image = $0
        image[4, 4] = -.infinity
        return image
      }))
    #expect(
      pixel
        == .pixelNotFinite(code: "task \"odd\", editPixels", view: 0, sample: 0, value: "-inf"))
    #expect(
      try fault(MisbehavingTask(told: { _ in [LatentValue(latent: "a", numbers: [1, .nan])] }))
        == .toldNotFinite(code: "task \"odd\", latents, of \"a\"", number: "nan", sample: 0))
    #expect(
      try fault(MisbehavingTask(numbers: [.infinity]))
        == .toldNotFinite(code: "task \"odd\", numbers", number: "inf", sample: 0))
  }

  /// What a latent gives is refused in the step, by its task's name.
  @Test func refusesWhatLatentsGive() throws {
    let task = MisbehavingTask(told: { _ in [LatentValue(latent: "a", numbers: [2])] })
    func fault(_ latent: OddLatent) throws -> TaskFault {
      let model = WorldModel(model([]).shape, latents: [latent], latentTasks: ["odd"], seed: 5)
      let batch = try batch([task])
      try model.check(batch)
      return try #require(throws: TaskFault.self) { try model(batch, reduction: .sum) }
    }
    let place = try fault(OddLatent(row: .nan))
    #expect(place.description.hasPrefix("task \"odd\", latent \"a\", move: row 0.0, column 0.0 of sample 0"))
    #expect(place.description.contains("told [2.0]"))
    #expect(
      try fault(OddLatent(tokens: 3))
        == .tokensReshaped(
          code: "task \"odd\", latent \"a\", condition", expected: [4, 64, 16], found: [4, 3, 16]))
  }

  @Test func refusesTwoLatentsOfOneName() throws {
    let task = MisbehavingTask(told: { _ in [LatentValue(latent: "a", numbers: [2])] })
    let model = WorldModel(
      model([]).shape, latents: [OddLatent(), OddLatent()], latentTasks: ["one", "other"], seed: 5)
    let fault = try #require(throws: TaskFault.self) { try model.check(batch([task])) }
    #expect(fault == .latentTwice("a", tasks: ["one", "other"]))
    #expect(fault.description.contains("of tasks one and other"))
  }
}

/// Moves each place to the same row, or gives the first tokens alone.
private final class OddLatent: Latent {
  let name = "a"
  let width = 1
  let row: Double
  let tokens: Int?
  init(row: Double = 1, tokens: Int? = nil) { (self.row, self.tokens) = (row, tokens) }

  func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace {
    GridPlace(row: row, column: place.column)
  }
  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor {
    guard let count = self.tokens else { return tokens }
    return gatherTokens(tokens, Array(repeating: Array(0..<count), count: tokens.shape[0]))
  }
  func visit(_ visitor: inout ParameterVisitor) {}
}
