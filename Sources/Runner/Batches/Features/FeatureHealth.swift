import Metrics

/// Whether features still tell films apart.
package struct FeatureHealth: Sendable, Equatable, Codable {
  /// Mean over features of their standard deviation over films.
  package var deviation: Double
  /// RankMe (Garrido et al. 2023) of centred features: exp of the entropy of the normalised singular values;
  /// between 1 and the smaller of films and width.
  package var rank: Double
  package var films: Int

  /// - Parameter features: two films or more.
  package init(_ features: FeatureTable) {
    let spread = FeatureSpread(features.values, width: features.width)
    (deviation, rank, films) = (spread.deviation, spread.rank, features.films.count)
  }
}
