import Batches
import WorldModel

extension RunConfiguration.Data {
  /// Which films are used at all.
  package var choice: FilmChoice { FilmChoice(filter: filter, views: views, limit: limit) }
}

extension RunConfiguration {
  /// What decides which films train.
  fileprivate var partition: PartitionSettings {
    PartitionSettings(
      films: data.choice, pretrainSplits: data.pretrainSplits, holdoutFraction: data.holdoutFraction,
      seed: run.seed, fraction: data.fraction, fractionSeed: data.fractionSeed,
      probe: .init(
        filter: evaluation.filter, trainSplits: evaluation.trainSplits,
        validationSplits: evaluation.validationSplits, testSplits: evaluation.testSplits,
        films: evaluation.films))
  }
}

extension FilmPartition {
  /// The partition that a configuration asks for.
  /// - Parameter trains: whether films to pre-train on are needed.
  /// - Throws: `PartitionError` where nothing is left to train on.
  package init(
    _ records: [FilmRecord], hasLabels: Bool, _ configuration: RunConfiguration, trains: Bool = true
  )
    throws
  {
    try self.init(records, hasLabels: hasLabels, configuration.partition, trains: trains)
  }
}
