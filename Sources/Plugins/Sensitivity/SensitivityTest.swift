import CoreTensor
import Imaging
import WorldModel

/// The test of one model, radiograph by radiograph.
struct SensitivityTest {
  let settings: SensitivitySettings
  let input: ModelEvaluationInput
  let task: any WorldTask
  /// What is compared with candidates, in the figures' order.
  let predictions: [Prediction]
  let seed: UInt64
  /// Views that the tasks need of a radiograph; all of them show the whole.
  private let views: Int

  /// - Throws: `SensitivityError` where the run has no task that changes appearances.
  init(_ settings: SensitivitySettings, _ input: ModelEvaluationInput) throws {
    guard let task = input.tasks.first(where: { $0.name == settings.task }) else {
      throw SensitivityError(
        "the run has no task \"\(settings.task)\", whose changes of appearance are predicted here; it was trained on "
          + "\(input.tasks.map(\.name).joined(separator: ", ")): judge a run with --tasks …,\(settings.task), or name the "
          + "task of yours that changes appearances by --set sensitivity.task=NAME")
    }
    (self.settings, self.input, self.task) = (settings, input, task)
    seed = input.seed &+ settings.seed &* 0x9E37_79B9_7F4A_7C15
    views = input.tasks.map(\.requiredViews).max() ?? 1
    let side = input.model.shape.geometry.imageSize
    let isTold = !Self.draws(
      input, task, views, GrayImage(width: side, height: side), seed: seed, position: 0, count: 1)[0]
      .own.isEmpty
    predictions =
      (isTold ? [.told, .untold] : [.untold]) + (isTold && settings.draws > 0 ? [.averaged] : [])
      + (settings.hidesPatches ? [] : [.context])
    if !isTold {
      try input.workspace.note(
        "the model is never told how an appearance was changed, so that there are no figures with a")
    }
  }

  /// - Parameters:
  ///   - index: of the radiograph in its source.
  ///   - position: among the radiographs of the test.
  ///   - isDrawn: whether a ranked row of it is drawn.
  /// - Returns: nil for a radiograph that cannot be used, of which the user is told.
  func radiograph(_ index: Int, position: Int, isDrawn: Bool) throws -> EvaluatedRadiograph? {
    let radiograph: GrayImage
    do { radiograph = try input.radiographs.radiograph(at: index) } catch let error as UnusableRadiograph {
      try input.workspace.warn("left out: \(error)")
      return nil
    }
    let side = input.model.shape.geometry.imageSize
    var random = RandomStream(seed: seed, stream: "sensitivity.candidates", index: position)
    let candidates = settings.spread.candidates(settings.candidates, settings.ranges, &random)
    let draws = Self.draws(
      input, task, views, radiograph, seed: seed, position: position,
      count: settings.candidates + (predictions.contains(.averaged) ? settings.draws : 0))
    let whole = radiograph.resized(to: (side, side))
    let targets = Compute.map(candidates.count) { index in
      var image = whole
      candidates[index].apply(to: &image)
      return image
    }
    let (frame, geometry, name) = (draws[0].frame, input.model.shape.geometry, task.name)
    let contexts = Compute.map(candidates.count) { index in
      var context: any Context = RadiographContext(frame: frame, geometry: geometry, pixels: targets[index])
      PluginCode("task \"\(name)\"", "editPixels").run { draws[index].draw.editPixels(of: &context) }
      return context.pixels
    }
    for (index, image) in contexts.enumerated() {
      try TaskFault.check(
        image, after: "task \"\(name)\", editPixels", view: 0, sample: index, side: side)
    }
    let features = try CandidateFeatures(
      input.model, targets: targets, contexts: contexts, patches: try patches(draws[0], whole), draws: draws,
      predictions, neutral: settings.neutral, isPooled: settings.isPooled)
    let evaluated = EvaluatedRadiograph(
      facts: RadiographFacts(
        identifier: input.radiographs.records[index].identifier,
        patient: input.radiographs.records[index].patientKey,
        candidates: candidates,
        actions: draws.prefix(candidates.count).map { $0.own.flatMap(\.numbers) },
        changed: zip(targets, contexts).map { $0 != $1 }),
      distances: predictions.map { features.distances($0) })
    if isDrawn {
      let sheet = RankedRow(
        radiograph: evaluated, targets: targets, contexts: contexts, predictions: predictions,
        query: query(evaluated, position))
      try input.workspace.write(sheet.sheet, named: "ranked-\(position + 1)")
    }
    return evaluated
  }

