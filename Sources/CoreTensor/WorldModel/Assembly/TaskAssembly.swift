import CoreTensor
import Imaging

/// A set of tasks made into one objective (spec section 5).
///
/// Every enabled task edits the same contexts, proposes supervisions and attaches latents; what they propose for the
/// same context and target merges. The unified loss is one assembly of all tasks, the naive sum one assembly for each.
public struct TaskAssembly: Sendable {
  /// Tasks in the order in which they act.
  public let tasks: [any WorldTask]
  public let views: ViewSettings
  /// Prefix of this assembly's draws and loss names; empty for the unified loss.
  public let label: String
  let code: [TaskCode]

  public init(tasks: [any WorldTask], views: ViewSettings, label: String = "") {
    require(!tasks.isEmpty, "TaskAssembly: no task")
    self.tasks = tasks
    self.views = views
    self.label = label
    code = tasks.map { TaskCode(task: $0.name) }
  }

  /// The assemblies of a run: one of all tasks, or one of each.
  public static func assemblies(tasks: [any WorldTask], views: ViewSettings, naive: Bool) -> [TaskAssembly] {
    guard naive, tasks.count > 1 else { return [TaskAssembly(tasks: tasks, views: views)] }
    return tasks.map { TaskAssembly(tasks: [$0], views: views, label: $0.name + ".") }
  }

  /// Views of one radiograph: as many as the most demanding task needs.
  public var viewCount: Int { tasks.map(\.requiredViews).max() ?? 1 }

  /// Draws what a batch shares. `scope.purpose` is extended by the assembly's label.
  public func plan(_ scope: BatchScope) -> BatchPlan {
    let scope = BatchScope(
      seed: scope.seed, step: scope.step, batchSize: scope.batchSize, geometry: scope.geometry,
      purpose: scope.purpose + label)
    return BatchPlan(
      assembly: self, scope: scope,
      plans: zip(tasks, code).map { task, code in code.plan.run { task.plan(batch: scope) } })
  }

  /// What tasks did to the contexts of a sample, for a picture of it: a line for each context, empty where nothing is
  /// to be said.
  /// - Parameter sample: made by a plan of this assembly.
  public func captions(of sample: AssembledSample) -> [String] {
    sample.contexts.map { context in
      zip(tasks, code).compactMap { task, code in
        let own = Self.drawn(by: task.name, sample.record)
        return code.caption.run { task.caption(ofContext: context.view, drawn: own) }
      }.joined(separator: ", ")
    }
  }

  /// What each task says of a batch, by its name, in the order in which tasks act; those without a word are left out.
  /// - Parameter records: `AssembledSample.record` of every sample.
  public func remarks(on records: [[String: [Double]]]) -> [(task: String, text: String)] {
    zip(tasks, code).compactMap { task, code in
      let own = records.map { Self.drawn(by: task.name, $0) }
      return code.remark.run { task.remark(on: own) }.map { (task.name, $0) }
    }
  }

  /// A task's own part of a record.
  private static func drawn(by task: String, _ record: [String: [Double]]) -> [String: [Double]] {
    let prefix = task + "."
    return record.reduce(into: [:]) { own, entry in
      if entry.key.hasPrefix(prefix) { own[String(entry.key.dropFirst(prefix.count))] = entry.value }
    }
  }

  /// Supervisions of all tasks, whatever their order: of a context and a target fallbacks drop out where there is
  /// another proposal; those that are left take the patches on which they agree, else all. In order of context, own
  /// view first.
  static func merge(_ proposals: [Supervision]) -> [Supervision] {
    let pairs = Dictionary(grouping: proposals) { [$0.context, $0.target] }
    let merged = pairs.values.map { pair in
      let wanted = pair.contains { !$0.isFallback } ? pair.filter { !$0.isFallback } : pair
      let agree = wanted.allSatisfy { $0.patches == wanted[0].patches }
      return agree
        ? wanted[0]
        : Supervision(
          context: wanted[0].context, target: wanted[0].target, patches: .all,
          isFallback: wanted[0].isFallback)
    }
    return merged.sorted { first, second in
      let (a, b) = (first.context == first.target ? 0 : 1, second.context == second.target ? 0 : 1)
      return (a, first.context, first.target) < (b, second.context, second.target)
    }
  }
}

/// One sample as all tasks left it.
public struct AssembledSample: Sendable {
  public let targets: [any Target]
  public var contexts: [any Context]
  public let supervisions: [Supervision]
  /// For each supervision, what the predictor is told.
  public let latents: [[LatentValue]]
  /// What draws tell their tasks' objectives, by task.
  public let numbers: [String: [Float]]
  /// What each task took.
  public let seconds: [TaskSeconds]
  /// The drawn numbers, by `task.name`.
  public let record: [String: [Double]]
}

/// Processor seconds that a task spent on a sample or a batch.
public struct TaskSeconds: Sendable {
  public let task: String
  /// In frames, draws, supervisions and latents, and in edits of targets and contexts.
  public var draw = 0.0
  public var edit = 0.0

  public init(task: String) { self.task = task }
}

/// A task's code by its parts, named once for a run rather than for each sample.
struct TaskCode: Sendable {
  let plan, proposeFrames, draw, editTarget, editPixels, editVisibility: PluginCode
  let supervisions, latents, numbers, record, caption, remark: PluginCode

  init(task: String) {
    func part(_ name: String) -> PluginCode { .task(task, name) }
    (plan, proposeFrames, draw) = (part("plan"), part("proposeFrames"), part("draw"))
    (editTarget, editPixels, editVisibility) = (
      part("editTarget"), part("editPixels"), part("editVisibility")
    )
    (supervisions, latents, numbers, record) = (
      part("supervisions"), part("latents"), part("numbers"), part("record")
    )
    (caption, remark) = (part("caption"), part("remark"))
  }
}

extension PluginCode {
  static func task(_ name: String, _ part: String) -> PluginCode { PluginCode("task \"\(name)\"", part) }
}
