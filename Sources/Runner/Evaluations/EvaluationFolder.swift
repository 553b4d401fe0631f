import Console
import CoreTensor
import Figures
import Foundation
import Imaging
import Radiographs
import Runs
import Trackers
import Training
import WorldModel

/// What an evaluation leaves in a folder of its own: log, metrics, pictures, and work in progress.
final class EvaluationFolder: EvaluationWorkspace {
  /// What the folder is of; the same command goes on in it, another is refused.
  static let requestName = "request.json"
  static let metricsName = "metrics.json"
  private static let logName = "evaluation.log"
  private static let lockName = "lock"

  let path: String
  private let terminal = Terminal.current()
  private var reporter: (unit: String, total: Int, progress: ProgressReporter)?
  private var log: RunLog?
  /// Held while a process works here.
  private let lock: RunLock
  /// Folders that this call made, the outermost first.
  private let made: [String]
  private var metrics: [String: MetricsLog] = [:]
  /// The run's step, where its evaluations are shown in TensorBoard too.
  private let boardStep: Int?
  private lazy var board = boardStep.map { step in
    Result { try TensorBoardWriter(folder: path + "/" + RunFolder.Item.tensorBoard.rawValue, from: step) }
  }

  /// - Parameters:
  ///   - path: made where it is missing.
  ///   - request: everything that decides the metrics, as text.
  ///   - isSame: whether a request that the folder holds asks for the same.
  ///   - boardStep: the step under which metrics and pictures go to event files for TensorBoard; nil for none.
  /// - Throws: `EvaluationError` where the folder holds another request's work or is none of an evaluation,
  ///   `StorageError.folderInUse` where another process works there.
  init(
    _ path: String, request: String, isSame: (String) -> Bool = { _ in false }, boardStep: Int? = nil
  ) throws {
    (self.path, self.boardStep) = (path, boardStep)
    let file = path + "/" + Self.requestName
    if Folder.exists(path), try Self.holdsWork(path), access(file, F_OK) != 0 {
      throw EvaluationError(
        "\(path): is not empty and no evaluation's folder, since it has no \(Self.requestName); give --out another folder"
      )
    }
    made = try Folder.create(path)
    lock = try RunLock(path: path + "/" + Self.lockName, folder: path)
    if try Self.holdsWork(path) {
      let held = String(decoding: try DurableFile.read(file), as: UTF8.self)
      guard held == request || isSame(held) else {
        throw EvaluationError(
          "\(path): holds the same evaluation with other settings, radiographs or weights (\(Self.requestName) tells which); "
            + "give --out another folder, or remove this one")
      }
    } else {
      // New, or left by a call that ended before it did anything.
      unlink(path + "/" + Self.logName)
      try DurableFile.write(request, to: file)
    }
    log = try RunLog(path: path + "/" + Self.logName, echo: { [unowned self] in message($0) })
  }

  /// Whether there is more in a folder than every call leaves at its start.
  private static func holdsWork(_ path: String) throws -> Bool {
    try Folder.names(path).contains {
      ![requestName, logName, lockName].contains($0) && !$0.contains(".writing-")
    }
  }

  /// After a failure: takes the folder back where nothing was done in it yet.
  func discardUnlessWorkedIn() throws {
    finish()
    if try !Self.holdsWork(path) { Folder.discard(path, made: made) }
  }

  private func message(_ text: String) {
    if let reporter { reporter.progress.message(text) } else { Self.print(text + "\n") }
  }

  /// Reports are on standard output, how the work goes is on standard error.
  private static func print(_ text: String) { ProgressReporter.standardError(text) }

  /// Leaves the line of progress as it is.
  func finish() {
    reporter?.progress.finish()
    reporter = nil
  }

  func note(_ text: String) throws { try log?.note(text) }
  func warn(_ text: String) throws { try log?.warn(text) }

  func progress(_ unit: String, _ done: Int, of total: Int, radiographs: Int, loss: Double?) {
    if reporter?.unit != unit || reporter?.total != total {
      finish()
      reporter = (
        unit, total,
        ProgressReporter(
          terminal: terminal, unit: unit, totalSteps: total, firstStep: done, firstRadiographs: radiographs,
          output: Self.print)
      )
    }
    reporter?.progress.update(.init(step: done, radiographs: radiographs, loss: loss))
  }

