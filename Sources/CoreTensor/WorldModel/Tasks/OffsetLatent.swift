import CoreTensor
import Foundation
import NeuralNetworks

/// Δ(x→y), how the target's crop lies to the context's, in sizes of the context's crop (paper equations 4 and 5; spec
/// section 3 for mirrored crops), and how much larger it is. It moves mask tokens to where the target's patches lie on
/// the context's grid, and has no parameters. Tasks that speak of crops share it: whoever returns one from
/// `makeLatents` joins the others, and a run has it once.
///
/// Numbers: Δ down, Δ right, 1 where the crops are mirrored differently, (W - j_x - j_y)/w_x, and the logarithms of
/// h_y/h_x and w_y/w_x, which are 0 for crops of one size.
public final class OffsetLatent: Latent {
  /// `"offset"`
  public static let name = "offset"
  public let name: String = OffsetLatent.name
  public let width = 6

  public init() {}

  /// What the predictor is told of two frames of one radiograph.
  /// - Parameters:
  ///   - context: of the view that is seen.
  ///   - target: of the view that is predicted.
  public static func value(from context: Frame, to target: Frame) -> LatentValue {
    let (height, width) = (Double(context.height), Double(context.width))
    let (from, to) = (context.viewColumn, target.viewColumn)
    return LatentValue(
      latent: name,
      numbers: [
        Float(Double(target.row - context.row) / height), Float(Double(to - from) / width),
        context.mirrored == target.mirrored ? 0 : 1, Float(Double(context.imageWidth - from - to) / width),
        Float(log(Double(target.height) / height)), Float(log(Double(target.width) / width)),
      ])
  }

  /// Patch (u, v) of the target, whose patches have r_h × r_w of the height and the width of the context's, has its
  /// middle at (u + ½) r_h, (v + ½) r_w of the context's patches from the target's corner.
  public func move(_ place: GridPlace, numbers: ArraySlice<Float>, gridSize: Int) -> GridPlace {
    let number = numbers.map(Double.init)
    let n = Double(gridSize)
    let (high, wide) = (exp(number[4]), exp(number[5]))
    // With equal sizes the place itself, to the last bit: what is added is 0 then.
    let (row, column) = (place.row * high + (high - 1) / 2, place.column * wide + (wide - 1) / 2)
    guard number[2] > 0 else { return GridPlace(row: row + number[0] * n, column: column + number[1] * n) }
    return GridPlace(row: row + number[0] * n, column: number[3] * n - column - 1)
  }

  /// `"Δ = 0.21 -0.40"`, and how much larger the target is where crops differ in size: `", size 0.50 0.50"`.
  public func caption(of value: LatentValue) -> String? {
    let numbers = value.numbers.map(Double.init)
    let sizes = numbers.suffix(2).map(exp)
    return "Δ = " + LatentCaption.text(numbers.prefix(2))
      + (sizes == [1, 1] ? "" : ", size " + LatentCaption.text(sizes))
  }

  public func visit(_ visitor: inout ParameterVisitor) {}
}
