import Batches
import Console
import CoreTensor
import Evaluations
import Foundation
import NeuralNetworks
import Radiographs
import Runs
import Training
import WorldModel

extension Command {
  /// Writes frozen features of radiographs to a file.
  static let features = Command(
    name: "features", summary: "Write frozen features of any radiographs to a file for other programs",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value("FILE"),
        help:
          "A new file that ends in .safetensors, .npy or .csv. FILE.images.csv beside it names the radiographs in "
          + "rows' order, FILE.skipped.txt those that could not be used. Required."),
      CommandOption("--tokens", help: "Features of each patch in place of their mean."),
      CommandOption(
        "--encoder", .value("WHICH"),
        help:
          "target or context; default target, which is what is transferred, or context where it does not follow."
      ),
      CommandOption("--split", .value("NAME"), help: "Radiographs of one split only; default all."),
      CommandOption("--json", help: "One line of JSON."),
    ] + EvaluatedRun.options.filter { !["--label", "--evaluation-filter", "--holdout"].contains($0.name) },
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    sharesWork: true,
    examples: [
      CommandExample(
        "chex-runner features runs/first --data radiographs --out radiographs.npy", "one vector a radiograph"),
      CommandExample(
        "mpirun -n 4 chex-runner features runs/first --data store --out store.safetensors",
        "four processes that share the radiographs"),
      CommandExample(
        "chex-runner features runs/first --data nih:FOLDER --split test --tokens --out test.safetensors",
        "a vector for each patch, of one split"),
    ],
    run: { arguments in try FeatureExport(arguments).export(json: arguments.has("--json")) })
}

/// One call of `features`.
struct FeatureExport {
  struct Report: Codable {
    let run: String
    let step: Int
    let encoder: String
    let source: String
    let out: String
    /// Radiographs in rows' order.
    let list: String
    let radiographs: Int
    let skipped: Int
    /// Radiographs, then tokens where they are not averaged, then width.
    let shape: [Int]
    let bytes: Int
    let seconds: Double
    let imagesPerSecond: Double
  }

  private enum Encoder: String, CaseIterable {
    case target
    case context
  }

  private let run: EvaluatedRun
  private let out: String
  private let format: FeatureFormat
  private let which: Encoder
  private let hasTokens: Bool
  private let radiographs: [Int]
  /// Held until the lists and the features are there, so that no other call writes or removes them; nil on processes
  /// that write nothing.
  private let claim: OutputClaim?

  private var list: String { out + ".images.csv" }
  private var skippedList: String { out + ".skipped.txt" }

  init(_ arguments: ParsedArguments) throws {
    guard let out = arguments.value("--out") else { throw UsageError("features: --out FILE is required") }
    self.out = out
    format = try FeatureFormat(path: out)
    let choice = try arguments.choice("--encoder", of: Encoder.allCases.map(\.rawValue))
    hasTokens = arguments.has("--tokens")
    let isFirst = try ProcessGroup.launch().map { $0.rank == 0 } ?? true
    claim = isFirst ? try OutputClaim(out) : nil
    for path in [out, out + ".images.csv", out + ".skipped.txt"]
    where FileManager.default.fileExists(atPath: path) {
      throw EvaluationError("--out \(out): \(path) exists already; remove it or give another --out")
    }
    run = try EvaluatedRun(arguments, keepsRadiographs: false)
    let mode = run.model.shape.targetEncoder
    which = choice.flatMap(Encoder.init) ?? (mode == .follows ? .target : .context)
    if which == .target {
      try TargetEncoderCheck.check(mode, "--encoder target", remedy: "--encoder context")
    }
    let (chosen, note) = DataSplit.chosen(run.source.records, run.setup.configuration.data.choice)
    for note in run.source.notes + (note.map { [$0] } ?? []) {
      StandardStream.error.show("chex-runner: warning: \(note)\n")
    }
    radiographs = try Self.radiographs(chosen, of: arguments.value("--split"), run.source)
  }

  private static func radiographs(_ chosen: [Int], of split: String?, _ source: RadiographCache) throws
    -> [Int]
  {
    let radiographs =
      split == nil || split == "all" ? chosen : chosen.filter { source.records[$0].split == split }
    guard radiographs.isEmpty else { return radiographs }
    guard let split, !chosen.isEmpty else {
      throw EvaluationError(
        "\(source.summary): no radiograph is left by data.filter and data.views; relax them")
    }
    let known = Set(chosen.compactMap { source.records[$0].split }).sorted()
    throw UsageError(
      "--split \(split): \(source.summary) has no radiograph of that split; "
        + (known.isEmpty ? "it names no splits" : "it has \(known.joined(separator: ", "))"))
  }

  /// Nil for a vector of each patch.
  private var pooling: Pooling? {
    get throws { try hasTokens ? nil : run.setup.pooling(of: encoder) }
  }

  private var encoder: any ImageEncoder {
    which == .target ? run.model.targetEncoder ?? run.model.encoder : run.model.encoder
  }

