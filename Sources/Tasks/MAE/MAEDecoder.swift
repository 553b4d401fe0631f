import CoreTensor
import NeuralNetworks
import WorldModel

/// Paints hidden patches from the features of visible ones (He et al. 2022, section 3).
///
/// Parameters: `tasks.mae.embed`, `.mask_token`, `.decoder_blocks`, `.norm`, `.head`.
final class MAEDecoder: PatchReconstruction {
  struct Shape {
    let features: Int
    let width: Int
    let depth: Int
    let heads: Int
    /// Whether a patch's pixels are compared less their mean and over their deviation.
    let normalizesPixels: Bool
    let geometry: ImageGeometry
  }

  private let weight: Float
  private let normalizesPixels: Bool
  private let embed: Linear
  private let maskToken: Parameter
  private let places: Parameter
  private let blocks: TransformerStack
  private let norm: LayerNorm
  private let head: Linear

  init(_ shape: Shape, weight: Float, initializer: inout Initializer) {
    self.weight = weight
    normalizesPixels = shape.normalizesPixels
    let patch = shape.geometry.patchSize
    embed = Linear(shape.features, shape.width, initializer: &initializer)
    maskToken = initializer.truncatedNormal([1, 1, shape.width])
    let encoding = PositionEncoding(width: shape.width, order: .rowFirst)
    places = Parameter(encoding.grid(shape.geometry.gridSize), trainable: false)
    blocks = TransformerStack(
      shape.width, depth: shape.depth, heads: shape.heads, mlpRatio: 4, name: "decoder_blocks",
      initializer: &initializer)
    norm = LayerNorm(shape.width, initializer: initializer)
    head = Linear(shape.width, 3 * patch * patch, initializer: &initializer)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let errors = input.contexts.map { error($0, input.targets[$0.view], input.geometry) }
    let sum = errors.dropFirst().reduce(errors[0], +)
    return [ObjectiveTerm("pixels", sum * (1 / Float(errors.count)), weight: weight)]
  }

  private func error(_ context: ObjectiveInput.Context, _ target: Tensor, _ geometry: ImageGeometry) -> Tensor
  {
    let hidden = context.visible.map { row in
      let seen = Set(row)
      return (0..<geometry.patchCount).filter { !seen.contains($0) }
    }
    let patches = reconstruct(
      ReconstructionInput(
        geometry: geometry, images: target, visible: context.visible, features: context.features,
        hidden: hidden))
    return meanSquaredError(patches.reconstructed, patches.truth)
  }

  /// Patches of pixels; with `norm_pix_loss` each less its mean and over its deviation, whose square is the unbiased
  /// estimate, as in the published code.
  func reconstruct(_ input: ReconstructionInput) -> ReconstructedPatches {
    let seen = embed(input.features) + positions(places, input.visible)
    let tokens = concatenate([seen, positions(places, input.hidden) + maskToken.tensor], axis: 1)
    let last = Array(seen.shape[1]..<tokens.shape[1])
    let painted = head(norm(blocks(tokens, of: Array(repeating: last, count: tokens.shape[0]))))
    let pixels = extractPatches(input.images, patches: input.hidden, patchSize: input.geometry.patchSize)
    guard normalizesPixels else { return ReconstructedPatches(reconstructed: painted, truth: pixels) }
    let mean = pixels.mean(over: [2], keepingDimensions: true)
    let variance = pixels.variance(over: [2], keepingDimensions: true, correction: 1)
    return ReconstructedPatches(
      reconstructed: painted, truth: (pixels - mean) / sqrt(variance + 1e-6))
  }

  func visit(_ visitor: inout ParameterVisitor) {
    visitor.module(embed, "embed")
    visitor.parameter(maskToken, "mask_token")
    visitor.buffer(places, "places")
    visitor.module(blocks, "")
    visitor.module(norm, "norm")
    visitor.module(head, "head")
  }
}
