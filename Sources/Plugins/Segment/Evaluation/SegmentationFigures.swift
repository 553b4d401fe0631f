import FineTuning
import Foundation
import Imaging
import SegmentationMetrics

/// How good masks are, on some radiographs, by what the epoch is chosen.
struct SegmentationFigures: TrialFigures {
  let radiographs: Int
  /// By nnU-Net's rule, so that finding nothing is worth nothing, of the classes that some image has.
  let dice: [String: Double]
  /// Dice of the probabilities of all images' pixels together, mean over classes: what tells networks apart that draw
  /// nothing yet. Nil of test images, which choose no epoch.
  let soft: Double?
  /// Below it masks are stray pixels, and say nothing of a network.
  static let least = 0.01

  init(_ images: [SegmentationAnswers.Image], classes: [String], soft: SoftOverlap?) {
    radiographs = images.count
    self.soft = soft?.dice
    dice = Dictionary(
      uniqueKeysWithValues: classes.enumerated().compactMap { number, name in
        let overlaps = images.map { $0.classes[number].overlap }
        guard overlaps.contains(where: { !$0.isTruthEmpty }) else { return nil }
        return MeanDice(overlaps).nnunet.map { (name, $0) }
      })
  }

  var measure: String { "mean Dice" }
  var choice: Double? { dice.isEmpty ? nil : dice.values.sorted().reduce(0, +) / Double(dice.count) }
  var hasLearnt: Bool { (choice ?? 0) >= Self.least }
  func isBetter(than other: SegmentationFigures) -> Bool {
    hasLearnt || other.hasLearnt ? (choice ?? 0) > (other.choice ?? 0) : (soft ?? 0) > (other.soft ?? 0)
  }
}

/// Probabilities and truth of the pixels of many images, class by class.
struct SoftOverlap {
  private var sums: [(both: Double, either: Double)] = []

  /// - Parameters:
  ///   - logits: of the classes' pixels, one class after another.
  ///   - truth: as many, 0 or 1.
  mutating func add(_ logits: [Float], _ truth: [GrayImage]) {
    if sums.isEmpty { sums = truth.map { _ in (0, 0) } }
    var place = 0
    for (number, mask) in truth.enumerated() {
      var (both, either) = (Float(0), Float(0))
      for pixel in mask.pixels {
        let probability = 1 / (1 + exp(-logits[place]))
        place += 1
        both += probability * pixel
        either += probability + pixel
      }
      sums[number].both += Double(both)
      sums[number].either += Double(either)
    }
  }

  /// Mean over classes; 0 without images.
  var dice: Double {
    sums.isEmpty ? 0 : sums.reduce(0) { $0 + (2 * $1.both + 1) / ($1.either + 1) } / Double(sums.count)
  }
}

/// What a network says of test radiographs.
struct SegmentationAnswers: Codable, Equatable {
  /// One class of one image.
  struct Class: Codable, Equatable {
    let overlap: Overlap
    /// 95th percentile of the distance between outlines, in the test's unit; the image's diagonal where one has none, nil
    /// where neither has, or it was not measured.
    let hausdorff: Double?
    /// Share of both outlines that lies within the tolerance of the other; nil likewise.
    let surfaceDice: Double?
  }

  /// One image.
  struct Image: Codable, Equatable {
    let classes: [Class]
    /// Of the predictions, class by class, as run lengths; none where they are not kept.
    var masks: [RunLengthMask]

    /// - Parameters:
    ///   - spacing: of pixels, in the unit in which outlines are measured; nil where they are not.
    ///   - tolerance: of outlines, in the same unit.
    init(truth: [Mask], predicted: [Mask], spacing: PixelSpacing?, tolerance: Double) {
      masks = spacing == nil ? [] : predicted.map(RunLengthMask.init)
      classes = zip(truth, predicted).map { truth, predicted in
        let overlap = Overlap(truth: truth, prediction: predicted)
        guard let spacing, !(overlap.isTruthEmpty && overlap.isPredictionEmpty) else {
          return Class(overlap: overlap, hausdorff: nil, surfaceDice: nil)
        }
        let distances = SurfaceDistances(truth: truth, prediction: predicted, spacing: spacing)
        let (height, width) = (Double(truth.rows) * spacing.row, Double(truth.columns) * spacing.column)
        let diagonal = (height * height + width * width).squareRoot()
        return Class(
          overlap: overlap, hausdorff: min(distances.robustHausdorff(), diagonal),
          surfaceDice: distances.surfaceDice(tolerance: tolerance))
      }
    }

    /// Of all classes, both empty being 1.
    var dice: Double {
      classes.reduce(0) { $0 + ($1.overlap.dice(.one) ?? 0) } / Double(max(classes.count, 1))
    }
  }

  var images: [Image]

  /// The places of so many of the worst, the middle and the best images, worst first, each once.
  func examples(_ count: Int) -> [Int] {
    let order = images.indices.sorted { (images[$0].dice, $0) < (images[$1].dice, $1) }
    let middle = order.dropFirst(max(0, (order.count - count) / 2)).prefix(count)
    let wanted = Set(order.prefix(count)).union(middle).union(order.suffix(count))
    return order.filter(wanted.contains)
  }

  /// Keeps the masks of the examples alone.
  mutating func keepMasks(_ count: Int) {
    let wanted = Set(examples(count))
    for place in images.indices where !wanted.contains(place) { images[place].masks = [] }
  }
}
