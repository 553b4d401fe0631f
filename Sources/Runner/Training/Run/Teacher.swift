import CoreTensor
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
    if let (setting, expected, found) = other.difference(from: parts.setup) {
      throw TeacherError.differs(path: path, setting: setting, expected: expected, found: found)
    }
    try other.loadEncoder(into: student)
  }
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
