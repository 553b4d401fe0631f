// What a backend need not implement: each operation as primitives, in float32. Right on every device; a backend that
// has something faster overrides it.

extension Backend {
  // MARK: Pieces that the defaults below are made of

  /// x in float32, rounded to what products multiply where that is less.
  func multiplied(_ x: Tensor) -> Tensor {
    guard activationType != .float32, x.elementType == .float32 else { return widened(x) }
    let rounded = empty(x.shape, as: activationType)
    convert(x, into: rounded)
    return widened(rounded)
  }

  /// x in float32.
  func widened(_ x: Tensor) -> Tensor {
    guard x.elementType != .float32 else { return x.detached }
    let wide = empty(x.shape)
    convert(x, into: wide)
    return wide
  }

  /// Writes x, float32, into `out` of any element type.
  func write(_ x: Tensor, into out: Tensor) {
    if out.elementType != .float32 { return convert(x, into: out) }
    copyStrided(
      x, StridedPlace(strides: [1]), to: out, StridedPlace(strides: [1]), sizes: [x.count]
    )
  }

  /// x as a matrix of so many columns, sharing memory.
  func matrix(_ x: Tensor, columns: Int) -> Tensor {
    Tensor(sharing: x, shape: [x.count / columns, columns])
  }

  func addTo(_ out: Tensor, _ x: Tensor) {
    combine(.add, out, Tensor(sharing: x, shape: out.shape), into: out)
  }

  // MARK: Products

  public func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  ) {
    let outputs = weight.shape[0]
    let inputs = weight.count / outputs
    let (k, n) = direction == .forward ? (inputs, outputs) : (outputs, inputs)
    let left = matrix(multiplied(x), columns: k)
    let right = matrix(multiplied(weight), columns: inputs)
    let result = empty([left.shape[0], n])
    multiplyMatrices(
      left, transposingA: false, right, transposingB: direction == .forward, into: result, accumulate: false)
    finish(Tensor(sharing: result, shape: out.shape), epilogue, into: out)
  }

  private func finish(_ product: Tensor, _ epilogue: ProductEpilogue, into out: Tensor) {
    switch epilogue {
    case .none: write(product, into: out)
    case .bias(let bias): write(combined(.add, product, bias), into: out)
    case .biasResidual(let bias, let residual):
      write(combined(.add, residual, combined(.add, product, bias)), into: out)
    case .biasGELU(let bias, let activated):
      let sum = combined(.add, product, bias)
      write(sum, into: out)
      write(mapped(.gelu, sum), into: activated)
    case .geluGradient(let x, let activated):
      let x = widened(x)
      write(combined(.multiply, product, mapped(.geluDerivative, x)), into: out)
      write(mapped(.gelu, x), into: activated)
    }
  }

  public func weightGradient(_ outputGradient: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool) {
    let n = outputGradient.columns
    let left = matrix(multiplied(outputGradient), columns: n)
    let right = matrix(multiplied(x), columns: x.count / left.shape[0])
    multiplyMatrices(
      left, transposingA: true, right, transposingB: false, into: matrix(out, columns: right.columns),
      accumulate: accumulate)
  }

  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    let sums = reduced(.sum, matrix(widened(x), columns: x.columns), over: [0])
    if accumulate { addTo(out, sums) } else { write(sums, into: out) }
  }

  public func addRowVector(_ vector: Tensor, to x: Tensor) {
    write(combined(.add, widened(x), Tensor(sharing: vector, shape: [vector.count])), into: x)
  }

  // MARK: Elementwise

  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) { combine(.add, a, b, into: out) }

  public func scale(_ x: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor) {
    combine(.multiply, x, product(factor, scalar), into: out)
  }

  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    addTo(out, factor == 1 ? x : combined(.multiply, x, constant(factor)))
  }

  public func gelu(_ x: Tensor, into out: Tensor) { map(.gelu, x, into: out) }
  public func geluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    combine(.multiply, outputGradient, mapped(.geluDerivative, x), into: out)
  }
  public func relu(_ x: Tensor, into out: Tensor) { map(.relu, x, into: out) }
  public func reluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    // Chosen, not multiplied: a gradient that is no number must not reach what the function cut off.
    select(mapped(.reluDerivative, x), outputGradient, constant(0), into: out)
  }

  /// factor · scalar as a tensor (1).
  func product(_ factor: Float, _ scalar: Tensor?) -> Tensor {
    guard let scalar else { return constant(factor) }
    return combined(.multiply, constant(factor), Tensor(sharing: scalar, shape: [1]))
  }

  /// Downloads x: for whoever looks for the place where a computation broke.
  public func firstNonFinite(_ x: Tensor) -> Int? { x.values.firstIndex { !$0.isFinite } }

  // MARK: Moving numbers

  public func extractPatches(_ images: Tensor, patches: [[Int]], patchSize: Int, into out: Tensor) {
    gatherRows(
      matrix(images, columns: patchSize), pixelRows(of: images.shape, patches, patchSize),
      into: matrix(out, columns: patchSize))
  }
}
