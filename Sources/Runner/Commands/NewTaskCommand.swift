import Foundation
import PluginHost

extension Command {
  /// Begins a plugin of the user's own.
  static let newTask = Command(
    name: "new-task", summary: "Write, build and register a package with a task of your own to change",
    options: [
      CommandOption(
        "--kind", .value("KIND"),
        help:
          "task, data for a source of films, evaluation for a judgement of features, or codec for a file format; "
          + "default task."),
      CommandOption("--no-build", help: "Write the package only, and print the table for plugins.toml."),
      CommandOption("--plugins", .value("FILE"), help: "The registry to add it to; default ./plugins.toml."),
    ],
    arguments: [
      CommandArgument("NAME", help: "Of the plugin: letters, digits, - and _, beginning with a letter."),
      CommandArgument(
        "DIR", help: "A new or empty folder for the package; default ./NAME.", isRequired: false),
    ],
    examples: [
      CommandExample("chex-runner new-task rotation", "a package in ./rotation that trains at once"),
      CommandExample("chex-runner new-task clinic --kind data", "a source of films"),
    ],
    run: { arguments in
      let name = arguments.required("NAME")
      try Scaffold.check(name: name)
      let kind = try arguments.choice("--kind", of: PluginKind.allCases.map(\.rawValue)) ?? "task"
      let registry = try PluginsFile.locate(given: arguments.value("--plugins"))
      let manifest = try PluginManifest(path: registry)
      if let taken = manifest[name] {
        throw ScaffoldError(
          "\(registry), line \(taken.line): there is a plugin \"\(name)\" already; give another NAME")
      }
      let scaffold = Scaffold(
        name: name, kind: PluginKind(rawValue: kind)!, folder: arguments.argument("DIR") ?? name,
        core: try CorePackage.locate())
      try scaffold.write()
      Output.print("wrote \(scaffold.folder): " + scaffold.files.map(\.path).joined(separator: ", "))
      guard !arguments.has("--no-build") else {
        let library = "\(absolute(scaffold.folder))/.build/release/lib\(scaffold.module).so"
        Output.print("build it (swift build -c release), then add to \(registry):")
        Output.print(scaffold.table(library: library))
        return 0
      }
      Output.print("building it, the first time with the core, which takes a minute or so …")
      let library = try PluginPackage.build(scaffold.folder)
      _ = try PluginHost.load(library: library)
      try register(scaffold.table(library: library), in: registry)
      Output.print(
        """
        registered in \(registry), not enabled. Next:
          chex-runner plugins check \(name)
          \(next(kind, name))
        """)
      return 0
    })

  private static func next(_ kind: String, _ name: String) -> String {
    switch kind {
    case "data": "chex-runner --preset quick --data \(name) --dry-run"
    case "evaluation": "chex-runner evaluate RUN --with \(name)"
    case "codec": "chex-runner --preset quick --data FOLDER --dry-run"
    default: "chex-runner --preset quick --tasks local,\(name) --dry-run"
    }
  }

  private static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }

  /// Adds the table at the end, or prints it where the file cannot be written.
  private static func register(_ table: String, in registry: String) throws {
    let before = try String(contentsOfFile: registry, encoding: .utf8)
    // What is written must be readable, or the file stays as it was.
    _ = try PluginManifest(text: before + table, path: registry)
    do { try DurableFile.write(before + table, to: registry) } catch {
      Output.print("\(registry) cannot be written (\(error)); add this to a registry of your own:\n\(table)")
    }
  }
}