  /// Which patches a radiograph's contexts show, and which are predicted: the same for all candidates.
  /// - Throws: `SensitivityError` where patches are to be hidden and no task hides any.
  private func patches(_ draw: ContextDraw, _ whole: GrayImage) throws -> ContextPatches {
    let geometry = input.model.shape.geometry
    let all = Array(0..<geometry.patchCount)
    guard settings.hidesPatches else { return ContextPatches(visible: nil, predicted: all) }
    var context: any Context = RadiographContext(frame: draw.frame, geometry: geometry, pixels: whole)
    for (task, draw) in draw.hiding {
      PluginCode("task \"\(task)\"", "editVisibility").run { draw.editVisibility(of: &context) }
    }
    guard !context.hidden.isEmpty, !context.visible.isEmpty else {
      throw SensitivityError(
        "hidden = \"tasks\": expected a task that hides patches among the run's, "
          + "\(input.tasks.map(\.name).joined(separator: ", ")), found none that does; set hidden = \"none\"")
    }
    return ContextPatches(visible: context.visible, predicted: context.hidden)
  }

  /// A candidate at random, among those whose context was changed where there are any.
  private func query(_ radiograph: EvaluatedRadiograph, _ position: Int) -> Int {
    let changed = radiograph.facts.changed.indices.filter { radiograph.facts.changed[$0] }
    let eligible = changed.isEmpty ? Array(radiograph.facts.changed.indices) : changed
    var random = RandomStream(seed: seed, stream: "sensitivity.query", index: position)
    return eligible[random.integer(in: 0...eligible.count - 1)]
  }

  /// What tasks draw and tell of contexts that show a whole radiograph.
  private static func draws(
    _ input: ModelEvaluationInput, _ task: any WorldTask, _ views: Int, _ radiograph: GrayImage, seed: UInt64,
    position: Int,
    count: Int
  ) -> [ContextDraw] {
    let frame = Frame(
      row: 0, column: 0, height: radiograph.height, width: radiograph.width, mirrored: false,
      imageHeight: radiograph.height,
      imageWidth: radiograph.width)
    let frames = Array(repeating: frame, count: views)
    let scope = BatchScope(
      seed: seed, step: position, batchSize: count, geometry: input.model.shape.geometry,
      purpose: "sensitivity.")
    func drawn(_ task: any WorldTask) -> [any TaskDraw] {
      PluginCode("task \"\(task.name)\"", "draw").run {
        let plan = task.plan(batch: scope)
        return (0..<count).map {
          plan.draw(sample: SampleScope(batch: scope, index: $0, views: frames, radiograph: radiograph))
        }
      }
    }
    func told(_ draw: any TaskDraw) -> [LatentValue] { draw.latents(context: 0, target: 0, views: frames) }
    let others = input.tasks.filter { $0.name != task.name }.map { (task: $0.name, draws: drawn($0)) }
    return drawn(task).enumerated().map { index, own in
      ContextDraw(
        frame: frame, draw: own, own: told(own), others: others.flatMap { told($0.draws[index]) },
        hiding: others.map { ($0.task, $0.draws[index]) })
    }
  }
}

/// What was drawn for one context, and what the predictor is told of it.
struct ContextDraw: Sendable {
  let frame: Frame
  let draw: any TaskDraw
  /// By the task under test: a.
  let own: [LatentValue]
  /// By the other tasks, of a target that is its own context.
  let others: [LatentValue]
  /// The other tasks' draws, which may hide patches, by the tasks' names.
  let hiding: [(task: String, draw: any TaskDraw)]
}

/// Patches of a context that enter the encoder, nil for all, and those that are predicted.
struct ContextPatches {
  let visible: [Int]?
  let predicted: [Int]
}

/// A whole radiograph, all of it visible.
struct RadiographContext: Context {
  let view = 0
  let frame: Frame
  let geometry: ImageGeometry
  var pixels: GrayImage
  var visible: [Int]
  var hidden: [Int] = []

  init(frame: Frame, geometry: ImageGeometry, pixels: GrayImage) {
    (self.frame, self.geometry, self.pixels) = (frame, geometry, pixels)
    visible = Array(0..<geometry.patchCount)
  }
}
