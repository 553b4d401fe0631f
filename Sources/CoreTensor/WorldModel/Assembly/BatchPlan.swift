import CoreTensor
import Imaging

/// What an assembly has drawn for one batch; makes its samples, on any thread and in any order.
public struct BatchPlan: Sendable {
  public let assembly: TaskAssembly
  let scope: BatchScope
  let plans: [any TaskPlan]

  /// Everything drawn for sample `index`, made from `radiograph`.
  /// - Throws: `TaskFault` where a task changes an image's size, or leaves or tells what is no number; `AssemblyError`
  ///   where frames that tasks propose lie outside the radiograph or differ from each other, or where numbers of
  ///   patches are not one row for each patch.
  public func sample(_ radiograph: GrayImage, index sample: Int) throws -> AssembledSample {
    var random = scope.random("views", sample: sample)
    var radiograph = radiograph
    let jitter = assembly.views.jitter(&radiograph, &random)
    // Drawn whether or not a task proposes others, so that views do not depend on who is enabled.
    let standard = assembly.views.frames(
      assembly.viewCount, imageHeight: radiograph.height, imageWidth: radiograph.width, &random)
    var making = SampleMaking(plan: self, sample: sample)
    let frames = try making.frames(
      FrameScope(batch: scope, index: sample, radiograph: radiograph, standard: standard))
    making.draw(SampleScope(batch: scope, index: sample, views: frames, radiograph: radiograph))
    let views = frames.enumerated().map { view, frame in
      ViewTarget(
        view: view, frame: frame, geometry: scope.geometry,
        pixels: radiograph.cropped(
          row: frame.row, column: frame.column, height: frame.height, width: frame.width,
          resizedTo: scope.geometry.imageSize, mirrored: frame.mirrored))
    }
    let targets = try making.targets(views)
    let contexts = try making.contexts(views)
    let supervisions = making.supervisions(frames)
    let latents = try supervisions.map { try making.latents($0, frames) }
    let told = try making.told(["views.jitter": [jitter.brightness, jitter.contrast]])
    return AssembledSample(
      targets: targets, contexts: contexts, supervisions: supervisions, latents: latents,
      numbers: told.numbers, seconds: making.seconds, record: told.record)
  }
}

/// One sample while it is made: each task's code called by name and timed, and checked for what it must not do.
private struct SampleMaking {
  let plan: BatchPlan
  let sample: Int
  private(set) var seconds: [TaskSeconds]
  private var draws: [any TaskDraw] = []

  init(plan: BatchPlan, sample: Int) {
    (self.plan, self.sample) = (plan, sample)
    seconds = plan.assembly.tasks.map { TaskSeconds(task: $0.name) }
  }

  private var geometry: ImageGeometry { plan.scope.geometry }
  private func name(_ task: Int) -> String { plan.assembly.tasks[task].name }

  private mutating func timed<Result>(
    _ task: Int, _ part: WritableKeyPath<TaskSeconds, Double>, _ code: KeyPath<TaskCode, PluginCode>,
    _ body: () -> Result
  ) -> Result {
    let began = threadSeconds()
    defer { seconds[task][keyPath: part] += threadSeconds() - began }
    return plan.assembly.code[task][keyPath: code].run(body)
  }

  /// The frames that a task proposes, else the standard ones.
  mutating func frames(_ scope: FrameScope) throws -> [Frame] {
    var chosen: (task: Int, frames: [Frame])?
    for (task, plan) in plan.plans.enumerated() {
      guard let wanted = timed(task, \.draw, \.proposeFrames, { plan.proposeFrames(scope) }) else { continue }
      try check(wanted, of: task, scope)
      if let chosen, chosen.frames != wanted {
        throw AssemblyError.framesConflict(tasks: [name(chosen.task), name(task)], sample: sample)
      }
      chosen = chosen ?? (task, wanted)
    }
    return chosen?.frames ?? scope.standard
  }

  private func check(_ frames: [Frame], of task: Int, _ scope: FrameScope) throws {
    guard frames.count == scope.standard.count else {
      throw AssemblyError.frameCount(
        task: name(task), sample: sample, expected: scope.standard.count, found: frames.count)
    }
    if let view = frames.firstIndex(where: { !$0.lies(on: scope.radiograph) }) {
      throw AssemblyError.frameOutside(
        task: name(task), sample: sample, view: view, frame: frames[view], height: scope.radiograph.height,
        width: scope.radiograph.width)
    }
  }

