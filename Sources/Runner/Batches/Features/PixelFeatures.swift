import Imaging
import WorldModel

/// Radiographs themselves in place of features: what a probe reaches without any encoder.
package enum PixelFeatures {
  /// Side of the grid that a radiograph is reduced to.
  package static let side = 32

  /// Each radiograph, reduced to 32 × 32 mean greys; radiographs that cannot be used are left out.
  package static func features(_ source: RadiographCache, radiographs: [Int]) -> FeatureTable {
    let images = FeatureExtraction.decoded(source, radiographs, side)
    let usable = zip(radiographs, images).compactMap { radiograph, image in image.map { (radiograph, $0) } }
    return FeatureTable(
      width: side * side, radiographs: usable.map(\.0), values: usable.flatMap { $0.1.pixels })
  }
}
