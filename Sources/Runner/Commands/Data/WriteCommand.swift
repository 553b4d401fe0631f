import Batches
import Console
import Foundation
import Radiographs
import Training
import WorldModel

extension Command {
  /// Writes the films of any source as PNG files, with what is known of them.
  static let dataWrite = Command(
    name: "data write",
    summary: "Write films as PNG, with labels, and the masks, landmarks and boxes that are known",
    options: [exportFolder] + SettingFlag.dataOptions.filter { !ofTraining.contains($0.name) }
      + SettingFlag.all.filter { $0.name == "--seed" }.map(\.option),
    examples: [
      CommandExample(
        "chex-runner data write --data jsrt:FOLDER --out films", "a public collection, its truth in pixels"),
      CommandExample(
        "chex-runner data write --data store --set data.limit=20 --out films", "the first films of a store"),
    ],
    run: { arguments in
      guard let out = arguments.value("--out") else { throw UsageError("data write: --out DIR is required") }
      let setup = try RunSetup(SettingsRequest(arguments), pluginsFile: arguments.value("--plugins"))
      let source = try ChosenFilms.of(try setup.openSource(asStored: true), setup.configuration.data)
      return try write(source, to: out)
    })

  /// The folder of every command that writes films.
  static let exportFolder = CommandOption(
    "--out", aliases: ["-o"], .value("DIR"), help: "A new or empty folder. Required.")

  /// Flags of films that mean something only when a run begins.
  private static let ofTraining = ["--weights", "--fraction", "--holdout", "--pretrain-splits"]

  /// Writes all films of a source and says what was written.
  /// - Returns: the exit status: 1 where no film could be used.
  static func write(_ source: any FilmSource, to out: String) throws -> Int32 {
    let outcome = try FilmExport(source: source, folder: out).run()
    Output.print("\(outcome.films) films in \(out): \(outcome.files.joined(separator: ", "))")
    if !outcome.labelColumns.isEmpty {
      let columns = outcome.labelColumns.map { "\"\($0)\"" }.joined(separator: ", ")
      Output.print(
        "labels.csv has a column for each finding, empty where it is not known; read it with "
          + "--set 'data.label_columns=[\(columns)]'")
    }
    if !outcome.skipped.isEmpty {
      let first = outcome.skipped.prefix(3).map { "  \($0)" }.joined(separator: "\n")
      StandardStream.error.show(
        "chex-runner: films that cannot be used and are left out: \(outcome.skipped.count), the first:\n\(first)\n"
      )
    }
    return outcome.films > 0 ? 0 : Program.runFailure
  }
}
