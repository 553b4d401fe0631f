import CoreTensor
import FineTuning
import Imaging
import WorldModel

/// Radiographs with their masks, as a network sees them, read and prepared on all threads.
struct MaskViews {
  let source: any RadiographSource
  let labels: MaskLabels
  /// Side of the input in pixels.
  let side: Int
  let views: ViewSettings
  let leftOut: LeftOutRadiographs

  /// Views of some radiographs, those that can be used.
  struct Batch {
    let radiographs: [Int]
    /// (B, 3, S, S)
    let images: Tensor
    /// (B, classes, S, S), 0 or 1.
    let masks: Tensor
  }

  /// One random crop of each radiograph and its masks, mirrored or not, of changed brightness and contrast.
  /// - Parameter random: the draws of the radiograph at a place in `radiographs`.
  /// - Returns: nil where no radiograph can be used.
  func augmented(_ radiographs: [Int], random: @Sendable (Int) -> RandomStream) throws -> Batch? {
    let (views, side) = (views, side)
    return try prepared(radiographs) { radiograph, masks, place in
      var (random, radiograph) = (random(place), radiograph)
      let frame = views.frames(1, imageHeight: radiograph.height, imageWidth: radiograph.width, &random)[0]
      _ = views.jitter(&radiograph, &random)
      let image = radiograph.cropped(
        row: frame.row, column: frame.column, height: frame.height, width: frame.width, resizedTo: side,
        mirrored: frame.mirrored)
      return (image, masks.map { $0.nearest(frame, height: side, width: side) })
    }
  }

  /// A whole radiograph as the encoder sees it, and what is compared in its own pixels.
  struct Whole: Sendable {
    let radiograph: Int
    let image: GrayImage
    let masks: [GrayImage]
    let spacing: PixelSpacing?
  }

  func whole(_ radiographs: [Int]) throws -> [Whole] {
    let (source, side) = (source, side)
    return try read(radiographs) { image, masks, place in
      Whole(
        radiograph: radiographs[place], image: image.resized(to: (side, side)), masks: masks,
        spacing: try source.pixelSpacing(at: radiographs[place], of: image))
    }
  }

  private func prepared(
    _ radiographs: [Int],
    _ view: @Sendable (GrayImage, [GrayImage], Int) -> (GrayImage, [GrayImage])
  ) throws -> Batch? {
    let kept = try read(radiographs) { image, masks, place in
      let (image, masks) = view(image, masks, place)
      return (radiograph: radiographs[place], image: image, masks: masks)
    }
    guard !kept.isEmpty else { return nil }
    let masks = Tensor([kept.count, labels.classes.count, side, side]) { values in
      var place = 0
      for mask in kept.flatMap(\.masks) {
        for pixel in mask.pixels {
          values[place] = pixel
          place += 1
        }
      }
    }
    return Batch(
      radiographs: kept.map(\.radiograph), images: InputNormalization.tensor(kept.map(\.image)), masks: masks)
  }

  /// What is made of each radiograph and its masks, without those that cannot be used.
  private func read<Made: Sendable>(
    _ radiographs: [Int], _ make: @Sendable (GrayImage, [GrayImage], Int) throws -> Made
  ) throws -> [Made] {
    let (source, labels) = (source, labels)
    let results = Compute.map(radiographs.count) { place in
      Result {
        let image = try source.radiograph(at: radiographs[place])
        return try make(
          image, labels.masks(of: radiographs[place], height: image.height, width: image.width), place)
      }
    }
    return try leftOut.usable(results)
  }
}
