import CoreTensor
import Imaging
import NeuralNetworks
import Testing
import WorldModel

/// Latents that are told of each patch, tasks that share one, and targets that tasks edit.
@Suite struct PatchNumberTests {
  private func samples(_ tasks: [any WorldTask]) throws -> (plan: BatchPlan, samples: [AssembledSample]) {
    let plan = TaskAssembly(tasks: tasks, views: ViewSettings()).plan(scope(batch: 3))
    return (plan, try (0..<3).map { try plan.sample(radiograph($0), index: $0) })
  }

  private static let rows: @Sendable (Int) -> [[Float]] = { sample in
    (0..<64).map { [Float($0), Float(100 * sample)] }
  }

  /// Of the rows of all patches those of the predicted ones reach the latent, with the patches and their places.
  @Test func latentsAreToldOfThePredictedPatches() throws {
    let latent = ToldLatent()
    let tasks = try TaskPlugins.make(["local"]) + [TellingTask(rows: Self.rows)]
    let (plan, drawn) = try samples(tasks)
    let batch = try plan.collate(drawn)
    let world = WorldModel(model([]).shape, latents: [latent], seed: 5)
    try world.check(batch)
    let prediction = try #require(batch.supervisions.first)
    #expect(prediction.latentNames == ["told"] && prediction.latents.isEmpty)
    let patches = prediction.patches
    #expect(patches[0].count < 64)
    let expected = patches.enumerated().flatMap { sample, row in
      row.flatMap { [Float($0), Float(100 * sample)] }
    }
    let numbers = try #require(prediction.patchLatents.first?.numbers)
    #expect(numbers.shape == [3, patches[0].count, 2] && numbers.values == expected)

    let output = try world(batch, reduction: .sum)
    #expect(latent.patches == patches.flatMap { $0 })
    let told = try #require(latent.told)
    #expect(told.numbers == nil && told.patchNumbers?.values == expected && told.patches == patches)
    #expect(told.gridSize == 8 && output.loss.isFinite)
    // Row and column by hundredths of the patch's own number, and down by the sample's.
    for (sample, row) in patches.enumerated() {
      for (token, patch) in row.enumerated() {
        let place = GridPlace(
          row: Double(patch / 8) + 100 * Double(sample), column: Double(patch % 8) + Double(patch) / 128)
        #expect(told.places[sample][token] == place)
        #expect(try world.places(of: prediction)[sample][token] == place)
      }
    }
  }

  /// Gradients reach a latent's parameters through the numbers of patches.
  @Test func numbersOfPatchesConditionTokens() throws {
    let latent = ToldLatent()
    let (plan, drawn) = try samples([TellingTask(rows: Self.rows)])
    let world = WorldModel(model([]).shape, latents: [latent], seed: 5)
    let output = try world(try plan.collate(drawn), reduction: .sum)
    output.objective.backward()
    #expect(latent.entries.allSatisfy { $0.parameter.gradient?.values.contains { $0 != 0 } == true })
    let tokens = Tensor([2, 3, 16], repeating: 0.5)
    let numbers = Tensor([0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0], shape: [2, 3, 2])
    let told = LatentTokens(
      numbers: nil, patchNumbers: numbers, patches: [[0, 1, 2], [3, 4, 5]], places: [], gridSize: 8)
    let changed = latent.condition(tokens, told: told).values
    let isChanged = (0..<6).map { token in changed[token * 16..<(token + 1) * 16].contains { $0 != 0.5 } }
    #expect(isChanged == [false, true, false, false, true, false])
  }

