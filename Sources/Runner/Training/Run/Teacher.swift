import Console
import CoreTensor
import Foundation
import NeuralNetworks
import PluginHost
import Runs
import WorldModel

/// Gives the target encoder the weights of another run's encoder, where a task wants that of a run that begins
/// (`WorldTask.teacher`). A run that goes on has them in its checkpoints.
enum Teacher {
  /// - Throws: `TeacherError` where no run is named, or its encoder is of another make; `StorageError` where it cannot be
  ///   read.
  static func take(into parts: RunParts) throws {
    let wanted = parts.tasks.tasks.compactMap { task in task.teacher.map { (task: task.name, path: $0) } }
    guard let (task, path) = wanted.first else { return }
    if let other = wanted.first(where: { $0.path != path }) {
      throw TeacherError.several(tasks: [task, other.task])
    }
    guard !path.isEmpty else { throw TeacherError.unnamed(task: task) }
    guard let student = parts.optimization.model.targetEncoder else {
      fail(
        "Teacher: task \(task) has a teacher, and its definition does not say that the target encoder is frozen"
      )
    }
    let other = try OtherRun(path: path)
    try check(other.settings, parts.setup, path)
    try other.loadEncoder(into: student)
  }

  /// Heads, for instance, do not show in weights, and would give wrong features without an error.
  private static func check(_ teacher: RunSettings, _ setup: RunSetup, _ path: String) throws {
    let own = setup.settings
    let sizes = ["size", "width", "depth", "heads"]
    let others = ["target_encoder", "normalize_targets", "from", "from_predictor"]
    for declaration in RunConfiguration.Model.table.declared.declarations {
      let name = declaration.name
      guard !name.hasPrefix("predictor"), !sizes.contains(name), !others.contains(name) else { continue }
      let (expected, found) = (own["model", name].value.tomlText, teacher["model." + name] ?? "nothing")
      guard expected == found else {
        throw TeacherError.differs(path: path, setting: name, expected: expected, found: found)
      }
    }
    let (expected, found) = (setup.configuration.model.encoder, try blocks(of: teacher, path))
    guard expected == found else {
      throw TeacherError.differs(
        path: path, setting: "width, depth and heads", expected: expected.text, found: found.text)
    }
  }

  /// Width, depth and heads, as `model.size` names them or as they are given.
  private static func blocks(of run: RunSettings, _ path: String) throws -> TransformerConfiguration {
    func number(_ name: String) -> Int { run["model." + name].flatMap { Int($0) } ?? 0 }
    let size = (run["model.size"] ?? "").filter { $0 != "\"" }
    let named = ModelSize(rawValue: size)?.blocks ?? TransformerConfiguration(width: 0, depth: 0, heads: 0)
    func chosen(_ own: Int, _ named: Int) -> Int { own > 0 ? own : named }
    return TransformerConfiguration(
      width: chosen(number("width"), named.width), depth: chosen(number("depth"), named.depth),
      heads: chosen(number("heads"), named.heads))
  }
}

extension TransformerConfiguration {
  fileprivate var text: String { "\(width), \(depth) and \(heads)" }
}

enum TeacherError: Error, CustomStringConvertible {
  case unnamed(task: String)
  case several(tasks: [String])
  case differs(path: String, setting: String, expected: String, found: String)

  var description: String {
    switch self {
    case .unnamed(let task):
      "task \"\(task)\" needs a teacher: expected the folder of a run, trained or made by weights import, found none; "
        + "give --set \(task).teacher=RUN"
    case .several(let tasks):
      "tasks \(tasks.joined(separator: " and ")) name different teachers, and a model has one target encoder; enable "
        + "one of them"
    case .differs(let path, let setting, let expected, let found):
      "teacher \(path): its encoder has another \(setting) than this run's, whose target encoder it is to be: expected "
        + "\(expected), found \(found); give this run the teacher's sizes (--set model.…), or take another teacher"
    }
  }
}
