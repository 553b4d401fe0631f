import Batches
import Console
import Foundation
import Radiographs
import Training
import WorldModel

extension Command {
  /// Writes the radiographs of any source as PNG files, with what is known of them.
  static let dataWrite = Command(
    name: "data write",
    summary: "Write radiographs as PNG, with labels, and the masks, landmarks and boxes that are known",
    options: [exportFolder] + SettingFlag.dataOptions.filter { !ofTraining.contains($0.name) }
      + SettingFlag.all.filter { $0.name == "--seed" }.map(\.option),
    examples: [
      CommandExample(
        "chex-runner data write --data jsrt:FOLDER --out radiographs",
        "a public collection, its truth in pixels"),
      CommandExample(
        "chex-runner data write --data store --set data.limit=20 --out radiographs",
        "the first radiographs of a store"),
    ],
    run: { arguments in
      guard let out = arguments.value("--out") else { throw UsageError("data write: --out DIR is required") }
      let setup = try RunSetup(SettingsRequest(arguments), pluginsFile: arguments.value("--plugins"))
      let source = try ChosenRadiographs.of(try setup.openSource(asStored: true), setup.configuration.data)
      return try write(source, to: out)
    })

  /// The folder of every command that writes radiographs.
  static let exportFolder = CommandOption(
    "--out", aliases: ["-o"], .value("DIR"), help: "A new or empty folder. Required.")

  /// Flags of radiographs that mean something only when a run begins.
  private static let ofTraining = ["--sampling-weights", "--fraction", "--holdout", "--pretrain-splits"]

  /// Writes all radiographs of a source and says what was written.
  /// - Returns: the exit status: 1 where no radiograph could be used.
  static func write(_ source: any RadiographSource, to out: String) throws -> Int32 {
    let outcome = try RadiographExport(source: source, folder: out).run()
    Output.print("\(outcome.radiographs) radiographs in \(out): \(outcome.files.joined(separator: ", "))")
    if !outcome.labelColumns.isEmpty {
      let columns = outcome.labelColumns.map { "\"\($0)\"" }.joined(separator: ", ")
      Output.print(
        "labels.csv has a column for each finding, empty where it is not known; read it with "
          + "--set 'data.label_columns=[\(columns)]'")
    }
    if !outcome.skipped.isEmpty {
      let first = outcome.skipped.prefix(3).map { "  \($0)" }.joined(separator: "\n")
      StandardStream.error.show(
        "chex-runner: radiographs that cannot be used and are left out: \(outcome.skipped.count), the first:\n\(first)\n"
      )
    }
    return outcome.radiographs > 0 ? 0 : Program.runFailure
  }
}
