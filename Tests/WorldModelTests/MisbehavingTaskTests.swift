import CoreTensor
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

  func makeLatents(random: inout RandomStream) -> [any Latent] { [] }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(task: self, index: sample.index) }

  struct Draw: TaskDraw {
    let task: MisbehavingTask
    let index: Int

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
    let (plan, drawn) = samples(TaskAssembly(tasks: [task], views: ViewSettings()), scope(batch: 3))
    let error = try #require(throws: AssemblyError.self) { _ = try plan.collate(drawn) }
    #expect(error.description.count > 40)
    return error
  }

  @Test func aWellBehavedTaskPasses() throws {
    #expect(try batch([MisbehavingTask()]).predictions.map(\.name) == ["z11"])
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
}
