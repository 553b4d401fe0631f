import Batches
import Console
import CoreTensor
import Foundation
import Radiographs
import Runs
import Training
import WorldModel

extension Command {
  /// Packs radiographs into a store that training reads fast.
  static let dataPrepare = Command(
    name: "data prepare",
    summary: "Pack radiographs for training: borders cut, made smaller, in few files that are read fast",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value("STORE"), help: "The store's folder: new, empty, or begun. Required."
      ),
      CommandOption("--size", .value("PIXELS"), help: "Shorter side at most, never enlarged; default 512."),
      CommandOption(
        "--depth", .value("BITS"),
        help: "auto, 8 or 16 bits a pixel; default auto: 8 for radiographs of 8 bits or fewer, else 16."),
      CommandOption(
        "--keep-borders",
        help: "Keep black, white and grey borders and the collimator's shade, which are cut else."),
      CommandOption("--threads", .value("N"), help: "Radiographs made ready at a time; default all cores."),
      CommandOption(
        "--sheet-images", .value("N"),
        help: "Radiographs on contact sheets, those that were cut most first; default 48, 0 for no sheet."),
      CommandOption("--json", help: "The report as one line of JSON; progress goes to standard error."),
    ] + SettingFlag.dataOptions.filter { !ofTraining.contains($0.name) },
    sharesWork: true,
    examples: [
      CommandExample("chex-runner data prepare --data FOLDER --out store", "then train with --data store"),
      CommandExample(
        "chex-runner data prepare --data index.csv --out store --size 1024 --depth 16 --filter source=nih",
        "finer, and only some rows of a table"),
      CommandExample(
        "mpirun -n 8 chex-runner data prepare --data FOLDER --out store",
        "eight processes, on one machine or several with a shared folder"),
    ],
    run: { arguments in try DataPreparation(arguments).run() })

  /// Flags of radiographs that mean something only when a run begins: a store holds what every run may want.
  private static let ofTraining = ["--sampling-weights", "--fraction", "--holdout", "--pretrain-splits"]
}

/// One call of `data prepare`.
private struct DataPreparation {
  let out: String
  let settings: StoreSettings
  let threads: Int
  let sheetRadiographs: Int
  let isJson: Bool
  let source: any RadiographSource
  /// To the processes that share the work; nil where this is the only one.
  let communicator: (any Communicator)?

  init(_ arguments: ParsedArguments) throws {
    guard let out = arguments.value("--out") else {
      throw UsageError("data prepare: --out STORE is required")
    }
    self.out = out.count > 1 && out.hasSuffix("/") ? String(out.dropLast()) : out
    threads =
      try arguments.integer("--threads", in: 1...1024) ?? ProcessGroup.threads(try ProcessGroup.launch())
    sheetRadiographs = try arguments.integer("--sheet-images", in: 0...4800) ?? 48
    isJson = arguments.has("--json")
    let size = try arguments.integer("--size", in: 32...65_536) ?? 512
    let depth = try arguments.choice("--depth", of: StoreSettings.Depth.allCases.map(\.rawValue))
    let setup = try RunSetup(
      SettingsRequest(arguments), pluginsFile: arguments.value("--plugins"), begins: false)
    communicator = setup.communication
    for name in setup.configuration.data.sources { try Self.refuseSource(name, out: self.out) }
    source = try ChosenRadiographs.of(try setup.openSource(asStored: true), setup.configuration.data)
    settings = StoreSettings(
      size: size, depth: depth.flatMap(StoreSettings.Depth.init) ?? .auto,
      keepsBorders: arguments.has("--keep-borders"), decoding: Self.decoding(setup))
  }

  /// The folder of a source that may be named `COLLECTION:FOLDER`.
  private static func folder(of source: String) -> String {
    if Folder.exists(source) { return source }
    return source.split(separator: ":", maxSplits: 1).last.map(String.init) ?? source
  }

  /// A store within its source would change the source, and be searched for radiographs by the next call.
  private static func refuseSource(_ source: String, out: String) throws {
    func resolved(_ path: String) -> String? {
      guard let text = realpath(path, nil) else { return nil }
      defer { free(text) }
      return String(cString: text)
    }
    var existing = out
    while resolved(existing) == nil, existing != ".", existing != "/" {
      existing = Folder.parent(of: existing)
    }
    guard let place = resolved(existing), let radiographs = resolved(Self.folder(of: source)),
      Folder.exists(radiographs)
    else { return }
    if place == radiographs || place.hasPrefix(radiographs == "/" ? radiographs : radiographs + "/") {
      throw UsageError(
        "data prepare: --out \(out) lies in the source \(source), which is never written to; "
          + "give a folder outside of it")
    }
  }

