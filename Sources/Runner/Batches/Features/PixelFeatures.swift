import Imaging
import WorldModel

/// Films themselves in place of features: what a probe reaches without any encoder.
package enum PixelFeatures {
  /// Side of the grid that a film is reduced to.
  package static let side = 32

  /// Each film, reduced to 32 × 32 mean greys; films that cannot be used are left out.
  package static func features(_ source: FilmCache, films: [Int]) -> FeatureTable {
    let images = FeatureExtraction.decoded(source, films, side)
    let usable = zip(films, images).compactMap { film, image in image.map { (film, $0) } }
    return FeatureTable(
      width: side * side, films: usable.map(\.0), values: usable.flatMap { $0.1.pixels })
  }
}
