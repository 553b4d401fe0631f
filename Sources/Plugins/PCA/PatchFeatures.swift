import CoreTensor
import Imaging
import WorldModel

/// Radiographs that can be used, as the encoder sees them and as they are drawn.
struct ShownRadiographs {
  let records: [RadiographRecord]
  /// Whole, in the encoder's size.
  let images: [GrayImage]
  /// Whole, in their own proportions.
  let pictures: [GrayImage]
  let geometry: ImageGeometry
  /// Of the longer side of a picture, in pixels.
  private static let pictureSide = 256

  var count: Int { records.count }
  var patchCount: Int { geometry.patchCount }

  /// - Parameters:
  ///   - chosen: as indices into the source.
  ///   - enlargement: times that images are larger than in training.
  /// - Throws: `PCAError` where fewer than two can be used.
  init(_ input: ModelEvaluationInput, _ chosen: [Int], enlargement: Int) throws {
    let trained = input.model.shape.geometry
    let geometry = ImageGeometry(imageSize: trained.imageSize * enlargement, patchSize: trained.patchSize)
    let source = input.radiographs
    let read = Compute.map(chosen.count) { place -> Result<(GrayImage, GrayImage), any Error> in
      Result {
        let radiograph = try source.radiograph(at: chosen[place])
        let scale = Double(Self.pictureSide) / Double(max(radiograph.height, radiograph.width))
        func length(_ side: Int) -> Int { max(1, Int((Double(side) * scale).rounded())) }
        return (
          radiograph.resized(to: (geometry.imageSize, geometry.imageSize)),
          radiograph.resized(to: (length(radiograph.height), length(radiograph.width)))
        )
      }
    }
    var kept: [(record: RadiographRecord, image: GrayImage, picture: GrayImage)] = []
    for (index, result) in zip(chosen, read) {
      do {
        let (image, picture) = try result.get()
        kept.append((source.records[index], image, picture))
      } catch let error as UnusableRadiograph {
        try input.workspace.warn("left out: \(error)")
      }
    }
    guard kept.count > 1 else {
      throw PCAError(
        "expected two radiographs or more that can be decoded, found \(kept.count) of \(chosen.count); see the warnings "
          + "above")
    }
    (records, images, pictures) = (kept.map(\.record), kept.map(\.image), kept.map(\.picture))
    self.geometry = geometry
  }

  /// Mean grey of each patch, radiograph by radiograph, in raster order.
  var greys: [Double] {
    let (side, size) = (geometry.gridSize, geometry.patchSize)
    return images.flatMap { image in
      (0..<geometry.patchCount).map { patch in
        var sum = 0.0
        for row in patch / side * size..<(patch / side + 1) * size {
          for column in patch % side * size..<(patch % side + 1) * size { sum += Double(image[row, column]) }
        }
        return sum / Double(size * size)
      }
    }
  }
}

/// Features of every patch of several radiographs.
struct PatchFeatures {
  let width: Int
  /// Rows of `width`: radiograph by radiograph, in raster order of patches.
  private(set) var values: [Float]
  /// Radiographs of one pass.
  private static let pass = 16

  init(width: Int, values: [Float]) { (self.width, self.values) = (width, values) }

  /// - Parameter encode: images `(B, 3, S, S)` to `(B, N, d)`; nil where it cannot.
  /// - Returns: nil where `encode` gives nil.
  init?(_ radiographs: ShownRadiographs, encode: (Tensor) -> Tensor?) throws {
    var (values, width): ([Float], Int) = ([], 0)
    for start in stride(from: 0, to: radiographs.count, by: Self.pass) {
      let images = Array(radiographs.images[start..<min(start + Self.pass, radiographs.count)])
      guard let features = encode(InputNormalization.tensor(images)) else { return nil }
      width = features.shape[2]
      values += features.values
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw PCAError(
        "radiograph \(radiographs.records[bad / width / radiographs.patchCount].identifier): expected finite features, "
          + "found \(values[bad]); look at the model's weights")
    }
    self.init(width: width, values: values)
  }

  /// Removes the mean over radiographs of the features at each place.
  mutating func removeMeanAtPlaces(patches: Int) {
    let size = patches * width
    let count = values.count / size
    for place in 0..<size {
      var sum = 0.0
      for radiograph in 0..<count { sum += Double(values[radiograph * size + place]) }
      let mean = Float(sum / Double(count))
      for radiograph in 0..<count { values[radiograph * size + place] -= mean }
    }
  }

  /// The rows where `isKept` holds.
  func rows(_ isKept: [Bool]) -> [Float] {
    isKept.indices.filter { isKept[$0] }.flatMap { values[$0 * width..<($0 + 1) * width] }
  }
}
