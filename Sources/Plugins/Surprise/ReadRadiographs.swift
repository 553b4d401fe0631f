import CoreTensor
import Imaging
import WorldModel

/// A radiograph as it is encoded, and what is known of it.
struct ReadRadiograph: Sendable {
  /// In its source.
  let index: Int
  let record: RadiographRecord
  /// Whole, in the encoder's size.
  let image: GrayImage
  /// In its own proportions, as it is drawn and compared with masks.
  let picture: GrayImage
  /// Where its findings are, in the picture's pixels; without those of which it is not known.
  let masks: [String: GrayImage]

  /// Longer side of a picture at most: pixels beyond it would only repeat a map of few patches.
  static let pictureSide = 256

  /// - Throws: `UnusableRadiograph`, or what the source says of a mask that cannot be read.
  init(_ source: any RadiographSource, _ index: Int, imageSize: Int, findings: [String]) throws {
    (self.index, record) = (index, source.records[index])
    let radiograph = try source.radiograph(at: index)
    image = radiograph.resized(to: (imageSize, imageSize))
    picture = radiograph.reduced(toLongerSide: Self.pictureSide)
    let truth = findings.isEmpty ? nil : try source.truth(at: index)
    var masks: [String: GrayImage] = [:]
    for finding in findings where record.label(of: finding) != false {
      masks[finding] = Self.mask(
        truth?.masks[finding], truth?.boxes.filter { $0.finding == finding } ?? [],
        radiograph, picture.height, picture.width)
    }
    self.masks = masks
  }

  /// A mask and rectangles together, at the nearest pixels of another size; nil where nothing is marked.
  private static func mask(
    _ mask: GrayImage?, _ boxes: [RadiographTruth.Box], _ radiograph: GrayImage, _ height: Int, _ width: Int
  ) -> GrayImage? {
    guard mask != nil || !boxes.isEmpty else { return nil }
    var marked = GrayImage(width: width, height: height)
    for row in 0..<height {
      for column in 0..<width {
        let (down, right) = (
          (Double(row) + 0.5) / Double(height), (Double(column) + 0.5) / Double(width)
        )
        let isInMask = mask.map {
          $0[Int(down * Double($0.height)), Int(right * Double($0.width))] > 0.5
        }
        let (y, x) = (down * Double(radiograph.height), right * Double(radiograph.width))
        let isInBox = boxes.contains {
          ($0.row..<$0.row + $0.height).contains(y) && ($0.column..<$0.column + $0.width).contains(x)
        }
        if isInMask == true || isInBox { marked[row, column] = 1 }
      }
    }
    return marked.pixels.contains(1) ? marked : nil
  }

  /// Those of `indices` that can be used, on all threads; the user is told of the others.
  static func read(_ input: ModelEvaluationInput, _ indices: [Int], findings: [String]) throws -> [Self] {
    let (source, size) = (input.radiographs, input.model.shape.geometry.imageSize)
    let results = Compute.map(indices.count) { place in
      Result { try Self(source, indices[place], imageSize: size, findings: findings) }
    }
    return try results.compactMap { result in
      do { return try result.get() } catch let error as UnusableRadiograph {
        try input.workspace.warn("left out: \(error)")
        return nil
      }
    }
  }
}
