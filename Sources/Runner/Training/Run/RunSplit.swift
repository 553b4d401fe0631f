import Batches
import WorldModel

extension RunConfiguration.Data {
  /// Which radiographs are used at all.
  package var choice: RadiographChoice { RadiographChoice(filter: filter, views: views, limit: limit) }
}

extension RunConfiguration {
  /// What decides which radiographs train.
  fileprivate var split: SplitSettings {
    SplitSettings(
      radiographs: data.choice, pretrainSplits: data.pretrainSplits, holdoutFraction: data.holdoutFraction,
      seed: run.seed, fraction: data.fraction, fractionSeed: data.fractionSeed,
      probe: .init(
        filter: evaluation.filter, trainSplits: evaluation.trainSplits,
        validationSplits: evaluation.validationSplits, testSplits: evaluation.testSplits,
        images: evaluation.images))
  }
}

extension DataSplit {
  /// The split that a configuration asks for.
  /// - Parameter trains: whether radiographs to pre-train on are needed.
  /// - Throws: `SplitError` where nothing is left to train on.
  package init(
    _ records: [RadiographRecord], hasLabels: Bool, _ configuration: RunConfiguration, trains: Bool = true
  )
    throws
  {
    try self.init(records, hasLabels: hasLabels, configuration.split, trains: trains)
  }
}
