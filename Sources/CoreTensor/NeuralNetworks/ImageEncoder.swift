import CoreTensor

/// How the tokens of an image become one vector.
public enum Pooling: String, Codable, Sendable, CaseIterable {
  /// The mean over patches; class token and registers do not count.
  case mean
  /// The class token, as those who publish DINOv2 and RAD-DINO take it.
  case `class`
}

/// The encoder `f` (and `f'`) of a world model: patches of an image become one feature vector each.
///
/// `VisionTransformer` is the one that is shipped. A plugin registers another as a `ComponentDefinition`, and a run
/// takes it by `model.encoder`. Parameters that it shows to visitors are trained, saved and followed by the target
/// encoder, which is a second encoder of the same make.
public protocol ImageEncoder: Module {
  /// The sizes that it was made for: side of the image and of a patch in pixels, width of a feature vector.
  var shape: VisionTransformerConfiguration { get }
  /// Whether it keeps less for the backward pass and computes the rest again. An encoder that cannot ignores it, at the
  /// price of memory alone. Default false.
  var recomputesActivations: Bool { get set }
  /// Encodes patches of images. Patches that are not listed must not be seen.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - visible: B rows of K patch numbers in raster order; nil for all.
  ///   - tokens: B rows of T positions among the visible patches whose features are wanted; nil for all.
  ///   - dropping: which images keep which of `shape.depth` residual branches; nil for all of them, and always where
  ///     `tokens` is given.
  /// - Returns: `(B, K, d)`, or `(B, T, d)`.
  func callAsFunction(
    _ images: Tensor, visible: [[Int]]?, of tokens: [[Int]]?, dropping: DropPath?
  ) -> Tensor
  /// Features of all patches of images of which some enter as a mask token in place of what they show; their positions
  /// are told all the same.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - masked: B rows of M patch numbers in raster order.
  ///   - token: `(1, 1, d)`, with history where it is trained.
  /// - Returns: `(B, N, d)`; nil where the encoder knows no mask tokens. Default nil.
  func features(_ images: Tensor, masking masked: [[Int]], by token: Tensor) -> Tensor?
  /// Features of all patches below the top, for those who look into an encoder.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - layer: how many blocks the patches have passed: 0 as they enter, with their positions; `shape.depth` the
  ///     features that the encoder is called for.
  /// - Returns: `(B, K, d)`; nil where the encoder has no such layer. Default: the top alone.
  func features(_ images: Tensor, after layer: Int) -> Tensor?
  /// What the encoder's class token says of images.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - dropping: which images keep which of `shape.depth` residual branches; nil for all of them.
  /// - Returns: `(B, d)`; nil where the encoder has no class token. Default nil.
  func classFeatures(_ images: Tensor, dropping: DropPath?) -> Tensor?
  /// Factors on the learning rate of each parameter when the encoder is fine-tuned: 1 for the layer that is nearest to
  /// the features, `decay` times less for each layer below. Default: no factors.
  func learningRateScales(decay: Double) -> [ObjectIdentifier: Double]
  /// Takes over every value of another encoder of its kind, which may have been made for another size of image or patch
  /// where the encoder knows what that means. Default: one of the same sizes alone.
  /// - Returns: false where it cannot; nothing is changed then.
  func adopt(_ other: any ImageEncoder) -> Bool
}

extension ImageEncoder {
  public var recomputesActivations: Bool {
    get { false }
    set {}
  }

  public func callAsFunction(
    _ images: Tensor, visible: [[Int]]? = nil, of tokens: [[Int]]? = nil
  ) -> Tensor {
    self(images, visible: visible, of: tokens, dropping: nil)
  }

  public func callAsFunction(_ images: Tensor, visible: [[Int]]? = nil, dropping: DropPath?) -> Tensor {
    self(images, visible: visible, of: nil, dropping: dropping)
  }

  public func features(_ images: Tensor, masking masked: [[Int]], by token: Tensor) -> Tensor? { nil }

  public func features(_ images: Tensor, after layer: Int) -> Tensor? {
    layer == shape.depth ? self(images) : nil
  }

  public func classFeatures(_ images: Tensor, dropping: DropPath?) -> Tensor? { nil }

  /// One vector an image.
  /// - Parameters:
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - pooling: how tokens become one vector.
  ///   - dropping: which images keep which of `shape.depth` residual branches; nil for all of them.
  /// - Returns: `(B, d)`.
  /// - Precondition: the encoder has a class token where it is asked for.
  public func pooled(_ images: Tensor, by pooling: Pooling = .mean, dropping: DropPath? = nil) -> Tensor {
    guard pooling == .class else { return meanTokens(self(images, dropping: dropping)) }
    guard let features = classFeatures(images, dropping: dropping) else {
      fail("ImageEncoder.pooled: the encoder has no class token")
    }
    return features
  }

  public func learningRateScales(decay: Double) -> [ObjectIdentifier: Double] { [:] }

  public func adopt(_ other: any ImageEncoder) -> Bool { assignAll(other) }
}