  @Test func refusesOtherRows() throws {
    let none: [[Float]] = Array(repeating: [], count: 64)
    for rows in [[[1], [2], [3]], none] {
      let task = TellingTask(rows: { _ in rows })
      let error = try #require(throws: AssemblyError.self) { _ = try samples([task]) }
      #expect(
        error
          == .patchRows(latent: "told", task: "telling", sample: 0, patches: 64, found: rows.map(\.count)))
      #expect(error.description.contains("expected 64 rows"))
    }
    var uneven = Self.rows(0)
    uneven[5] = [1]
    let short = TellingTask(rows: { [uneven] _ in uneven })
    let other = try #require(throws: AssemblyError.self) { _ = try samples([short]) }
    #expect(other.description.contains("in 64 rows of [1, 2] numbers"))
    var undefined = Self.rows(0)
    undefined[63][1] = .nan
    let odd = TellingTask(rows: { [undefined] _ in undefined })
    let fault = try #require(throws: TaskFault.self) { _ = try samples([odd]) }
    #expect(fault.description.hasPrefix("task \"telling\", latents, of \"told\": a number told of sample 0"))
  }

  @Test func refusesOtherWidths() throws {
    let widening = TellingTask(rows: { sample in
      Array(repeating: Array(repeating: 1, count: 1 + sample), count: 64)
    })
    let (plan, drawn) = try samples([widening])
    let error = try #require(throws: AssemblyError.self) { _ = try plan.collate(drawn) }
    #expect(error == .patchWidth("told", expected: 1, found: 2))
    let (narrow, few) = try samples([TellingTask(rows: { _ in Array(repeating: [1], count: 64) })])
    let world = WorldModel(model([]).shape, latents: [ToldLatent()], seed: 5)
    let refusal = try #require(throws: AssemblyError.self) { try world.check(try narrow.collate(few)) }
    #expect(refusal == .patchWidth("told", expected: 2, found: 1) && refusal.description.count > 60)
  }

  // MARK: Shared latents

  /// A latent of the core that two tasks bring is there once, and what they tell of it is told once.
  @Test func tasksShareALatent() throws {
    let tasks = try TaskPlugins.make(["global"]) + [TellingTask(rows: Self.rows, shares: 1)]
    let batch = try batch(tasks)
    #expect(batch.supervisions.map(\.latentNames) == [["offset"], ["offset"]])
    let definitions =
      try TaskPlugins.definitions(["global"])
      + [
        TaskDefinition(name: "telling", summary: "", options: []) { _, _ in
          TellingTask(rows: Self.rows, shares: 1)
        }
      ]
    let shape = model([]).shape
    let set = try TaskSet(
      definitions.map { ($0, Options($0.options)) }, environment: shape.environment(.paper))
    let world = set.model(shape, seed: 1)
    #expect(world.latents.map(\.name) == ["offset"] && world.latentTasks == ["global"])
    try world.check(batch)
  }

  @Test func refusesTasksThatTellASharedLatentDifferently() throws {
    let tasks = try TaskPlugins.make(["global"]) + [TellingTask(rows: Self.rows, shares: 2)]
    let error = try #require(throws: AssemblyError.self) { _ = try batch(tasks) }
    #expect(error == .toldDifferently(latent: "offset", tasks: ["global", "telling"], sample: 0))
    #expect(error.description.contains("global and telling"))
  }

  // MARK: Targets

  @Test func targetsAreEditedAndContextsAreNot() throws {
    let plain = try samples([TellingTask(rows: Self.rows)]).samples[1]
    let edited = try samples([
      TellingTask(rows: Self.rows) { $0.pixels = $0.pixels.map { 1 - $0 } }
    ]).samples[1]
    #expect(edited.contexts[0].pixels == plain.contexts[0].pixels)
    #expect(edited.targets[0].pixels.pixels == plain.targets[0].pixels.pixels.map { 1 - $0 })
    let batch = try batch([TellingTask(rows: Self.rows) { $0.applyContrast(0) }])
    let values = batch.targets[0].values
    #expect(abs(values[0] - values[700]) < 1e-5)
  }

  @Test func refusesTargetsAsItDoesContexts() throws {
    let edits: [(@Sendable (inout GrayImage) -> Void, [String])] = [
      ({ $0 = $0.resized(to: (16, 32)) }, ["editTarget", "view 0 of sample 0", "32 × 16 pixels"]),
      ({ $0.pixels[3] = .infinity }, ["editTarget", "a pixel that is inf"]),
    ]
    for (edit, words) in edits {
      let task = TellingTask(rows: Self.rows, edit: edit)
      let fault = try #require(throws: TaskFault.self) { _ = try samples([task]) }
      for words in words { #expect(fault.description.contains(words), "\(fault)") }
    }
  }
}

/// Tells the latent rows of numbers, edits targets, and says Δ as `global` does, or twice as much of it.
private struct TellingTask: WorldTask, TaskPlan {
  let name = "telling"
  let requiredViews = 1
  let rows: @Sendable (Int) -> [[Float]]
  var shares: Float = 0
  var edit: @Sendable (inout GrayImage) -> Void = { _ in }

  func makeLatents(random: inout RandomStream) -> [any Latent] { shares > 0 ? [OffsetLatent()] : [] }
  func plan(batch: BatchScope) -> any TaskPlan { self }
  func draw(sample: SampleScope) -> any TaskDraw { Draw(task: self, sample: sample.index) }

  private struct Draw: TaskDraw {
    let task: TellingTask
    let sample: Int
    func editTarget(of target: inout any Target) { task.edit(&target.pixels) }
    func supervisions(views: [Frame]) -> [Supervision] {
      task.shares > 0 ? [] : [Supervision(context: 0, target: 0, patches: .all, isFallback: true)]
    }
    func latents(context: Int, target: Int, views: [Frame]) -> [LatentValue] {
      guard task.shares > 0 else { return [LatentValue(latent: "told", patchNumbers: task.rows(sample))] }
      let offset = OffsetLatent.value(from: views[context], to: views[target])
      return [LatentValue(latent: "offset", numbers: offset.numbers.map { task.shares * $0 })]
    }
  }
}

/// Moves by numbers of patches, adds a projection of them to tokens, and keeps what it was told.
private final class ToldLatent: Latent {
  let name = "told"
  let width = 0
  let patchWidth = 2
  let shift = Parameter(Tensor((0..<32).map { Float($0) - 15.5 }, shape: [16, 2]))
  private(set) var told: LatentTokens?
  private(set) var patches: [Int] = []

  func move(_ place: GridPlace, of patch: LatentPatch) -> GridPlace {
    patches.append(patch.patch)
    let numbers = patch.patchNumbers.map { Double($0) }
    return GridPlace(row: place.row + numbers[1], column: place.column + numbers[0] / 128)
  }
  func condition(_ tokens: Tensor, told: LatentTokens) -> Tensor {
    if self.told == nil { self.told = told }
    return tokens + linear(told.patchNumbers!, weight: shift.tensor, bias: nil)
  }
  func visit(_ visitor: inout ParameterVisitor) { visitor.parameter(shift, "shift") }
}