  /// - Returns: 130 where the user stopped it; there is then no file.
  func export(json: Bool) throws -> Int32 {
    if claim == nil {
      Interruption.watch()
      return try extract { _, _ in } == nil ? 130 : 0
    }
    let began = ProgressReporter.systemClock()
    let shape = encoder.shape
    let pooling = try pooling
    let file = try FeatureFile(
      out, format, imageShape: hasTokens ? [shape.patchCount, shape.width] : [shape.width],
      mostRadiographs: radiographs.count,
      metadata: [
        "run": run.folder.path, "step": "\(run.step)", "weights_crc32": run.checksum,
        "encoder": which.rawValue, "pooling": pooling?.rawValue ?? "none", "images": Folder.name(of: list),
      ])
    Interruption.watch()
    guard let kept = try extract({ try write($0, $1, file) }) else {
      StandardStream.error.show("chex-runner: stopped; nothing was written\n")
      return 130
    }
    guard !kept.isEmpty else {
      throw EvaluationError(
        "none of \(radiographs.count) radiographs of \(run.source.summary) can be used, for instance "
          + (run.source.skipped.first.map { "\($0)" } ?? ""))
    }
    do {
      try writeLists(kept)
      try file.finish()
    } catch {
      // Lists without features would only be in the way of the next call; they are this one's, by its claim.
      unlink(list)
      unlink(skippedList)
      throw error
    }
    let seconds = ProgressReporter.systemClock() - began
    let report = Report(
      run: run.folder.path, step: run.step, encoder: which.rawValue, source: run.source.summary,
      out: out, list: list, radiographs: kept.count, skipped: radiographs.count - kept.count,
      shape: [kept.count] + (hasTokens ? [shape.patchCount] : []) + [shape.width], bytes: file.byteCount,
      seconds: seconds, imagesPerSecond: Double(kept.count) / seconds)
    if json { try Output.printJson(report) } else { Output.print(text(report)) }
    return 0
  }

  /// - Parameter write: is given the values of radiographs, row by row.
  /// - Returns: radiographs in rows' order; nil where the user stopped.
  private func extract(_ write: ([Float], [Int]) throws -> Void) throws -> [Int]? {
    let progress = ProgressReporter(
      terminal: Terminal.current(descriptor: STDERR_FILENO), unit: "image", totalSteps: radiographs.count,
      output: ProgressReporter.standardError)
    defer { progress.finish() }
    var (kept, isStopped): ([Int], Bool) = ([], false)
    let pooling = try pooling
    try Compute.$backend.withValue(run.backend) {
      try PackedWeights.keeping {
        try FeatureExtraction.forEachBatch(
          encoder, run.source, radiographs: radiographs, pooling: pooling,
          sharedBy: run.setup.communication
        ) { part, values, done in
          isStopped = try isStopRequested()
          if isStopped { return false }
          if !part.isEmpty { try write(values, part) }
          kept += part
          progress.update(.init(step: done, radiographs: done))
          return true
        }
      }
    }
    return isStopped ? nil : kept
  }

  /// Whether somebody asked any of the processes to stop.
  private func isStopRequested() throws -> Bool {
    guard let group = run.setup.communication else { return Interruption.isRequested }
    return try group.gather(bytes: [Interruption.isRequested ? 1 : 0]).contains([1])
  }

  private func write(_ values: [Float], _ radiographs: [Int], _ file: FeatureFile) throws {
    let names = radiographs.map { run.source.records[$0].identifier }
    try values.withUnsafeBufferPointer { values in
      if let bad = FeatureExtraction.firstNotFinite(values) {
        throw EvaluationError(
          "features of \(names[bad * radiographs.count / values.count]): expected finite numbers, found \(values[bad]); "
            + "the weights of \(run.folder.path) at step \(run.step) are not usable, try --checkpoint")
      }
      try file.append(names, values)
    }
  }

  /// Beside the features, before they are there: whoever sees them sees what they are of.
  private func writeLists(_ kept: [Int]) throws {
    try DurableFile.write(to: list) { sink in
      try sink.write("row,file,patient,split,view,findings,unknown\n")
      for (row, radiograph) in kept.enumerated() {
        let record = run.source.records[radiograph]
        let cells = [
          "\(row)", record.identifier, record.patient ?? "", record.split ?? "", record.view?.rawValue ?? "",
          record.findings.sorted().joined(separator: "|"), record.unknown.sorted().joined(separator: "|"),
        ]
        try sink.write(cells.map(DelimitedText.cell).joined(separator: ",") + "\n")
      }
    }
    let skipped = run.source.skipped
    if !skipped.isEmpty { try DurableFile.write(skipped.map { "\($0)\n" }.joined(), to: skippedList) }
  }

  private func text(_ report: Report) -> String {
    let shape = report.shape.map(String.init).joined(separator: " × ")
    var text =
      "\(out): \(shape), float32, of the \(which.rawValue) encoder at step \(report.step)\n"
      + "radiographs in rows' order: \(list)\n"
    if report.skipped > 0 {
      text += "\(report.skipped) radiographs could not be used and were skipped; \(skippedList) lists them\n"
    }
    return text
      + String(
        format: "%d radiographs in %@, %.1f images/s", report.radiographs,
        ProgressReporter.duration(report.seconds),
        report.imagesPerSecond)
  }
}

extension FeatureFormat {
  /// - Throws: `UsageError` for another ending.
  init(path: String) throws {
    let ending = Folder.name(of: path).split(separator: ".", omittingEmptySubsequences: false).last ?? ""
    guard Folder.name(of: path).contains("."), let format = Self(rawValue: ending.lowercased()) else {
      throw UsageError(
        "--out \(path): expected a name that ends in "
          + Self.allCases.map { "." + $0.rawValue }.joined(separator: ", "))
    }
    self = format
  }
}
