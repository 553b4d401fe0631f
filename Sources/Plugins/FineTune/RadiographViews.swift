import CoreTensor
import FineTuning
import Imaging
import WorldModel

/// Radiographs as a classifier sees them, read and prepared on all threads.
struct RadiographViews {
  let source: any RadiographSource
  /// Side of the input in pixels.
  let side: Int
  let views: ViewSettings
  let leftOut: LeftOutRadiographs

  /// Whole radiographs, resized.
  /// - Returns: those of `radiographs` that can be used, and their pixels (B, 3, S, S), nil where none can.
  func whole(_ radiographs: [Int]) throws -> (radiographs: [Int], images: Tensor?) {
    let side = side
    return try prepared(radiographs) { radiograph, _ in radiograph.resized(to: (side, side)) }
  }

  /// One random crop of each radiograph, mirrored or not, of changed brightness and contrast.
  /// - Parameter random: the draws of the radiograph at a place in `radiographs`.
  func augmented(
    _ radiographs: [Int], random: @Sendable (Int) -> RandomStream
  ) throws -> (radiographs: [Int], images: Tensor?) {
    let (views, side) = (views, side)
    return try prepared(radiographs) { radiograph, place in
      var (random, radiograph) = (random(place), radiograph)
      let frame = views.frames(1, imageHeight: radiograph.height, imageWidth: radiograph.width, &random)[0]
      _ = views.jitter(&radiograph, &random)
      return radiograph.cropped(
        row: frame.row, column: frame.column, height: frame.height, width: frame.width, resizedTo: side,
        mirrored: frame.mirrored)
    }
  }

  private func prepared(
    _ radiographs: [Int], _ view: @Sendable (GrayImage, Int) -> GrayImage
  ) throws -> (radiographs: [Int], images: Tensor?) {
    let source = source
    let results = Compute.map(radiographs.count) { place in
      Result {
        (radiograph: radiographs[place], image: view(try source.radiograph(at: radiographs[place]), place))
      }
    }
    let kept = try leftOut.usable(results)
    guard !kept.isEmpty else { return ([], nil) }
    let (size, images) = (3 * side * side, kept.map(\.image))
    let out = Tensor([kept.count, 3, side, side]) { values in
      nonisolated(unsafe) let start = values.baseAddress!
      Compute.parallel(images.count) { InputNormalization.write(images[$0], to: start + $0 * size) }
    }
    return (kept.map(\.radiograph), out)
  }
}
