/// Which films of a source are used at all.
package struct FilmChoice: Sendable {
  var filter: [ColumnFilter]
  var views: ViewChoice
  /// Films at most; 0 = all.
  var limit: Int

  package init(filter: [ColumnFilter], views: ViewChoice, limit: Int) {
    (self.filter, self.views, self.limit) = (filter, views, limit)
  }
}

/// What decides which films train and which are held out; settings of the same names say more of each.
package struct PartitionSettings: Sendable {
  /// Films of the linear probe.
  package struct Probe: Sendable {
    var filter: [ColumnFilter]
    var trainSplits: [String]
    var validationSplits: [String]
    var testSplits: [String]
    /// Films at most; 0 = all.
    var films: Int

    package init(
      filter: [ColumnFilter], trainSplits: [String], validationSplits: [String], testSplits: [String],
      films: Int
    ) {
      (self.filter, self.films) = (filter, films)
      (self.trainSplits, self.validationSplits, self.testSplits) = (trainSplits, validationSplits, testSplits)
    }
  }

  var films: FilmChoice
  var pretrainSplits: [String]
  var holdoutFraction: Double
  /// Decides which patients are held out.
  var seed: Int
  var fraction: Double
  var fractionSeed: Int
  var probe: Probe

  package init(
    films: FilmChoice, pretrainSplits: [String], holdoutFraction: Double, seed: Int, fraction: Double,
    fractionSeed: Int, probe: Probe
  ) {
    (self.films, self.pretrainSplits, self.probe) = (films, pretrainSplits, probe)
    (self.holdoutFraction, self.seed) = (holdoutFraction, seed)
    (self.fraction, self.fractionSeed) = (fraction, fractionSeed)
  }
}
