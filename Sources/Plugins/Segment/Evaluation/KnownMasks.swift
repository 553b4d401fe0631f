import Imaging
import SegmentationMetrics
import WorldModel

/// What is known of a radiograph's masks, small enough to be kept for every radiograph of a collection.
struct KnownMasks: Sendable {
  /// Whether each mask has a pixel; where a finding has boxes, their union is its mask.
  let present: [String: Bool]
  private let masks: [String: RunLengthMask]
  private let boxes: [RadiographTruth.Box]

  init(_ truth: RadiographTruth) {
    masks = truth.masks.mapValues(RunLengthMask.init)
    boxes = truth.boxes
    present = masks.mapValues { !$0.isEmpty }
      .merging(boxes.map { ($0.finding, true) }, uniquingKeysWith: { own, _ in own })
  }

  /// The mask of a class in the pixels of its radiograph; nil where nothing is known of it.
  func mask(of name: String, height: Int, width: Int) -> GrayImage? {
    if let mask = masks[name] { return Self.fitted(mask.image, height: height, width: width) }
    let own = boxes.filter { $0.finding == name }
    guard !own.isEmpty else { return nil }
    var mask = GrayImage(width: width, height: height)
    for box in own {
      // Pixels whose middle lies within.
      func places(_ start: Double, _ length: Double, _ count: Int) -> Range<Int> {
        let first = min(max(Int((start - 0.5).rounded(.up)), 0), count)
        return first..<min(max(Int((start + length - 0.5).rounded(.up)), first), count)
      }
      for row in places(box.row, box.height, height) {
        for column in places(box.column, box.width, width) { mask[row, column] = 1 }
      }
    }
    return mask
  }

  /// A mask in the pixels of its radiograph, where it was kept in others.
  private static func fitted(_ mask: GrayImage, height: Int, width: Int) -> GrayImage {
    guard mask.width != width || mask.height != height else { return mask }
    let whole = Frame(
      row: 0, column: 0, height: mask.height, width: mask.width, mirrored: false, imageHeight: mask.height,
      imageWidth: mask.width)
    return mask.nearest(whole, height: height, width: width)
  }
}

extension GrayImage {
  /// A crop of a mask in other sizes, 0 or 1: each pixel that of the place where its middle falls.
  func nearest(_ frame: Frame, height: Int, width: Int) -> GrayImage {
    func places(_ count: Int, _ start: Int, _ size: Int) -> [Int] {
      (0..<count).map { start + min(size - 1, (2 * $0 + 1) * size / (2 * count)) }
    }
    let rows = places(height, frame.row, frame.height)
    var columns = places(width, frame.column, frame.width)
    if frame.mirrored { columns.reverse() }
    return GrayImage(
      width: width, height: height,
      pixels: rows.flatMap { row in columns.map { self[row, $0] > 0.5 ? 1 : 0 } })
  }
}

extension Mask {
  /// What is brighter than half.
  init(_ image: GrayImage) {
    self.init(rows: image.height, columns: image.width, pixels: image.pixels.map { $0 > 0.5 })
  }
}
