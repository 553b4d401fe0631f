import Layers

extension RunConfiguration {
  /// The recipe of optimisation; defaults are the paper's.
  public struct Training: Codable, Sendable, Equatable {
    /// Passes over the training films, where `steps` is 0. Default 300.
    public var epochs: Int
    /// Optimiser steps; 0 = by epochs. Warm-up keeps its share of the run.
    public var steps: Int
    /// Films of one forward and backward pass. Default 2048.
    public var batchSize: Int
    /// Passes whose gradients are averaged into one optimiser step. Default 1.
    public var accumulation: Int
    /// Names of optimiser and schedule. Default `adamw` and `cosine`, paper.
    public var optimizer: String
    public var scheduleName: String
    /// Highest learning rate. Default 2e-4.
    public var learningRate: Double
    /// Learning rate at the schedule's end. Default 1e-6.
    public var finalLearningRate: Double
    /// Linear warm-up in epochs. Default 40.
    public var warmupEpochs: Double
    /// Decoupled, none on parameters of one dimension. Default 0.05.
    public var weightDecay: Double
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    /// Norm that the gradient is cut to; 0 = never. Default 1.
    public var clipNorm: Double
    /// Momentum of the target encoder. Default 0.996...1.
    public var momentumStart: Double
    public var momentumEnd: Double
    /// Length of the schedules in lengths of the run, 1 or more; `0` of the settings is already resolved:
    /// paper → 1, published → 1.25.
    public var scheduleScale: Double
    /// Whether blocks compute their activations again in the backward pass. Changes no result. Default false.
    public var checkpointActivations: Bool
    /// Optimiser steps between checkpoints; 0 = one each epoch.
    public var checkpointEverySteps: Int
    /// Newest checkpoints that are kept. Default 2.
    public var keptCheckpoints: Int

    /// Films of one optimiser step.
    public var filmsPerStep: Int { batchSize * accumulation }

    /// Optimiser steps of an epoch; films that do not fill a step are left to the next epoch's draw.
    /// - Throws: `SettingsError` where there are fewer films than one step takes.
    public func stepsPerEpoch(films: Int) throws -> Int {
      guard films >= filmsPerStep else {
        throw SettingsError(
          place: "[training]", subject: "batch_size × accumulation",
          problem:
            "one step takes \(batchSize) × \(accumulation) = \(filmsPerStep) films, but there are \(films)",
          remedy: "give more films, or --batch \(max(1, films / accumulation)) or less")
      }
      return films / filmsPerStep
    }

    /// Optimiser steps of the whole run: `steps` where given, else by epochs.
    /// - Throws: as `stepsPerEpoch(films:)`.
    public func totalSteps(films: Int) throws -> Int {
      let perEpoch = try stepsPerEpoch(films: films)
      return steps > 0 ? steps : epochs * perEpoch
    }

    /// Optimiser steps of warm-up; its share of the run is the same by steps as by epochs.
    public func warmupSteps(totalSteps: Int) -> Int {
      min(totalSteps - 1, Int((Double(totalSteps) * warmupEpochs / Double(epochs)).rounded()))
    }

    /// The schedules of a run of so many optimiser steps, 1 or more.
    public func schedule(totalSteps: Int) -> LearningSchedule {
      LearningSchedule(
        totalSteps: totalSteps, warmupSteps: warmupSteps(totalSteps: totalSteps), learningRate: learningRate,
        finalLearningRate: finalLearningRate, momentumStart: momentumStart, momentumEnd: momentumEnd,
        scale: scheduleScale)
    }
  }
}