  mutating func draw(_ scope: SampleScope) {
    draws = plan.plans.enumerated().map { task, plan in
      timed(task, \.draw, \.draw) { plan.draw(sample: scope) }
    }
  }

  mutating func targets(_ views: [ViewTarget]) throws -> [any Target] {
    var targets: [any Target] = views
    for view in targets.indices {
      for (task, draw) in draws.enumerated() {
        timed(task, \.edit, \.editTarget) { draw.editTarget(of: &targets[view]) }
        try check(targets[view].pixels, after: task, "editTarget", view: view)
      }
    }
    return targets
  }

  mutating func contexts(_ views: [ViewTarget]) throws -> [any Context] {
    var contexts: [any Context] = views.map { ViewContext(showing: $0, geometry: geometry) }
    for view in contexts.indices {
      for (task, draw) in draws.enumerated() {
        timed(task, \.edit, \.editPixels) { draw.editPixels(of: &contexts[view]) }
        try check(contexts[view].pixels, after: task, "editPixels", view: view)
      }
      for (task, draw) in draws.enumerated() {
        timed(task, \.edit, \.editVisibility) { draw.editVisibility(of: &contexts[view]) }
        try check(contexts[view].pixels, after: task, "editVisibility", view: view)
      }
    }
    return contexts
  }

  mutating func supervisions(_ frames: [Frame]) -> [Supervision] {
    TaskAssembly.merge(
      draws.enumerated().flatMap { task, draw in
        timed(task, \.draw, \.supervisions) { draw.supervisions(views: frames) }
      })
  }

  /// What the predictor is told for one supervision. Tasks that share a latent must tell the same of it.
  mutating func latents(_ supervision: Supervision, _ frames: [Frame]) throws -> [LatentValue] {
    var values: [(task: Int, value: LatentValue)] = []
    for (task, draw) in draws.enumerated() {
      let told = timed(task, \.draw, \.latents) {
        draw.latents(context: supervision.context, target: supervision.target, views: frames)
      }
      for value in told {
        try check(value, of: task)
        guard let other = values.first(where: { $0.value.latent == value.latent }), other.task != task else {
          values.append((task, value))
          continue
        }
        guard other.value == value else {
          throw AssemblyError.toldDifferently(
            latent: value.latent, tasks: [name(other.task), name(task)], sample: sample)
        }
      }
    }
    return values.map(\.value)
  }

  /// What draws tell their tasks' objectives, and what they drew, added to `record`.
  mutating func told(
    _ record: [String: [Double]]
  ) throws -> (numbers: [String: [Float]], record: [String: [Double]]) {
    var (numbers, record): ([String: [Float]], [String: [Double]]) = ([:], record)
    for (task, draw) in draws.enumerated() {
      let told = timed(task, \.draw, \.numbers) { draw.numbers }
      try check(told, of: task, "numbers")
      if !told.isEmpty { numbers[name(task)] = told }
      for (key, values) in timed(task, \.draw, \.record, { draw.record }) {
        record["\(name(task)).\(key)"] = values
      }
    }
    return (numbers, record)
  }

  private func check(_ image: GrayImage, after task: Int, _ part: String, view: Int) throws {
    try TaskFault.check(
      image, after: "task \"\(name(task))\", \(part)", view: view, sample: sample, side: geometry.imageSize)
  }

  private func check(_ value: LatentValue, of task: Int) throws {
    let part = "latents, of \"\(value.latent)\""
    try check(value.numbers, of: task, part)
    guard let rows = value.patchNumbers else { return }
    let width = rows.first?.count ?? 0
    guard rows.count == geometry.patchCount, width > 0, rows.allSatisfy({ $0.count == width }) else {
      throw AssemblyError.patchRows(
        latent: value.latent, task: name(task), sample: sample, patches: geometry.patchCount,
        found: rows.map(\.count))
    }
    for row in rows { try check(row, of: task, part) }
  }

  private func check(_ numbers: [Float], of task: Int, _ part: String) throws {
    guard let odd = numbers.first(where: { !$0.isFinite }) else { return }
    throw TaskFault.toldNotFinite(
      code: "task \"\(name(task))\", \(part)", number: "\(odd)", sample: sample)
  }
}
