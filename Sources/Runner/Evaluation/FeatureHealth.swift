import Metrics

/// Whether features still tell films apart.
struct FeatureHealth: Sendable, Equatable, Codable {
  /// Mean over features of their standard deviation over films.
  var deviation: Double
  /// RankMe (Garrido et al. 2023) of centred features: exp of the entropy of the normalised singular values;
  /// between 1 and the smaller of films and width.
  var rank: Double
  var films: Int

  /// - Parameter features: two films or more.
  init(_ features: FeatureTable) {
    let spread = FeatureSpread(features.values, width: features.width)
    (deviation, rank, films) = (spread.deviation, spread.rank, features.films.count)
  }
}
