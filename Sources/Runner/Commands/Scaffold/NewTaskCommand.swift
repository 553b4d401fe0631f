import Console
import Evaluations
import Foundation
import PluginHost
import Runs
import Training

extension Command {
  /// Begins a plugin of the user's own.
  static let newTask = Command(
    name: "new-task", summary: "Write, build and register a package with a task of your own to change",
    options: [
      CommandOption(
        "--kind", .value("KIND"),
        help:
          "task, data for a source of radiographs, evaluation for metrics of features, codec for a file format, weights for "
          + "a family of checkpoints, component for an optimiser or network, backend for a device, or communicator between "
          + "processes; default task."
      ),
      CommandOption(
        "--no-build",
        help: "Write the package only, and print the table for plugins.toml; nothing is registered."),
      .registry("The registry to add it to"),
    ],
    arguments: [
      CommandArgument("NAME", help: "Of the plugin: letters, digits, - and _, beginning with a letter."),
      CommandArgument(
        "DIR",
        help: "A new or empty folder for the package, or one that this command began; default ./NAME.",
        isRequired: false),
    ],
    examples: [
      CommandExample("chex-runner new-task rotation", "a package in ./rotation that trains at once"),
      CommandExample("chex-runner new-task clinic --kind data", "a source of radiographs"),
    ],
    run: { arguments in
      let name = arguments.required("NAME")
      try Scaffold.check(name: name)
      let kind = try arguments.choice("--kind", of: PluginKind.allCases.map(\.rawValue)) ?? "task"
      let place = try PluginsFile.find(given: arguments.value("--plugins"))
      let registry = place.path
      let manifest = try PluginManifest(path: registry)
      if let taken = manifest[name] {
        throw ScaffoldError(
          "\(registry), line \(taken.line): there is a plugin \"\(name)\" already; give another NAME")
      }
      if !arguments.has("--no-build") { try place.checkWritable() }
      let scaffold = Scaffold(
        name: name, kind: PluginKind(rawValue: kind)!, folder: arguments.argument("DIR") ?? name,
        core: try CorePackage.locate(),
        besideTask: manifest.entries.first { $0.enabled && $0.kind == .task }?.name)
      try scaffold.write()
      Output.print("wrote \(scaffold.folder): " + scaffold.files.map(\.path).joined(separator: ", "))
      guard !arguments.has("--no-build") else {
        let library = path(
          "\(absolute(scaffold.folder))/.build/release/lib\(scaffold.module).so", from: manifest)
        Output.print("build it (swift build -c release), then add to \(registry):")
        Output.print(scaffold.table(library: library))
        return 0
      }
      Output.print("building it, the first time with the core, which takes two minutes or so …")
      let library: String
      do { library = try PluginPackage.build(scaffold.folder) } catch let error as PackageError {
        throw PackageError(
          description: "\(error)\nnothing is registered; the same command goes on with \(scaffold.folder)")
      }
      _ = try PluginHost.load(library: library)
      try register(scaffold.table(library: path(library, from: manifest)), in: registry)
      let named = arguments.value("--plugins").map { " --plugins \($0)" } ?? ""
      Output.print(
        """
        registered in \(registry), \(scaffold.isEnabledAtOnce ? "enabled" : "not enabled"). Next:
          chex-runner plugins check \(scaffold.folder)/\(named)
          \(next(scaffold))\(named)
        """)
      return 0
    })

  private static func next(_ plugin: Scaffold) -> String {
    switch plugin.kind {
    case .data: "chex-runner --preset quick --data \(plugin.name) --dry-run"
    case .evaluation: "chex-runner evaluate RUN --with \(plugin.name)"
    case .component: "chex-runner --preset quick --set training.optimizer=\(plugin.name) --dry-run"
    case .backend: "chex-runner --preset quick --device \(plugin.name) --dry-run"
    case .communicator:
      "mpirun -n 2 chex-runner --preset quick --set run.communicator=\(plugin.name) --steps 4 --out FOLDER"
    case .weights: "chex-runner weights import FILE --out RUN --allow-missing 'predictor.*'"
    case .codec: "chex-runner --preset quick --data FOLDER --dry-run"
    case .task: "chex-runner --preset quick --tasks \(plugin.tasks) --dry-run"
    }
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// A library as the registry names it: from its own folder where it lies below, so that both may move.
  private static func path(_ library: String, from manifest: PluginManifest) -> String {
    let folder = manifest.folder + "/"
    return library.hasPrefix(folder) ? String(library.dropFirst(folder.count)) : library
  }

  /// Adds the table at the end.
  private static func register(_ table: String, in registry: String) throws {
    let before = try String(contentsOfFile: registry, encoding: .utf8)
    // What is written must be readable, or the file stays as it was.
    _ = try PluginManifest(text: before + table, path: registry)
    try DurableFile.write(before + table, to: registry)
  }
}
