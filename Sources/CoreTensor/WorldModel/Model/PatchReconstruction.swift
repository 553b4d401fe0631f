import CoreTensor

/// An objective that reconstructs the pixels of hidden patches: a masked autoencoder, say.
///
/// Evaluations ask an objective that adopts it for patches of their own choice. Called on the main thread, without
/// gradients, of a model that does not change meanwhile.
public protocol PatchReconstruction: Objective {
  /// What the objective makes of patches that the encoder did not see, and what they are.
  func reconstruct(_ input: ReconstructionInput) -> ReconstructedPatches
}

/// A context, encoded, with the patches of it that are to be reconstructed.
public struct ReconstructionInput {
  public let geometry: ImageGeometry
  /// Whole views, `(B, 3, S, S)`, normalised.
  public let images: Tensor
  /// Patches that entered the encoder, B rows of K, ascending.
  public let visible: [[Int]]
  /// Features of the visible patches by the context encoder, `(B, K, d)`.
  public let features: Tensor
  /// Patches to reconstruct, B rows of T, ascending; all that are not visible.
  public let hidden: [[Int]]

  /// - Parameters:
  ///   - geometry: of the images.
  ///   - images: `(B, 3, S, S)`, normalised.
  ///   - visible: B rows of K patches.
  ///   - features: of the visible patches, `(B, K, d)`.
  ///   - hidden: B rows of T patches, all that are not visible.
  public init(
    geometry: ImageGeometry, images: Tensor, visible: [[Int]], features: Tensor, hidden: [[Int]]
  ) {
    self.geometry = geometry
    self.images = images
    self.visible = visible
    self.features = features
    self.hidden = hidden
  }
}

/// Patches as an objective reconstructs them, and as they are, in the units in which it compares them: pixels less the
/// patch's mean and over its deviation, say.
public struct ReconstructedPatches {
  /// Both `(B, T, P)`, rows of `ReconstructionInput.hidden`, with as many values `P` as the objective has of a patch.
  public let reconstructed: Tensor
  public let truth: Tensor

  /// - Precondition: both are of one shape.
  public init(reconstructed: Tensor, truth: Tensor) {
    require(
      reconstructed.shape == truth.shape && truth.shape.count == 3,
      "ReconstructedPatches: reconstructed \(reconstructed.shape), true \(truth.shape); expected (B, T, P) twice"
    )
    (self.reconstructed, self.truth) = (reconstructed, truth)
  }
}