  /// Options of plugins that make or decode radiographs: with others, radiographs look otherwise.
  private static func decoding(_ setup: RunSetup) -> [String: String] {
    var result: [String: String] = [:]
    for plugin in setup.plugins where plugin.enabled || setup.configuration.data.sources.contains(plugin.name)
    {
      let isSource = plugin.kind == .data && setup.configuration.data.sources.contains(plugin.name)
      guard isSource || plugin.kind == .codec else { continue }
      result[plugin.name] = plugin.kind == .codec ? "codec" : "data"
      for option in plugin.definition.options {
        let key = SettingKey(plugin.name, option.name)
        result[key.description] = setup.settings[key].value.tomlText
      }
      if isSource { result["run.seed"] = "\(setup.configuration.run.seed)" }
    }
    return result
  }

  func run() throws -> Int32 {
    let began = ProgressReporter.systemClock()
    let preparation = try StorePreparation(
      source, settings: settings, folder: out, sharedBy: communicator)
    let before = preparation.finishedBefore
    let progress = reporter(preparation)
    if before > 0 {
      progress.message(
        before == preparation.total
          ? "all \(before) radiographs are in \(out) already"
          : "going on after \(before) radiographs that are in \(out)")
    }
    Interruption.watch()
    PluginCode.reportCrashes(
      remedy: "Finished shards are kept; mend the plugin and run the same command again.")
    var shown = before
    let index = try preparation.run(
      threads: threads,
      progress: { radiographs in
        guard radiographs > shown else { return }
        shown = radiographs
        progress.update(.init(step: radiographs, radiographs: radiographs))
      },
      isInterrupted: { Interruption.isRequested })
    progress.finish()
    let seconds = ProgressReporter.systemClock() - began
    guard let index else {
      StandardStream.error.show(
        "chex-runner: stopped; run the same command again to go on, finished shards are kept\n")
      return 130
    }
    guard communicator?.isFirst ?? true else { return 0 }
    guard !index.radiographs.isEmpty else {
      let report = report(index, sheets: [], preparation, seconds)
      discardEmptyStore()
      throw NothingPrepared(report: report)
    }
    let report = report(index, sheets: try sheets(index), preparation, seconds)
    try preparation.complete(index)
    if isJson {
      try Output.printJson(report)
    } else {
      Output.print(report.text(for: Terminal.current()))
    }
    return 0
  }

  private func report(
    _ index: StoreIndex, sheets: [String], _ preparation: StorePreparation, _ seconds: Double
  ) -> PreparationReport {
    PreparationReport(
      store: out, source: source.summary, index: index, sheets: sheets,
      imagesNow: preparation.total - preparation.finishedBefore, seconds: seconds)
  }

  /// A store without a radiograph would refuse the settings that mend it, and take its radiographs for done.
  private func discardEmptyStore() {
    for name in ["store.json", "shards", "dropped.csv"] { try? Folder.remove(out + "/" + name) }
    rmdir(out)
  }

  private func reporter(_ preparation: StorePreparation) -> ProgressReporter {
    let before = preparation.finishedBefore
    guard isJson else {
      return ProgressReporter(
        terminal: Terminal.current(), unit: "image", totalSteps: preparation.total, firstStep: before,
        firstRadiographs: before)
    }
    return ProgressReporter(
      terminal: Terminal.current(descriptor: STDERR_FILENO), unit: "image", totalSteps: preparation.total,
      firstStep: before, firstRadiographs: before,
      output: ProgressReporter.standardError)
  }

  /// Draws the contact sheets.
  /// - Returns: their paths.
  private func sheets(_ index: StoreIndex) throws -> [String] {
    let chosen = index.mostCut(sheetRadiographs)
    var paths: [String] = []
    // A call for fewer sheets leaves none of an earlier one.
    for name in try Folder.names(out) where name.hasPrefix("contact-") && name.hasSuffix(".png") {
      try Folder.remove(out + "/" + name)
    }
    for start in stride(from: 0, to: chosen.count, by: ContactSheet.mostRadiographs) {
      let radiographs = Array(chosen[start..<min(start + ContactSheet.mostRadiographs, chosen.count)])
      let digits = "\(paths.count + 1)"
      let path = out + "/contact-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits + ".png"
      try ContactSheet(index: index, radiographs: radiographs, source: source).write(to: path)
      paths.append(path)
    }
    return paths
  }
}

/// No radiograph of the source could be used.
private struct NothingPrepared: Error, CustomStringConvertible {
  let report: PreparationReport
  var description: String {
    "none of the source's \(report.read) radiographs can be used:\n"
      + report.reasons.prefix(5).map { "  \($0.radiographs) times: \($0.reason)\n" }.joined()
      + "no store was made; check --data and the radiographs' formats, radiograph by radiograph with chex-runner data audit"
  }
}
