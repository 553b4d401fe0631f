/// Which radiographs of a source are used at all.
package struct RadiographChoice: Sendable {
  var filter: [ColumnFilter]
  var views: ViewChoice
  /// Radiographs at most; 0 = all.
  var limit: Int

  package init(filter: [ColumnFilter], views: ViewChoice, limit: Int) {
    (self.filter, self.views, self.limit) = (filter, views, limit)
  }
}

/// What decides which radiographs train and which are held out; settings of the same names say more of each.
package struct SplitSettings: Sendable {
  /// Radiographs of the linear probe.
  package struct Probe: Sendable {
    var filter: [ColumnFilter]
    var trainSplits: [String]
    var validationSplits: [String]
    var testSplits: [String]
    /// Radiographs at most; 0 = all.
    var images: Int

    package init(
      filter: [ColumnFilter], trainSplits: [String], validationSplits: [String], testSplits: [String],
      images: Int
    ) {
      (self.filter, self.images) = (filter, images)
      (self.trainSplits, self.validationSplits, self.testSplits) = (trainSplits, validationSplits, testSplits)
    }
  }

  var radiographs: RadiographChoice
  var pretrainSplits: [String]
  var holdoutFraction: Double
  /// Decides which patients are held out.
  var seed: Int
  var fraction: Double
  var fractionSeed: Int
  var probe: Probe

  package init(
    radiographs: RadiographChoice, pretrainSplits: [String], holdoutFraction: Double, seed: Int,
    fraction: Double,
    fractionSeed: Int, probe: Probe
  ) {
    (self.radiographs, self.pretrainSplits, self.probe) = (radiographs, pretrainSplits, probe)
    (self.holdoutFraction, self.seed) = (holdoutFraction, seed)
    (self.fraction, self.fractionSeed) = (fraction, fractionSeed)
  }
}
