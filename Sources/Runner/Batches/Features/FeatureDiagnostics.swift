import Metrics

/// Whether features still tell radiographs apart.
package struct FeatureDiagnostics: Sendable, Equatable, Codable {
  /// Mean over features of their standard deviation over radiographs.
  package var deviation: Double
  /// RankMe (Garrido et al. 2023) of centred features: exp of the entropy of the normalised singular values;
  /// between 1 and the smaller of radiographs and width.
  package var rank: Double
  package var radiographs: Int

  /// - Parameter features: two radiographs or more.
  package init(_ features: FeatureTable) {
    let spread = FeatureSpread(features.values, width: features.width)
    (deviation, rank, radiographs) = (spread.deviation, spread.rank, features.radiographs.count)
  }
}
