import CoreTensor
import Runs

/// A run of pre-training, from code: what `chex-runner` does with the same settings, in the same folder.
///
/// ```swift
/// let run = try TrainingRun.train(preset: "quick", ["run.tasks=local,domain", "run.out=runs/first"])
/// print(run.lastLoss)
/// ```
/// Progress goes to standard output. Ctrl-C finishes the step and saves, as in the program.
public struct TrainingRun: Sendable {
  /// The run's folder.
  public let folder: String
  /// Whether all steps are done; else the user asked to stop, and ``resume(_:plugins:)`` goes on.
  public let isFinished: Bool
  /// Optimiser steps done.
  public let steps: Int
  /// Mean loss of the first and of the last tenth of the steps.
  public let firstLoss: Double
  public let lastLoss: Double
  /// Images a second, the median over steps.
  public let imagesPerSecond: Double

  /// Trains a new run.
  /// - Parameters:
  ///   - preset: values to start from, as `--preset` takes them; nil for the paper's.
  ///   - settings: each `table.key=value`, as `--set` takes it; `run.out` is the folder, `run.tasks` the tasks.
  ///   - plugins: path of the registry of plugins; nil for what `chex-runner` takes.
  /// - Throws: `UsageError` or `SettingsError` where a setting is not understood, `PluginError` where a plugin cannot
  ///   be loaded, `StorageError` where the folder cannot be written, `TrainingStopped` where a loss is no number.
  public static func train(
    preset: String? = "small", _ settings: [String] = [], plugins: String? = nil
  ) throws -> TrainingRun {
    let request = SettingsRequest(
      preset: preset, assignments: try settings.map(SettingsRequest.assignment(ofSet:)))
    return try TrainingRun(Pretraining.start(RunSetup(request, pluginsFile: plugins)))
  }

  /// Goes on with a run that was stopped or killed, to the same bits.
  /// - Parameters:
  ///   - folder: of the run.
  ///   - plugins: path of the registry of plugins; nil for what `chex-runner` takes.
  /// - Throws: as ``train(preset:_:plugins:)``.
  public static func resume(_ folder: String, plugins: String? = nil) throws -> TrainingRun {
    try TrainingRun(Pretraining.resume(folder, pluginsFile: plugins))
  }

  private init(_ result: Pretraining.Result) throws {
    guard let runFolder = result.folder else {
      throw CommunicationError(
        "TrainingRun: the run has several processes, and its first alone knows how it went")
    }
    let summary = try RunSummary(of: runFolder)
    (folder, isFinished) = (runFolder.path, result.isFinished)
    (steps, firstLoss, lastLoss) = (summary.steps, summary.firstLoss, summary.lastLoss)
    imagesPerSecond = summary.imagesPerSecond
  }
}
