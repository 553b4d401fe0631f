import CoreTensor

/// What an overlap is worth where there is nothing to find.
///
/// On images where the truth is not empty the rules agree: an image of which nothing is found is worth 0.
public enum EmptyRule: String, Sendable, CaseIterable, Codable {
  /// nnU-Net's (Isensee et al. 2021, `evaluate_predictions`): both empty have no value and are left out of means, but
  /// a prediction on an empty truth is worth 0.
  case nnunet
  /// MONAI's `DiceMetric` and `MeanIoU` with `ignore_empty=True`, their default: an empty truth has no value whatever
  /// is predicted, so that false positives on such images cost nothing.
  case monai
  /// The Kaggle SIIM-ACR pneumothorax challenge's, and MONAI's with `ignore_empty=False`: both empty are worth 1, a
  /// prediction on an empty truth 0.
  case one
}

/// How many pixels of an image were found, invented and missed.
public struct Overlap: Sendable, Equatable, Codable {
  /// Pixels in both truth and prediction.
  public let truePositives: Int
  /// Pixels in the prediction alone.
  public let falsePositives: Int
  /// Pixels in the truth alone.
  public let falseNegatives: Int

  /// - Parameters:
  ///   - truth: what an expert drew.
  ///   - prediction: what is judged.
  /// - Precondition: both have as many rows and columns.
  public init(truth: Mask, prediction: Mask) {
    Mask.requireEqualShapes("Overlap", truth, prediction)
    var (both, inPrediction, inTruth) = (0, 0, 0)
    for (isTrue, isPredicted) in zip(truth.pixels, prediction.pixels) {
      both += isTrue && isPredicted ? 1 : 0
      inPrediction += isPredicted ? 1 : 0
      inTruth += isTrue ? 1 : 0
    }
    self.init(
      truePositives: both, falsePositives: inPrediction - both, falseNegatives: inTruth - both)
  }

  /// Of pixels that were counted elsewhere.
  /// - Precondition: no count is negative.
  public init(truePositives: Int, falsePositives: Int, falseNegatives: Int) {
    require(
      truePositives >= 0 && falsePositives >= 0 && falseNegatives >= 0,
      "Overlap: expected counts of 0 or more, found \(truePositives) true positives, "
        + "\(falsePositives) false positives, \(falseNegatives) false negatives")
    (self.truePositives, self.falsePositives) = (truePositives, falsePositives)
    self.falseNegatives = falseNegatives
  }

  /// Whether the truth has no pixel.
  public var isTruthEmpty: Bool { truePositives + falseNegatives == 0 }

  /// Whether the prediction has no pixel.
  public var isPredictionEmpty: Bool { truePositives + falsePositives == 0 }

  /// Whether something was found where nothing is; nil where something is.
  public var isFalseAlarm: Bool? { isTruthEmpty ? !isPredictionEmpty : nil }

  /// Of an empty prediction for the same truth.
  public var predictingNothing: Overlap {
    Overlap(truePositives: 0, falsePositives: 0, falseNegatives: truePositives + falseNegatives)
  }

  /// Dice coefficient, 2 TP / (2 TP + FP + FN), between 0 and 1; nil where the rule has no value.
  public func dice(_ rule: EmptyRule) -> Double? {
    share(2 * truePositives, of: 2 * truePositives + falsePositives + falseNegatives, rule)
  }

  /// Intersection over union (IoU, the Jaccard index), TP / (TP + FP + FN), between 0 and 1; nil where the rule has
  /// no value.
  public func intersectionOverUnion(_ rule: EmptyRule) -> Double? {
    share(truePositives, of: truePositives + falsePositives + falseNegatives, rule)
  }

  private func share(_ part: Int, of whole: Int, _ rule: EmptyRule) -> Double? {
    switch rule {
    case .nnunet where whole == 0: nil
    case .monai where isTruthEmpty: nil
    case .one where whole == 0: 1
    default: Double(part) / Double(whole)
    }
  }
}
