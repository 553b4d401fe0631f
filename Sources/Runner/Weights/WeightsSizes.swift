import Layers
import WorldModel

/// Sizes of a model, read off its tensors.
package struct WeightsSizes: Codable, Equatable {
  package struct Predictor: Codable, Equatable {
    package var width: Int
    package var depth: Int
    package var mlpRatio: Double
    /// Numbers that each mask token is told of the change of appearance, `a`; nil without a policy network.
    package var actionWidth: Int?
  }

  package var width: Int
  package var depth: Int
  package var heads: Int
  /// Where the heads come from, which weights do not tell.
  package var headsOrigin: String
  package var mlpRatio: Double
  package var patchSize: Int
  /// Nil where there is no table of position encodings.
  package var gridSize: Int?
  /// Order of the table where it is a sine-cosine one; nil where it was learned.
  package var positionOrder: PositionOrder?
  package var predictor: Predictor?

  package var imageSize: Int? { gridSize.map { $0 * patchSize } }

  /// - Parameter heads: as the user says; nil = by the file's arguments, by the usual heads of the width, width / 64.
  /// - Throws: `WeightsFileError` where a tensor that tells a size is missing or has another form.
  package init(_ names: WeightsNames, _ file: WeightsFile, heads asked: Int?) throws {
    let part = names.encoderPart
    func shape(_ name: String, _ count: Int) throws -> [Int] {
      guard let tensor = names.tensors[name] else {
        throw WeightsFileError(
          file.path, name, "expected this tensor, which tells the model's size, found none")
      }
      guard tensor.shape.count == count, tensor.shape.allSatisfy({ $0 > 0 && $0 <= 1 << 20 }) else {
        throw WeightsFileError(file.path, tensor.name, "expected \(count) sizes, found \(tensor.shape)")
      }
      return tensor.shape
    }
    let kernel = try shape(part + ".patch_embed.proj.weight", 4)
    guard kernel[1] == 3, kernel[2] == kernel[3] else {
      throw WeightsFileError(
        file.path, part + ".patch_embed.proj.weight",
        "expected square patches of 3 channels (grey is replicated), found \(kernel)")
    }
    (width, patchSize) = (kernel[0], kernel[2])
    depth = try Self.depth(names, part + ".blocks.", file)
    let hidden = try shape(part + ".blocks.0.mlp.fc1.weight", 2)[0]
    mlpRatio = Double(hidden) / Double(width)
    (heads, headsOrigin) = try WeightsHeads(file).heads(ofWidth: width, asked: asked)
    if let table = names.tensors[part + ".pos_embed"] {
      let grid = try PositionTable(table, file)
      gridSize = grid.gridSize
      positionOrder = grid.order
    }
    try checkVolume(hidden: hidden, file)
    guard names.has("predictor") else { return }
    try checkOrder(names, file)
    let embedding = try shape("predictor.predictor_embed.weight", 2)
    guard embedding[1] == width else {
      throw WeightsFileError(
        file.path, "predictor.predictor_embed.weight",
        "expected \(width) inputs, as the encoder has, found \(embedding)")
    }
    let own = embedding[0]
    let predictorHidden = try shape("predictor.predictor_blocks.0.mlp.fc1.weight", 2)[0]
    var found = Predictor(
      width: own, depth: try Self.depth(names, "predictor.predictor_blocks.", file),
      mlpRatio: Double(predictorHidden) / Double(own))
    if names.tensors["predictor.policy_net.0.weight"] != nil {
      found.actionWidth = try shape("predictor.policy_net.0.weight", 2)[1] - own
    }
    predictor = found
  }

  /// A predictor is told places by sine-cosine features, whose order it learned; a table of another kind does not tell
  /// it, and a wrong one would leave a predictor that knows nothing.
  private func checkOrder(_ names: WeightsNames, _ file: WeightsFile) throws {
    for name in [names.encoderPart + ".pos_embed", "predictor.predictor_pos_embed"] {
      guard let tensor = names.tensors[name], try PositionTable(tensor, file).order == nil else { continue }
      throw WeightsFileError(
        file.path, tensor.name,
        "expected a sine-cosine table, which tells the order of places that the predictor beside it learned, found another; "
          + "import the encoder alone: --allow-unexpected 'predictor.*' --allow-missing 'predictor.*'")
    }
  }

  /// Blocks that share their numbers could make a small file ask for any amount of memory.
  private func checkVolume(hidden: Int, _ file: WeightsFile) throws {
    let bytes = 4 * Double(depth) * Double(width) * Double(4 * width + 2 * hidden)
    guard bytes <= 8 * Double(file.size) + 1e6, depth <= 256, width <= 16384 else {
      throw WeightsFileError(
        file.path, nil,
        "\(depth) blocks of width \(width) would take \(Int(bytes / 1e6)) MB, which a file of \(file.size) bytes cannot hold"
      )
    }
  }

  private static func depth(_ names: WeightsNames, _ prefix: String, _ file: WeightsFile) throws -> Int {
    let layers = Set(
      names.tensors.keys.filter { $0.hasPrefix(prefix) }
        .compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) })
    guard !layers.isEmpty, layers == Set(0..<layers.count) else {
      throw WeightsFileError(
        file.path, prefix + "*",
        "expected blocks counted from 0 without a gap, found \(layers.sorted().prefix(20))")
    }
    return layers.count
  }
}

/// A table of position encodings as a file holds it, `(1, rows, width)`.
package struct PositionTable {
  package let gridSize: Int
  package let width: Int
  /// Without the row of a class token, `(gridSize², width)`.
  package let values: [Float]
  let hasClassRow: Bool
  /// Order of the sine-cosine table that it is, to its own rounding; nil where it is none.
  package let order: PositionOrder?

  package init(_ tensor: WeightsTensor, _ file: WeightsFile) throws {
    let shape = tensor.shape.count == 2 ? [1] + tensor.shape : tensor.shape
    guard shape.count == 3, shape[0] == 1, shape[2] > 0, shape[1] > 0, tensor.byteCount <= file.size else {
      throw WeightsFileError(
        file.path, tensor.name, "expected position encodings (1, N, width), found \(tensor.shape)")
    }
    let rows = shape[1]
    let side = Int(Double(rows).squareRoot())
    let sideWithout = Int(Double(rows - 1).squareRoot())
    guard side * side == rows || sideWithout * sideWithout == rows - 1 else {
      throw WeightsFileError(
        file.path, tensor.name,
        "expected a square grid of patches, and a class token at most, found \(rows) rows")
    }
    hasClassRow = side * side != rows
    gridSize = hasClassRow ? sideWithout : side
    width = shape[2]
    guard gridSize > 0 else { throw WeightsFileError(file.path, tensor.name, "expected patches, found none") }
    let all = try file.floats(of: tensor)
    values = hasClassRow ? Array(all[width...]) : all
    order = Self.order(values, width: width, grid: gridSize)
  }

  /// Order of the sine-cosine table that `values` are, to their rounding; nil where they are none.
  package static func order(_ values: [Float], width: Int, grid: Int) -> PositionOrder? {
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

  /// The table of another grid: bicubic. `exactly` takes the sine-cosine table of that grid where this is one.
  package func values(onGrid size: Int, exactly: Bool) -> [Float] {
    if size == gridSize { return values }
    if exactly, let order { return PositionEncoding(width: width, order: order).grid(size).values }
    return CubicResampling.positions(values, width: width, from: gridSize, to: size)
  }
}
