import NeuralNetworks
import WorldModel

extension RunConfiguration {
  /// The recipe of optimisation; defaults are the paper's.
  public struct Training: Codable, Sendable, Equatable {
    /// Passes over the training radiographs, where `steps` is 0.
    public var epochs = 300
    /// Optimiser steps; 0 = by epochs. Warm-up keeps its share of the run.
    public var steps = 0
    /// Radiographs of one forward and backward pass.
    public var batchSize = 2048
    /// Passes whose gradients are averaged into one optimiser step.
    public var accumulation = 1
    /// Names of optimiser and schedule.
    public var optimizer: String = ComponentChoice.standardOptimizer
    public var scheduleName: String = ComponentChoice.standardSchedule
    /// Highest learning rate.
    public var learningRate: Double = 2e-4
    /// Learning rate at the schedule's end.
    public var finalLearningRate: Double = 1e-6
    /// Linear warm-up in epochs.
    public var warmupEpochs: Double = 40
    /// Decoupled, none on parameters of one dimension.
    public var weightDecay: Double = 0.05
    public var beta1: Double = 0.9
    public var beta2: Double = 0.999
    public var epsilon: Double = 1e-8
    /// Factor on the learning rate from each block of the encoder to the one below.
    public var layerDecay: Double = 1
    /// Optimiser steps in which the encoder stays as it begins.
    public var frozenEncoderSteps = 0
    /// Norm that the gradient is cut to; 0 = never.
    public var clipNorm: Double = 1
    /// EMA decay of the target encoder. Default 0.996...1.
    public var emaDecayStart: Double = 0.996
    public var emaDecayEnd: Double = 1
    /// Length of the schedules in lengths of the run, 1 or more; `0` of the settings is already resolved:
    /// paper → 1, published → 1.25.
    public var scheduleScale: Double = 1
    /// Whether blocks compute their activations again in the backward pass. Changes no result.
    public var checkpointActivations = false
    /// Whether gradients travel between processes as bfloat16. The bits of a run then depend on their number.
    public var halvedGradients = false
    /// Optimiser steps between checkpoints; 0 = one each epoch.
    public var checkpointEverySteps = 0
    /// Newest checkpoints that are kept.
    public var keptCheckpoints = 2

    /// Radiographs of one optimiser step.
    public var imagesPerStep: Int { batchSize * accumulation }

    /// - Throws: `SettingsError` where a task compares the radiographs of a micro-batch, and it has too few.
    public func checkBatch(of tasks: [any WorldTask]) throws {
      guard let task = tasks.first(where: { $0.minimumBatch > batchSize }) else { return }
      throw SettingsError(
        place: "[training]", subject: "batch_size = \(batchSize)",
        problem:
          "task \"\(task.name)\" compares the radiographs of a micro-batch with each other, of which it needs "
          + "\(task.minimumBatch) or more",
        remedy:
          "give --batch \(task.minimumBatch) or more; processes that share a step divide its radiographs among them"
      )
    }

    /// Optimiser steps of an epoch; radiographs that do not fill a step are left to the next epoch's draw.
    /// - Throws: `SettingsError` where there are fewer radiographs than one step takes.
    public func stepsPerEpoch(radiographs: Int) throws -> Int {
      guard radiographs >= imagesPerStep else {
        throw SettingsError(
          place: "[training]", subject: "batch_size × accumulation",
          problem:
            "one step takes \(batchSize) × \(accumulation) = \(imagesPerStep) radiographs, but there are \(radiographs)",
          remedy: "give more radiographs, or --batch \(max(1, radiographs / accumulation)) or less")
      }
      return radiographs / imagesPerStep
    }

    /// Optimiser steps of the whole run: `steps` where given, else by epochs.
    /// - Throws: as `stepsPerEpoch(radiographs:)`.
    public func totalSteps(radiographs: Int) throws -> Int {
      let perEpoch = try stepsPerEpoch(radiographs: radiographs)
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
        finalLearningRate: finalLearningRate, emaDecayStart: emaDecayStart, emaDecayEnd: emaDecayEnd,
        scale: scheduleScale)
    }
  }

  /// How the supervisions' errors add up.
  public struct Objective: Codable, Sendable, Equatable {
    /// `auto` of the settings is already resolved: paper → sum, published → mean.
    public var reduction: LossReduction = .sum
  }
}

