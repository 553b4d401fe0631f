/// Mean Dice of images by each rule for empty masks.
public struct MeanDice: Sendable, Equatable, Codable {
  /// nnU-Net's: images where both masks are empty are left out. Nil where every image is such.
  public let nnunet: Double?
  /// Every image, both empty being worth 1, as in the Kaggle SIIM-ACR challenge. Nil without images.
  public let allImages: Double?
  /// Images whose truth is not empty, which is MONAI's mean. Nil without any, where MONAI says 0.
  public let positives: Double?

  public init(_ overlaps: [Overlap]) {
    nnunet = Self.value(overlaps, rule: .nnunet)
    allImages = Self.value(overlaps, rule: .one)
    positives = Self.value(overlaps, rule: .monai)
  }

  /// Mean of the images that have a value by the rule; nil where none has.
  public static func value(_ overlaps: [Overlap], rule: EmptyRule) -> Double? {
    let defined = overlaps.compactMap { $0.dice(rule) }
    return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
  }
}

/// How well a structure is segmented on a set of images, beside what a model would reach that never finds anything.
///
/// Where most images are empty, as in SIIM-ACR, an empty prediction reaches their share as all-image Dice; a figure that
/// is not compared with it says little.
public struct SegmentationSummary: Sendable, Equatable, Codable {
  public let images: Int
  /// Images whose truth is empty.
  public let emptyImages: Int
  /// Images whose truth is empty, but whose prediction is not.
  public let falsePositiveImages: Int
  /// Of the predictions.
  public let dice: MeanDice
  /// Of empty predictions on the same images: `allImages` is the share of empty images, the others are 0 where any image
  /// is not empty.
  public let predictingNothing: MeanDice

  /// - Parameter overlaps: one for each image, so that each counts the same whatever its size.
  public init(_ overlaps: [Overlap]) {
    images = overlaps.count
    emptyImages = overlaps.count { $0.isTruthEmpty }
    falsePositiveImages = overlaps.count { $0.isTruthEmpty && !$0.isPredictionEmpty }
    dice = MeanDice(overlaps)
    predictingNothing = MeanDice(overlaps.map(\.predictingNothing))
  }

  /// Share of empty images on which something is predicted; nil without empty images.
  public var falsePositiveShare: Double? {
    emptyImages > 0 ? Double(falsePositiveImages) / Double(emptyImages) : nil
  }
}
