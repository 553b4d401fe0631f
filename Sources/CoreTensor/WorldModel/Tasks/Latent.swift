import CoreTensor
import Foundation
import NeuralNetworks

/// What a latent is told of one sample: numbers of the view, numbers of each patch of the target, or both.
public struct LatentValue: Sendable, Equatable {
  /// `Latent.name`.
  public let latent: String
  /// `Latent.width` numbers.
  public let numbers: [Float]
  /// `Latent.patchWidth` numbers for every patch of the target's grid, in raster order, whether it is predicted or not;
  /// nil where the latent takes none.
  public let patchNumbers: [[Float]]?

  /// - Parameters:
  ///   - latent: `Latent.name`.
  ///   - numbers: of the view; none unless given.
  ///   - patchNumbers: one row for each patch of the target's grid; nil unless given.
  public init(latent: String, numbers: [Float] = [], patchNumbers: [[Float]]? = nil) {
    self.latent = latent
    self.numbers = numbers
    self.patchNumbers = patchNumbers
  }
}

/// A place on the context's grid of patches, in patches from its top-left patch; fractions are allowed.
public struct GridPlace: Sendable, Equatable {
  public var row: Double
  public var column: Double
  public init(row: Double, column: Double) {
    self.row = row
    self.column = column
  }
}

/// A patch of the target, and what a latent was told of it and of its sample.
public struct LatentPatch: Sendable {
  /// Its number on the target's grid, in raster order.
  public let patch: Int
  /// The sample's `width` numbers.
  public let numbers: ArraySlice<Float>
  /// The patch's `patchWidth` numbers.
  public let patchNumbers: ArraySlice<Float>
  /// Patches along a side, `n`.
  public let gridSize: Int

  public init(patch: Int, numbers: ArraySlice<Float>, patchNumbers: ArraySlice<Float>, gridSize: Int) {
    self.patch = patch
    self.numbers = numbers
    self.patchNumbers = patchNumbers
    self.gridSize = gridSize
  }
}

/// What the mask tokens of a pass stand for, and what a latent was told of them.
public struct LatentTokens: @unchecked Sendable {
  /// `(B, width)`; nil where the latent takes no numbers of views.
  public let numbers: Tensor?
  /// `(B, T, patchWidth)`; nil where the latent takes no numbers of patches.
  public let patchNumbers: Tensor?
  /// Which patches of the target the tokens stand for, B rows of T.
  public let patches: [[Int]]
  /// Where they lie on the context's grid after every latent's moves, B rows of T.
  public let places: [[GridPlace]]
  /// Patches along a side, `n`.
  public let gridSize: Int

  public init(
    numbers: Tensor?, patchNumbers: Tensor?, patches: [[Int]], places: [[GridPlace]], gridSize: Int
  ) {
    self.numbers = numbers
    self.patchNumbers = patchNumbers
    self.patches = patches
    self.places = places
    self.gridSize = gridSize
  }
}

/// How a target relates to its context (`z`): what the predictor is told through its mask tokens.
///
/// A latent may move the places that mask tokens stand for, change the tokens themselves, or both. Latents act in the
/// order of their tasks, those of one task as it returns them; all samples of a batch carry the same latents for one
/// supervision. Called on the training thread, with gradients recorded; depends on its parameters and arguments alone.
///
/// Of `move` and of `condition` a latent implements one form: the short one sees the numbers of views alone, the long
/// one also the numbers of patches and which patches they are. Where both are there, the long one is called.
public protocol Latent: Module {
  /// Also the prefix of its parameters: `predictor.<name>.…`.
  var name: String { get }
  /// Numbers that it takes for each sample.
  var width: Int { get }
  /// Numbers that it takes for each patch of a target. Default 0.
  var patchWidth: Int { get }
  /// The place, on the context's grid, of a patch of the target. Default: the same place.
  /// - Parameters:
  ///   - place: where latents before this one put the patch; the first is given its place on the target's grid.
  ///   - numbers: this sample's `width` numbers.
  ///   - gridSize: patches along a side, `n`.
  func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace
  /// The same, told which patch it is and its own numbers. Default: the short form.
  /// - Parameters:
  ///   - place: likewise.
  ///   - patch: the patch, and what was told of it.
  func move(_ place: GridPlace, of patch: LatentPatch) -> GridPlace
  /// Conditions mask tokens. Default: the same tokens.
  /// - Parameters:
  ///   - tokens: `(B, T, dp)`, position encoding included, for any `B` and `T`.
  ///   - numbers: `(B, width)`.
  /// - Returns: `(B, T, dp)`.
  func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor
  /// The same, told which patches the tokens stand for, where these lie, and their own numbers. Default: the short
  /// form.
  /// - Parameters:
  ///   - tokens: likewise.
  ///   - told: numbers of views and patches, the patches and their places.
  /// - Returns: `(B, T, dp)`.
  func condition(_ tokens: Tensor, told: LatentTokens) -> Tensor
  /// What stands below a prediction on the batch sheet of what the latent was told. Default: its name and the first
  /// numbers; nil where the sheet shows them elsewhere, below the context for example (`WorldTask.caption`).
  /// - Parameter value: one that a draw gave for this latent.
  func caption(of value: LatentValue) -> String?
}

extension Latent {
  public var patchWidth: Int { 0 }
  public func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace { place }
  public func move(_ place: GridPlace, of patch: LatentPatch) -> GridPlace {
    move(place, numbers: patch.numbers, gridSize: patch.gridSize)
  }
  public func condition(_ tokens: Tensor, numbers: Tensor) -> Tensor { tokens }
  public func condition(_ tokens: Tensor, told: LatentTokens) -> Tensor {
    told.numbers.map { condition(tokens, numbers: $0) } ?? tokens
  }
  public func caption(of value: LatentValue) -> String? { value.plainCaption }
}

extension LatentValue {
  /// The latent's name, its first four numbers and how many it has of each patch: `"square: 0.21 0.40 0.30"`.
  public var plainCaption: String {
    let shown = LatentCaption.text(numbers.prefix(4).map(Double.init)) + (numbers.count > 4 ? " …" : "")
    let patches = patchNumbers?.first.map { "\($0.count) numbers a patch" }
    return latent + ": " + [numbers.isEmpty ? nil : shown, patches].compactMap { $0 }.joined(separator: ", ")
  }
}

/// How the batch sheet writes numbers.
public enum LatentCaption {
  /// Numbers with two decimals, a space between: `"0.21 -0.40"`.
  public static func text(_ numbers: some Sequence<Double>) -> String {
    numbers.map { String(format: "%.2f", $0) }.joined(separator: " ")
  }
}