extension RunConfiguration.Training {
  /// `[training]` of the settings.
  static let table = ConfigurationTable("training", "The recipe of optimisation.", Self()) {
    Setting("epochs", \.epochs, in: 1...1_000_000, help: "Passes over the training radiographs.")
    Setting(
      "steps", \.steps, in: 0...1_000_000_000,
      help: "Optimiser steps instead of epochs; warm-up keeps its share of the run; 0 = by epochs.")
    Setting(
      "batch_size", \.batchSize, in: 1...1_048_576, help: "Radiographs of one forward and backward pass.")
    Setting(
      "accumulation", \.accumulation, in: 1...65536,
      help: "Passes whose gradients are averaged into one optimiser step.")
    Setting(
      "optimizer", \.optimizer, help: "The optimiser: adamw, or one that a plugin registers, by its name.")
    Setting(
      "schedule", \.scheduleName,
      help:
        "The schedule of learning rate and EMA decay: cosine, or one that a plugin registers, by its name."
    )
    Setting("learning_rate", \.learningRate, in: 0...10, help: "Highest learning rate, after warm-up.")
    Setting(
      "final_learning_rate", \.finalLearningRate, in: 0...10, help: "Learning rate at the schedule's end.")
    Setting(
      "warmup_epochs", \.warmupEpochs, in: 0...1_000_000,
      help: "Epochs of linear warm-up; fractions allowed; fewer than epochs.")
    Setting(
      "weight_decay", \.weightDecay, in: 0...10,
      help: "Decoupled weight decay of AdamW, on parameters of two and more dimensions.")
    Setting("beta1", \.beta1, in: 0...0.999999, help: "AdamW's decay of the gradient's mean.")
    Setting("beta2", \.beta2, in: 0...0.999999, help: "AdamW's decay of its square.")
    Setting("epsilon", \.epsilon, in: 1e-15...1, help: "AdamW's guard of the division.")
    Setting(
      "clip_norm", \.clipNorm, in: 0...1_000_000, help: "Norm that the whole gradient is cut to; 0 = never.")
    Setting(
      "layer_decay", \.layerDecay, in: 0.01...1,
      help: "Factor on the learning rate from each block of the encoder to the one below; 1 = all alike.")
    Setting(
      "frozen_encoder_steps", \.frozenEncoderSteps, in: 0...1_000_000_000,
      help: "Optimiser steps in which the encoder stays as it begins, and the rest learns.")
    Setting("ema_start", \.emaDecayStart, in: 0...1, help: "EMA decay of the target encoder at the start.")
    Setting(
      "ema_end", \.emaDecayEnd, in: 0...1, help: "EMA decay at the schedule's end, reached on a cosine.")
    Setting(
      "schedule_scale", .number(default: 0, in: 0...100),
      help: "Length of the schedules in lengths of the run, 1 or more, cut off at the run's end;"
        + " 0 = 1 for paper, 1.25 for published."
    ) { values, options, settings in
      let scale = options.number("schedule_scale")
      values.scheduleScale = scale == 0 ? (settings.compatibility == .published ? 1.25 : 1) : scale
    }
    Setting(
      "checkpoint_activations", \.checkpointActivations,
      help:
        "Keep only each block's input for the backward pass and compute the rest again: a fifth more time, for"
        + " larger batches.")
    Setting(
      "bf16_gradients", \.halvedGradients,
      help:
        "Send gradients between processes as bf16, half the bytes; a run's bits then depend on the number of processes."
    )
    Setting(
      "checkpoint_every_steps", \.checkpointEverySteps, in: 0...1_000_000_000,
      help: "Optimiser steps between two checkpoints; 0 = one at the end of each epoch.")
    Setting(
      "keep_checkpoints", \.keptCheckpoints, in: 2...100, help: "Checkpoints that are kept, the newest ones.")
  }
}

extension RunConfiguration.Objective {
  /// `[objective]` of the settings.
  static let table = ConfigurationTable("objective", "How the terms of the loss add up.", Self()) {
    Setting(
      "reduction", .choice(default: "auto", of: ["auto", "sum", "mean"]),
      help: "Add the supervisions' errors or average them; auto = sum for paper, mean for published."
    ) { values, options, settings in
      values.reduction =
        LossReduction(rawValue: options.text("reduction"))
        ?? (settings.compatibility == .published ? .mean : .sum)
    }
  }
}
