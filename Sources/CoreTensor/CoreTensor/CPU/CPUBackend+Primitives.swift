import CKernels

extension CPUBackend {
  public func map(_ function: UnaryFunction, _ x: Tensor, into out: Tensor) {
    require(x.count == out.count, "map: \(function) of \(x.shape) into \(out.shape)")
    elementwise(out.count) { chex_map(function.code, x.pointer + $0, nil, out.pointer + $0, $1) }
  }

  public func multiplyMapped(_ function: UnaryFunction, _ x: Tensor, by factors: Tensor, into out: Tensor) {
    require(
      x.count == out.count && factors.count == out.count,
      "multiplyMapped: \(function) of \(x.shape) times \(factors.shape) into \(out.shape)")
    elementwise(out.count) {
      chex_map(function.code, x.pointer + $0, factors.pointer + $0, out.pointer + $0, $1)
    }
  }

  public func combine(_ function: BinaryFunction, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    let axes = broadcastAxes([a, b], out)
    axes.eachBlock(grain: Self.grain) { rows, columns in
      axes.eachStretch(rows) { places, first, count in
        chex_combine(
          function.code, a.rows(places[1], axes, 1, columns), b.rows(places[2], axes, 2, columns),
          out.pointer + first * axes.columns + columns.lowerBound, count, columns.count)
      }
    }
  }

  public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into out: Tensor) {
    let axes = broadcastAxes([condition, a, b], out)
    axes.eachBlock(grain: Self.grain) { rows, columns in
      axes.eachStretch(rows) { places, first, count in
        chex_select(
          condition.rows(places[1], axes, 1, columns), a.rows(places[2], axes, 2, columns),
          b.rows(places[3], axes, 3, columns),
          out.pointer + first * axes.columns + columns.lowerBound, count, columns.count)
      }
    }
  }

  /// The axes of out, which comes first, and of operands that are repeated to its shape.
  private func broadcastAxes(_ operands: [Tensor], _ out: Tensor) -> CommonAxes {
    require(
      operands.allSatisfy { broadcastShape($0.shape, out.shape) == out.shape },
      "Backend: operands \(operands.map(\.shape)) into \(out.shape)")
    return CommonAxes(
      out.shape, [rowMajorStrides(out.shape)] + operands.map { broadcastStrides($0.shape, to: out.shape) })
  }

  // MARK: Products

  public func multiplyMatrices(
    _ a: Tensor, transposingA: Bool, _ b: Tensor, transposingB: Bool, into out: Tensor, accumulate: Bool
  ) {
    let (m, n) = (out.rows(ofLast: 2), out.columns)
    let k = transposingA ? a.rows(ofLast: 2) : a.columns
    let count = out.count / max(m * n, 1)
    require(
      a.count == count * m * k && b.count == count * k * n,
      "multiplyMatrices: \(a.shape) and \(b.shape) into \(out.shape)")
    guard out.count > 0 else { return }
    guard k > 0 else { return accumulate ? () : clear(out) }
    let (a, b) = (asOperand(a), asOperand(b))
    let library = matrixProducts
    @Sendable func multiply(_ index: Int) {
      let right = Tensor(sharing: b, shape: transposingB ? [n, k] : [k, n], start: index * k * n)
      let view = MatrixView(right, rows: right.shape[0], columns: right.columns)
      let packed = library.pack(transposingB ? view.transposed : view, as: activationType)
      let left = Tensor(sharing: a, shape: transposingA ? [k, m] : [m, k], start: index * m * k)
      Self.eachPart(of: m, most: 96, of: library.tileRows) { range in
        library.multiply(
          transposingA ? LeftOperand(columns: range, of: left) : LeftOperand(rows: range, of: left, depth: k),
          packed, into: out.bytes + (index * m + range.lowerBound) * n * out.elementType.byteCount,
          out.elementType, accumulate: accumulate)
      }
    }
    // Many matrices are divided among threads, few of them within each; which depends on their number alone.
    if count >= 16 { Compute.parallel(count, multiply) } else { (0..<count).forEach(multiply) }
  }

  private func clear(_ out: Tensor) {
    out.bytes.initializeMemory(as: UInt8.self, repeating: 0, count: out.count * out.elementType.byteCount)
  }

  // MARK: Moving

  public func copyStrided(
    _ x: Tensor, _ source: StridedPlace, to out: Tensor, _ destination: StridedPlace, sizes: [Int]
  ) {
    require(
      x.elementType == out.elementType && source.strides.count == sizes.count
        && destination.strides.count == sizes.count,
      "copyStrided: \(x.shape) of \(x.elementType), strides \(source.strides), to \(out.shape) of "
        + "\(out.elementType), strides \(destination.strides), sizes \(sizes)")
    let axes = Self.copyAxes(sizes, destination.strides, source.strides)
    let (size, last) = (out.elementType.byteCount, axes.sizes.count - 1)
    axes.eachBlock(grain: Self.grain) { rows, columns in
      axes.eachStretch(rows) { places, _, count in
        let to = destination.start + places[0] + columns.lowerBound * axes.strides[0][last]
        let from = source.start + places[1] + columns.lowerBound * axes.strides[1][last]
        chex_copy_plane(
          x.bytes + from * size, chex_step(row: axes.rowStep(1), column: axes.step(1)), out.bytes + to * size,
          chex_step(row: axes.rowStep(0), column: axes.step(0)), count, columns.count, out.elementType.code)
      }
    }
  }

  /// Axes in the order of out's strides, so that writes follow one another; where the source lies the other way round,
  /// its closest axis comes second, so that the kernel transposes blocks of both.
  private static func copyAxes(_ sizes: [Int], _ out: [Int], _ x: [Int]) -> CommonAxes {
    var order = sizes.indices.filter { sizes[$0] != 1 }.sorted { (out[$0], $1) > (out[$1], $0) }
    if let inner = order.last, x[inner] > 1, let close = order.firstIndex(where: { x[$0] == 1 }) {
      order.insert(order.remove(at: close), at: order.count - 1)
    }
    return CommonAxes(order.map { sizes[$0] }, [order.map { out[$0] }, order.map { x[$0] }])
  }
}

