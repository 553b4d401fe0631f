import CoreTensor
import Imaging
import WorldModel

/// Radiographs with their masks, as a network sees them, read and prepared on all threads.
struct MaskViews {
  let source: any RadiographSource
  let classes: [String]
  /// Side of the input in pixels.
  let side: Int
  let views: ViewSettings

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
      return (image, masks.map { nearest($0, frame, side) })
    }
  }

  /// Whole radiographs as the encoder sees them, and their masks in their own pixels.
  func whole(_ radiographs: [Int]) throws -> [(radiograph: Int, image: GrayImage, masks: [GrayImage])] {
    let side = side
    return try read(radiographs) { radiograph, masks, _ in (radiograph.resized(to: (side, side)), masks) }
  }

  private func prepared(
    _ radiographs: [Int],
    _ view: @Sendable (GrayImage, [GrayImage], Int) -> (GrayImage, [GrayImage])
  ) throws -> Batch? {
    let kept = try read(radiographs, view)
    guard !kept.isEmpty else { return nil }
    let masks = Tensor([kept.count, classes.count, side, side]) { values in
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

  private func read(
    _ radiographs: [Int],
    _ view: @Sendable (GrayImage, [GrayImage], Int) -> (GrayImage, [GrayImage])
  ) throws -> [(radiograph: Int, image: GrayImage, masks: [GrayImage])] {
    let (source, classes) = (source, classes)
    let results = Compute.map(radiographs.count) { place in
      Result {
        let image = try source.radiograph(at: radiographs[place])
        let truth = try source.truth(at: radiographs[place])
        // A class that a labelled radiograph has no mask of is known to be absent.
        let masks = classes.map {
          truth?.mask(of: $0, height: image.height, width: image.width)
            ?? GrayImage(width: image.width, height: image.height)
        }
        return view(image, masks.map { fitted($0, to: image) }, place)
      }
    }
    return try zip(radiographs, results).compactMap { radiograph, result in
      do {
        let (image, masks) = try result.get()
        return (radiograph, image, masks)
      } catch is UnusableRadiograph { return nil }
    }
  }
}

/// A mask in the pixels of its radiograph, where it was kept in others.
private func fitted(_ mask: GrayImage, to image: GrayImage) -> GrayImage {
  guard mask.width != image.width || mask.height != image.height else { return mask }
  let whole = Frame(
    row: 0, column: 0, height: mask.height, width: mask.width, mirrored: false, imageHeight: mask.height,
    imageWidth: mask.width)
  return nearest(mask, whole, height: image.height, width: image.width)
}

private func nearest(_ mask: GrayImage, _ frame: Frame, _ side: Int) -> GrayImage {
  nearest(mask, frame, height: side, width: side)
}

/// A crop of a mask in other sizes, 0 or 1: each pixel that of the place where its middle falls.
private func nearest(_ mask: GrayImage, _ frame: Frame, height: Int, width: Int) -> GrayImage {
  func places(_ count: Int, _ start: Int, _ size: Int) -> [Int] {
    (0..<count).map { start + min(size - 1, (2 * $0 + 1) * size / (2 * count)) }
  }
  let rows = places(height, frame.row, frame.height)
  var columns = places(width, frame.column, frame.width)
  if frame.mirrored { columns.reverse() }
  return GrayImage(
    width: width, height: height,
    pixels: rows.flatMap { row in columns.map { mask[row, $0] > 0.5 ? 1 : 0 } })
}
