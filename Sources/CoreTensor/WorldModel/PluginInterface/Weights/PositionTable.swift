import NeuralNetworks

/// A table of position encodings as a file holds it, `(1, rows, width)`.
public struct PositionTable: Sendable {
  /// Patches along a side.
  public let gridSize: Int
  public let width: Int
  /// Without the row of a class token, `(gridSize², width)`.
  public let values: [Float]
  public var hasClassRow: Bool { classRow != nil }
  /// What is added to the class token, `(width)`; nil where the table has no row for it.
  public let classRow: [Float]?
  /// Order of the sine-cosine table that it is, to its own rounding; nil where it is none.
  public let order: PositionOrder?

  /// - Parameters:
  ///   - parameter: by the model's name.
  ///   - names: of the file.
  ///   - file: where the table is read.
  /// - Returns: nil where the file has no such table.
  /// - Throws: `WeightsFileError` where it is no table of a square grid.
  public init?(_ parameter: String, of names: WeightsNames, _ file: any WeightsContents) throws {
    guard let parts = names.tensors[parameter], let found = names.shape(of: parameter) else { return nil }
    let name = parts[0].name
    let shape = found.count == 2 ? [1] + found : found
    guard shape.count == 3, shape[0] == 1, shape[2] > 0, shape[1] > 0,
      parts.allSatisfy({ $0.byteCount <= file.size })
    else {
      throw WeightsFileError(file.path, name, "expected position encodings (1, N, width), found \(found)")
    }
    let rows = shape[1]
    let side = Int(Double(rows).squareRoot())
    let sideWithout = Int(Double(rows - 1).squareRoot())
    guard side * side == rows || sideWithout * sideWithout == rows - 1 else {
      throw WeightsFileError(
        file.path, name,
        "expected a square grid of patches, and a class token at most, found \(rows) rows")
    }
    let hasClassRow = side * side != rows
    gridSize = hasClassRow ? sideWithout : side
    width = shape[2]
    guard gridSize > 0 else { throw WeightsFileError(file.path, name, "expected patches, found none") }
    let all = try names.floats(of: parameter, in: file)
    classRow = hasClassRow ? Array(all[..<width]) : nil
    values = hasClassRow ? Array(all[width...]) : all
    order = Self.order(values, width: width, grid: gridSize)
  }

  /// Order of the sine-cosine table that `values` are, to their rounding; nil where they are none.
  public static func order(_ values: [Float], width: Int, grid: Int) -> PositionOrder? {
    guard width % 4 == 0 else { return nil }
    let tolerance = rounding(of: values)
    return PositionOrder.allCases.first { order in
      let table = PositionEncoding(width: width, order: order).grid(grid).values
      return zip(table, values).allSatisfy { abs($0 - $1) < tolerance }
    }
  }

  /// How far numbers up to 1 may be from what they were: twice the rounding of the narrowest type that holds all of
  /// them, whatever type the file keeps them in, since files are halved and widened again.
  private static func rounding(of values: [Float]) -> Float {
    if values.allSatisfy({ $0.bitPattern & 0xFFFF == 0 }) { return 0x1p-7 }
    return values.allSatisfy { Float(Float16($0)) == $0 } ? 0x1p-10 : 1e-4
  }
}
