import Evaluations
import Foundation
import PluginHost
import Runs
import Training

/// A plugin's package, written for a user to change.
struct Scaffold {
  /// Name of the plugin, and of its module: `vic-reg` and `VicRegTask`.
  let name: String
  let kind: PluginKind
  let folder: String
  /// Folder of the core's package.
  let core: String
  /// The task that a new one is tried beside: the first that the registry enables; nil where there is none.
  var besideTask: String?

  /// What `--tasks` takes to try a new task.
  var tasks: String { [besideTask, name].compactMap { $0 }.joined(separator: ",") }

  var module: String {
    let words = name.split(whereSeparator: { $0 == "-" || $0 == "_" })
    return words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + Self.suffix(kind)
  }

  private static func suffix(_ kind: PluginKind) -> String {
    switch kind {
    case .task: "Task"
    case .data: "Data"
    case .evaluation: "Evaluation"
    case .codec: "Codec"
    case .backend: "Backend"
    case .communicator: "Communicator"
    case .weights: "Weights"
    case .component: "Component"
    }
  }

  /// Checks a name before anything is written.
  /// - Throws: `ScaffoldError`.
  static func check(name: String) throws {
    guard let first = name.first, first.isASCII, first.isLetter, name.count <= 40,
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    else {
      throw ScaffoldError(
        "NAME: expected up to 40 ASCII letters, digits, - and _ that begin with a letter, found \"\(name)\"; "
          + "write one such as rotation")
    }
  }

  /// The files by their paths within the folder.
  var files: [(path: String, text: String)] {
    let (source, tests, readme) =
      switch kind {
      case .task: (TaskTemplate.source, TaskTemplate.tests, TaskTemplate.readme)
      case .data: (DataTemplate.source, DataTemplate.tests, DataTemplate.readme)
      case .evaluation: (EvaluationTemplate.source, EvaluationTemplate.tests, EvaluationTemplate.readme)
      case .codec: (CodecTemplate.source, CodecTemplate.tests, CodecTemplate.readme)
      case .backend: (BackendTemplate.source, BackendTemplate.tests, BackendTemplate.readme)
      case .communicator:
        (CommunicatorTemplate.source, CommunicatorTemplate.tests, CommunicatorTemplate.readme)
      case .weights: (WeightsTemplate.source, WeightsTemplate.tests, WeightsTemplate.readme)
      case .component: (ComponentTemplate.source, ComponentTemplate.tests, ComponentTemplate.readme)
      }
    return [
      ("Package.swift", PackageTemplate.manifest), ("README.md", readme),
      ("Sources/\(module)/\(module).swift", source), ("Tests/\(module)Tests/\(module)Tests.swift", tests),
      (".gitignore", ".build/\n"),
    ].map { ($0.0, filled($0.1)) }
  }

  private func filled(_ template: String) -> String {
    let imports = ["PluginChecks", "Testing", "WorldModel", module].sorted().map { "import " + $0 }
    return [
      ("{imports}", imports.joined(separator: "\n")), ("{name}", name), ("{module}", module),
      ("{core}", corePath), ("{beside}", tasks),
    ]
    .reduce(template) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }

  /// From the package to the core: relative where it lies in the core's own tree, so that the tree can move.
  private var corePath: String {
    let (from, to) = (absolute(folder), absolute(core))
    let tree = to.dropLast(2)
    guard from.starts(with: tree) else { return "/" + to.joined(separator: "/") }
    return (Array(repeating: "..", count: from.count - tree.count) + to.suffix(2)).joined(separator: "/")
  }

  private func absolute(_ path: String) -> [String] {
    URL(fileURLWithPath: path).standardizedFileURL.path.split(separator: "/").map(String.init)
  }

  /// Writes the package into a new or empty folder, or goes on with one that was written so before: a build that
  /// failed, for want of a compiler say, leaves it to the next call.
  /// - Throws: `ScaffoldError` where the folder holds something else.
  func write() throws {
    if Folder.exists(folder), let found = try Folder.names(folder).first(where: { try !isOwn($0) }) {
      throw ScaffoldError(
        "\(folder): expected a new or empty folder, found \(found) in it; give another DIR")
    }
    for file in files {
      let path = folder + "/" + file.path
      try Folder.create(Folder.parent(of: path))
      try DurableFile.write(file.text, to: path)
    }
  }

  /// Whether a name in the folder is a part of the package as it is written, unchanged, or what its build makes.
  private func isOwn(_ name: String) throws -> Bool {
    if [".build", "Package.resolved"].contains(name) || name.contains(".writing-") { return true }
    let parts = files.filter { $0.path == name || $0.path.hasPrefix(name + "/") }
    return try !parts.isEmpty
      && parts.allSatisfy { part in
        let path = folder + "/" + part.path
        guard access(path, F_OK) == 0 else { return true }
        return try DurableFile.read(path) == Data(part.text.utf8)
      }
  }

  /// The table for `plugins.toml`.
  func table(library: String) -> String {
    """

    # \(kind.rawValue.capitalized) of the package \(folder).
    [[plugin]]
    name = "\(name)"
    kind = "\(kind.rawValue)"
    library = "\(library)"
    enabled = \(isEnabledAtOnce)

    """
  }

  /// No word of the command line names a codec or a family of checkpoints: files do, so that one that is not enabled is
  /// never asked.
  var isEnabledAtOnce: Bool { kind == .codec || kind == .weights }
}

extension PluginsFile.Location {
  /// Tries whether a plugin can be added, before anything else is written.
  /// - Throws: `ScaffoldError` with the remedy.
  func checkWritable() throws {
    let trial = Folder.parent(of: path) + "/.\(Folder.name(of: path)).trial-\(getpid())"
    do {
      if access(path, W_OK) != 0 { throw StorageError.system("write to", path) }
      _ = try FileDescriptor("create", trial, flags: O_WRONLY | O_CREAT | O_EXCL)
      unlink(trial)
    } catch {
      throw ScaffoldError(
        "\(path): the new plugin is to be registered in this file, \(reason), and it cannot be written (\(error)); "
          + "make a registry of your own in the folder that you work in, and give the same command again:\n"
          + "  cp \(path) \(PluginsFile.name)")
    }
  }
}

/// A package that cannot be written.
struct ScaffoldError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Finds the package of the core, which plugins are built against.
enum CorePackage {
  /// Of the checkout that the program was built in, or of the tree where it was installed.
  /// - Throws: `ScaffoldError` with both places.
  static func locate(executable: String = PluginsFile.runningExecutable) throws -> String {
    var folder = URL(fileURLWithPath: executable).deletingLastPathComponent()
    var places = [
      folder.deletingLastPathComponent().appendingPathComponent("share/chexworld/Sources/CoreTensor").path
    ]
    for _ in 0..<5 {
      if Folder.exists(folder.appendingPathComponent("Sources/CoreTensor").path) {
        places.append(folder.appendingPathComponent("Sources/CoreTensor").path)
        break
      }
      folder.deleteLastPathComponent()
    }
    guard let found = places.first(where: { access($0 + "/Package.swift", R_OK) == 0 }) else {
      throw ScaffoldError(
        "no package of the core for plugins to build against; looked at \(places.joined(separator: ", ")); "
          + "run chex-runner from a checkout or an installed tree")
    }
    return found
  }
}
