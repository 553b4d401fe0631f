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
