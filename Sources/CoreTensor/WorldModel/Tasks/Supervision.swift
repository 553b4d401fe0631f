import CoreTensor
import Imaging
import NeuralNetworks

/// What the model sees of one view (`x` in section 3 of the paper).
public protocol Context: Sendable {
  /// Index of the view that it shows.
  var view: Int { get }
  var frame: Frame { get }
  var geometry: ImageGeometry { get }
  /// Grey in [0, 1], `imageSize × imageSize`.
  var pixels: GrayImage { get set }
  /// Patches that enter the encoder, ascending. All of them unless a task hides some.
  var visible: [Int] { get set }
  /// Patches that a task hides and wants predicted, ascending (`M`). May be fewer than those not visible.
  var hidden: [Int] { get set }
}

/// What must be predicted (`y`): a whole view through the target encoder.
public protocol Target: Sendable {
  /// Index of the view that it shows.
  var view: Int { get }
  var frame: Frame { get }
  var geometry: ImageGeometry { get }
  /// Grey in [0, 1], `imageSize × imageSize`.
  var pixels: GrayImage { get set }
}

/// Where a supervision takes its error.
public enum PatchSelection: Sendable, Equatable, Codable {
  /// Every patch of the target.
  case all
  /// The patches that context `context` hides (`M` of that view); all of them where nothing is hidden.
  case hidden(context: Int)
}

/// A prediction that a task wants made: from a context, of a target, on some of its patches.
public struct Supervision: Sendable, Equatable, Codable {
  public let context: Int
  public let target: Int
  public let patches: PatchSelection
  /// A fallback is dropped where another task proposes the same context and target.
  public let isFallback: Bool

  public init(context: Int, target: Int, patches: PatchSelection, isFallback: Bool = false) {
    self.context = context
    self.target = target
    self.patches = patches
    self.isFallback = isFallback
  }
}

/// Predicts target features at the places of mask tokens (`g`).
public protocol Predictor: Module {
  /// Whether it keeps less for the backward pass and computes the rest again. A predictor that cannot ignores it, at
  /// the price of memory alone. Default false.
  var recomputesActivations: Bool { get set }
  /// Mask tokens before the latents: `m + PE(place)`.
  /// - Parameter places: `B` rows of `T` places.
  /// - Returns: `(B, T, dp)`.
  func maskTokens(at places: [[GridPlace]]) -> Tensor
  /// - Parameters:
  ///   - context: features of visible patches, `(B, K, d)`.
  ///   - visible: their patch numbers, `B` rows of `K`.
  ///   - maskTokens: `(B, T, dp)`.
  /// - Returns: predictions at the mask tokens, `(B, T, d)`.
  func callAsFunction(context: Tensor, visible: [[Int]], maskTokens: Tensor) -> Tensor
  /// The same, with the tokens of the visible patches as they leave the predictor, for objectives that compare these too
  /// (`Objective.wantsContextTokens`).
  /// - Returns: predictions, `(B, T, d)`, and tokens, `(B, K, dp)`, both with history; nil where the predictor has no
  ///   tokens of visible patches. Default nil.
  func withContextTokens(
    context: Tensor, visible: [[Int]], maskTokens: Tensor
  ) -> (predictions: Tensor, contextTokens: Tensor)?
}

extension Predictor {
  public func withContextTokens(
    context: Tensor, visible: [[Int]], maskTokens: Tensor
  ) -> (predictions: Tensor, contextTokens: Tensor)? { nil }

  public var recomputesActivations: Bool {
    get { false }
    set {}
  }
}
