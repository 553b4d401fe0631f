import CoreTensor

extension VisionTransformer {
  /// Takes over an encoder of another size of image or patch.
  ///
  /// Patches become those of an image that is made larger or smaller until they have the size that the encoder was
  /// trained with, bilinearly: the product of a patch enlarged by the matrix B with a kernel w is that of the patch itself
  /// with `Bᵀ w B`. Places keep their share of the image, so that the encodings of a finer grid lie between those of the
  /// coarser.
  public func adopt(_ other: any ImageEncoder) -> Bool {
    if assignAll(other) { return true }
    guard let other = other as? VisionTransformer else { return false }
    var expected = other.shape
    (expected.imageSize, expected.patchSize) = (shape.imageSize, shape.patchSize)
    guard expected == shape, blocks.assignAll(other.blocks), norm.assignAll(other.norm) else { return false }
    for (own, source) in [(classToken, other.classToken), (registers, other.registers)] {
      if let own, let source { own.assign(source.tensor) }
    }
    let kernel = other.patchEmbedding.weight.tensor
    patchEmbedding.weight.assign(Self.resampled(kernel, to: shape.patchSize))
    patchEmbedding.bias.assign(other.patchEmbedding.bias.tensor)
    if let positionTable, let table = other.positionTable {
      positionTable.assign(Self.positions(table.tensor.values, of: other.shape, gridSize: shape.gridSize))
    }
    return true
  }

  /// Kernels (D, C, P, P) for patches of another side: `Bᵀ w B`.
  static func resampled(_ kernel: Tensor, to side: Int) -> Tensor {
    let from = kernel.shape[2]
    guard from != side else { return kernel }
    let (values, count): ([Float], Int) = (kernel.values, kernel.shape[0] * kernel.shape[1])
    let enlarging = bilinear(from: side, to: from)
    var result = [Float](repeating: 0, count: count * side * side)
    for number in 0..<count {
      for (row, rowTaps) in enlarging.enumerated() {
        for (column, columnTaps) in enlarging.enumerated() {
          let value = values[(number * from + row) * from + column]
          for (place, weight) in rowTaps {
            for (across, factor) in columnTaps {
              result[(number * side + place) * side + across] += value * weight * factor
            }
          }
        }
      }
    }
    return Tensor(result, shape: [kernel.shape[0], kernel.shape[1], side, side])
  }

  /// For each pixel of the larger or smaller row the pixels that it is made of, and their weights; centres are aligned.
  private static func bilinear(from: Int, to: Int) -> [[(place: Int, weight: Float)]] {
    (0..<to).map { pixel in
      let place = min(
        max((Double(pixel) + 0.5) * Double(from) / Double(to) - 0.5, 0), Double(from - 1))
      let first = Int(place)
      let share = Float(place - Double(first))
      return share > 0 ? [(first, 1 - share), (first + 1, share)] : [(first, Float(1))]
    }
  }

  /// Encodings of a grid that covers the same image, in the units of the grid that was trained: by the formula where the
  /// table is that of the formula, else between the table's own.
  private static func positions(
    _ table: [Float], of trained: VisionTransformerConfiguration, gridSize: Int
  ) -> Tensor {
    let encoding = PositionEncoding(width: trained.width, order: trained.positionOrder)
    let isFormula = zip(encoding.grid(trained.gridSize).values, table).allSatisfy { abs($0 - $1) < 1e-4 }
    func place(_ number: Int) -> Double {
      (Double(number) + 0.5) * Double(trained.gridSize) / Double(gridSize) - 0.5
    }
    let taps = bilinear(from: trained.gridSize, to: gridSize)
    return Tensor([1, gridSize * gridSize, trained.width]) { output in
      if isFormula {
        encoding.write(
          gridSize * gridSize, place: { (place($0 / gridSize), place($0 % gridSize)) },
          to: output.baseAddress!)
        return
      }
      for number in 0..<gridSize * gridSize {
        for channel in 0..<trained.width {
          var sum: Float = 0
          for row in taps[number / gridSize] {
            for column in taps[number % gridSize] {
              let source = row.place * trained.gridSize + column.place
              sum += row.weight * column.weight * table[source * trained.width + channel]
            }
          }
          output[number * trained.width + channel] = sum
        }
      }
    }
  }
}
