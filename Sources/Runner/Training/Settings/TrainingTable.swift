import WorldModel

extension SettingsCatalogue {
  package static let training = SettingsTable(
    "training", "The recipe of optimisation.",
    [
      OptionDeclaration(
        "epochs", .integer(default: 300, in: 1...1_000_000), help: "Passes over the training films."),
      OptionDeclaration(
        "steps", .integer(default: 0, in: 0...1_000_000_000),
        help: "Optimiser steps instead of epochs; warm-up keeps its share of the run; 0 = by epochs."),
      OptionDeclaration(
        "batch_size", .integer(default: 2048, in: 1...1_048_576),
        help: "Films of one forward and backward pass."),
      OptionDeclaration(
        "accumulation", .integer(default: 1, in: 1...65536),
        help: "Passes whose gradients are averaged into one optimiser step."),
      OptionDeclaration(
        "optimizer", .text(default: ComponentChoice.standardOptimizer),
        help: "The optimiser: adamw, or one that a plugin registers, by its name."),
      OptionDeclaration(
        "schedule", .text(default: ComponentChoice.standardSchedule),
        help:
          "The schedule of learning rate and momentum: cosine, or one that a plugin registers, by its name."),
      OptionDeclaration(
        "learning_rate", .number(default: 2e-4, in: 0...10), help: "Highest learning rate, after warm-up."),
      OptionDeclaration(
        "final_learning_rate", .number(default: 1e-6, in: 0...10),
        help: "Learning rate at the schedule's end."),
      OptionDeclaration(
        "warmup_epochs", .number(default: 40, in: 0...1_000_000),
        help: "Epochs of linear warm-up; fractions allowed; fewer than epochs."),
      OptionDeclaration(
        "weight_decay", .number(default: 0.05, in: 0...10),
        help: "Decoupled weight decay of AdamW, on parameters of two and more dimensions."),
      OptionDeclaration(
        "beta1", .number(default: 0.9, in: 0...0.999999), help: "AdamW's decay of the gradient's mean."),
      OptionDeclaration(
        "beta2", .number(default: 0.999, in: 0...0.999999), help: "AdamW's decay of its square."),
      OptionDeclaration(
        "epsilon", .number(default: 1e-8, in: 1e-15...1), help: "AdamW's guard of the division."),
      OptionDeclaration(
        "clip_norm", .number(default: 1, in: 0...1_000_000),
        help: "Norm that the whole gradient is cut to; 0 = never."),
      OptionDeclaration(
        "ema_start", .number(default: 0.996, in: 0...1), help: "Momentum of the target encoder at the start."),
      OptionDeclaration(
        "ema_end", .number(default: 1, in: 0...1),
        help: "Momentum at the schedule's end, reached on a cosine."),
      OptionDeclaration(
        "schedule_scale", .number(default: 0, in: 0...100),
        help: "Length of the schedules in lengths of the run, 1 or more, cut off at the run's end;"
          + " 0 = 1 for paper, 1.25 for published."),
      OptionDeclaration(
        "checkpoint_activations", .boolean(default: false),
        help:
          "Keep only each block's input for the backward pass and compute the rest again: a fifth more time, for"
          + " larger batches."),
      OptionDeclaration(
        "checkpoint_every_steps", .integer(default: 0, in: 0...1_000_000_000),
        help: "Optimiser steps between two checkpoints; 0 = one at the end of each epoch."),
      OptionDeclaration(
        "keep_checkpoints", .integer(default: 2, in: 2...100),
        help: "Checkpoints that are kept, the newest ones."),
    ])
}