  func record(_ series: String, step: Int, _ values: [(name: String, value: Double)]) throws {
    let log =
      try metrics[series]
      ?? {
        let log = try MetricsLog(path: "\(path)/\(series).jsonl")
        try log.truncate(afterStep: step - 1)
        metrics[series] = log
        return log
      }()
    try log.append(step: step, values.map { ($0.name, .number($0.value)) })
  }

  func recorded(_ series: String) throws -> [(step: Int, values: [String: Double])] {
    let file = "\(path)/\(series).jsonl"
    guard access(file, F_OK) == 0 else { return [] }
    return try MetricsLog.lines(ofFile: file).compactMap { fields in
      guard let step = fields["step"] as? Double else { return nil }
      return (Int(step), fields.compactMapValues { $0 as? Double })
    }
  }

  /// Draws the charts and sheets of a result, and writes its predictions.
  /// - Parameter suffix: ends the files' names.
  func leave(_ result: EvaluationResult, suffix: String) throws {
    for chart in result.charts {
      for ending in ["png", "svg"] {
        try LineChart(chart).write(to: "\(path)/\(chart.name)\(suffix).\(ending)")
      }
    }
    for (name, sheet) in result.sheets.sorted(by: { $0.key < $1.key }) {
      try write(sheet, named: name + suffix)
    }
    if !result.predictions.isEmpty {
      try write(
        PredictionFile.text(result.predictions),
        named: PredictionFile.name.replacing(".csv", with: suffix + ".csv"))
    }
  }

  func write(_ picture: GrayImage, named name: String) throws {
    try PngWriter.write(picture, to: path + "/" + name + ".png")
    try showPicture(named: name)
  }

  func write(_ sheet: PictureSheet, named name: String) throws {
    try sheet.write(to: path + "/" + name + ".png")
    try showPicture(named: name)
  }

  private func showPicture(named name: String) throws {
    guard let boardStep else { return }
    try board?.get().addImage("pictures/" + name, file: "\(path)/\(name).png", step: boardStep)
  }

  /// Writes what the evaluation came to.
  func write(_ report: EvaluationReport) throws {
    try write(Output.json(report) + "\n", named: Self.metricsName)
    guard let boardStep, let board = try board?.get() else { return }
    func scalars(_ group: String, _ value: (EvaluationReport.Metric) -> EvaluationReport.Value?)
      -> [(tag: String, value: Double)]
    {
      report.metrics.compactMap { metric in
        value(metric).map { ("\(group)/\(metric.key)", $0.value) }
      }
    }
    try board.add(
      scalars(report.evaluation, \.trained) + scalars(report.evaluation + "_random", \.random)
        + scalars(report.evaluation + "_pixels", \.pixels), step: boardStep)
    try board.synchronize()
  }

  func write(_ text: String, named name: String) throws {
    try DurableFile.write(text, to: path + "/" + name)
  }

  func save(_ state: EvaluationState, named name: String) throws {
    for log in metrics.values { try log.synchronize() }
    let entries = state.tensors.map { name, tensor in
      SafetensorsEntry(name: name, elementType: .float32, shape: tensor.shape) { receive in
        try tensor.withValues { try receive(UnsafeRawBufferPointer($0)) }
      }
    }
    try DurableFile.write(to: stateFile(name)) {
      try SafetensorsWriter.write(entries, metadata: ["state": state.text], to: $0)
    }
  }

  func restore(_ name: String) throws -> EvaluationState? {
    guard access(stateFile(name), F_OK) == 0 else { return nil }
    return try Self.state(stateFile(name))
  }

  static func state(_ file: String) throws -> EvaluationState {
    let file = try SafetensorsFile(path: file)
    return EvaluationState(
      tensors: try file.names.map {
        ($0, Tensor(try file.floats(named: $0), shape: try file.shape(named: $0)))
      },
      text: file.metadata["state"] ?? "")
  }

  static let stateEnding = ".state.safetensors"
  private func stateFile(_ name: String) -> String { path + "/" + name + Self.stateEnding }

  var isStopRequested: Bool { Interruption.isRequested }
}

extension LineChart {
  /// A chart of a plugin.
  package init(_ chart: Chart) {
    self.init(
      title: chart.title, subtitle: chart.subtitle, xLabel: chart.xLabel, yLabel: chart.yLabel,
      series: chart.curves.map { curve in
        Series(name: curve.name, points: curve.points.map { Point($0.x, $0.y) })
      })
  }
}
