import Batches
import NeuralNetworks

extension RunConfiguration {
  /// Signs of collapse.
  public struct Diagnostics: Codable, Sendable, Equatable {
    /// Epochs between two looks; 0 = only at the end.
    public var everyEpochs = 10
    /// Held-out radiographs looked at, at most.
    public var images = 256
    /// RankMe (exponential of the entropy of normalised singular values) below this is collapse.
    public var minimumRank: Double = 3
    /// Mean over features of their standard deviation over radiographs, below this is collapse.
    public var minimumDeviation: Double = 0.01
    /// Optimiser steps between two glances of the collapse watch; 0 = none, and no alarm.
    public var watchSteps = 50
    /// Held-out radiographs of a glance, at most.
    public var watchImages = 64
  }

  /// What evaluations look at.
  public struct Evaluation: Codable, Sendable, Equatable {
    /// Findings; empty = all with enough cases.
    public var labels: [String] = []
    public var filter: [ColumnFilter] = []
    public var trainSplits: [String] = ["pretrain", "train"]
    /// Splits to choose settings by: a penalty, the best epoch.
    public var validationSplits: [String] = ["val", "valid", "validation"]
    public var testSplits: [String] = ["val", "test"]
    /// Radiographs at most; 0 = all.
    public var images = 4000
    /// Folds of a cross-validation; nil where there are none, so that what earlier versions wrote of these settings
    /// compares as it did; so is the next.
    public var folds: Int?
    /// Which radiographs are tested in folds.
    public var foldsOf: FoldChoice?
    /// How features become one vector an image; nil is the mean.
    public var pooling: Pooling?
  }

  /// Which radiographs a cross-validation tests.
  public enum FoldChoice: String, Codable, Sendable, CaseIterable {
    /// Those of patients that the model was not pre-trained on.
    case unseen
    /// All, which tells less: features of radiographs that were pre-trained on are better than those of others.
    case all
  }
}

extension RunConfiguration.Diagnostics {
  /// `[diagnostics]` of the settings.
  static let table = ConfigurationTable(
    "diagnostics", "Signs that features still carry something. Not from the paper.", Self()
  ) {
    Setting(
      "every_epochs", \.everyEpochs, in: 0...1_000_000,
      help: "Epochs between two looks; 0 = at the end only.")
    Setting(
      "images", \.images, in: 2...1_000_000, help: "Held-out radiographs that are looked at, at most.")
    Setting(
      "minimum_rank", \.minimumRank, in: 0...16384,
      help:
        "Effective rank (RankMe) below which features count as collapsed; 0 = never. Radiographs that differ along"
        + " fewer than three directions are told apart by little more than exposure, whatever the width.")
    Setting(
      "minimum_deviation", \.minimumDeviation, in: 0...1000,
      help:
        "Mean standard deviation of features over radiographs below which they count as collapsed; 0 = never."
    )
    Setting(
      "watch_steps", \.watchSteps, in: 0...1_000_000_000,
      help:
        "Steps between two glances at features, by which a run is warned of collapse while it trains; 0 = never."
        + " A glance is a forward pass of watch_images whole radiographs.")
    Setting(
      "watch_images", \.watchImages, in: 8...1_000_000,
      help: "Held-out radiographs of a glance, at most.")
  }
}

extension RunConfiguration.Evaluation {
  package var foldCount: Int {
    get { folds ?? 0 }
    set { folds = newValue == 0 ? nil : newValue }
  }
  package var poolingChoice: Pooling {
    get { pooling ?? .mean }
    set { pooling = newValue == .mean ? nil : newValue }
  }
  package var foldChoice: RunConfiguration.FoldChoice {
    get { foldsOf ?? .unseen }
    set { foldsOf = newValue == .unseen ? nil : newValue }
  }
}

extension RunConfiguration.Evaluation {
  /// `[evaluation]` of the settings.
  static let table = ConfigurationTable(
    "evaluation", "What evaluations look at: findings, images and splits. Not from the paper.", Self()
  ) {
    Setting("labels", \.labels, help: "Findings to evaluate; empty = all that have enough cases.")
    Setting(
      "filter", \.filter, help: "Evaluate only on images where all of these hold, each column=value.")
    Setting("train_splits", \.trainSplits, help: "Splits to learn from.")
    Setting(
      "validation_splits", \.validationSplits,
      help:
        "Splits that settings are chosen by. An image of them is tested on only where there is no other split "
        + "to test on.")
    Setting("test_splits", \.testSplits, help: "Splits to test on.")
    Setting("images", \.images, in: 0...100_000_000, help: "Images to evaluate on, at most; 0 = all.")
    Setting(
      "folds", \.foldCount, in: 0...1000,
      help:
        "Test every labelled image once, in one of so many folds of patients, learning from the others; 0 = one split."
    )
    Setting(
      "folds_of", \.foldChoice,
      help: "Test in folds only images of patients that the model was not pre-trained on, or all.")
    Setting(
      "pooling", \.poolingChoice,
      help:
        "What frozen features of an image are: the mean over its patches, or the class token of an encoder that has "
        + "one.")
  }
}