extension Tensor {
  /// Size of the axis that comes so-manieth from the end; 1 where there is none.
  fileprivate func rows(ofLast number: Int) -> Int { shape.count >= number ? shape[shape.count - number] : 1 }

  fileprivate func rows(_ place: Int, _ axes: CommonAxes, _ array: Int, _ columns: Range<Int>) -> chex_strided
  {
    let step = axes.step(array)
    return chex_strided(
      start: pointer + place + step * columns.lowerBound, row: axes.rowStep(array), step: step)
  }
}

extension UnaryFunction {
  fileprivate var code: chex_unary {
    switch self {
    case .negate: CHEX_NEGATE
    case .absolute: CHEX_ABSOLUTE
    case .sign: CHEX_SIGN
    case .reciprocal: CHEX_RECIPROCAL
    case .exponential: CHEX_EXPONENTIAL
    case .logarithm: CHEX_LOGARITHM
    case .squareRoot: CHEX_SQUARE_ROOT
    case .reciprocalSquareRoot: CHEX_RECIPROCAL_SQUARE_ROOT
    case .square: CHEX_SQUARE
    case .sigmoid: CHEX_SIGMOID
    case .tanh: CHEX_TANH
    case .gelu: CHEX_GELU
    case .geluDerivative: CHEX_GELU_DERIVATIVE
    case .relu: CHEX_RELU
    case .reluDerivative: CHEX_RELU_DERIVATIVE
    case .silu: CHEX_SILU
    case .siluDerivative: CHEX_SILU_DERIVATIVE
    case .sine: CHEX_SINE
    case .cosine: CHEX_COSINE
    case .errorFunction: CHEX_ERROR_FUNCTION
    }
  }
}

extension BinaryFunction {
  fileprivate var code: chex_binary {
    switch self {
    case .add: CHEX_ADD
    case .subtract: CHEX_SUBTRACT
    case .multiply: CHEX_MULTIPLY
    case .divide: CHEX_DIVIDE
    case .power: CHEX_POWER
    case .maximum: CHEX_MAXIMUM
    case .minimum: CHEX_MINIMUM
    case .greater: CHEX_GREATER
    case .greaterOrEqual: CHEX_GREATER_OR_EQUAL
    case .equal: CHEX_EQUAL
    }
  }
}
