/// Slices of x along an axis, by number; a number may stand several times.
/// - Parameters:
///   - x: of any shape.
///   - axis: counted from the end where negative.
///   - indices: of slices; the axis has as many in the result.
public func gather(_ x: Tensor, axis: Int, indices: [Int]) -> Tensor {
  let axis = resolvedAxis(axis, of: x.shape, "gather")
  let plan = SlicesOfAxis(x.shape, axis, indices, "gather")
  let backend = Compute.backend("gather", x)
  let out = backend.empty(plan.chosenShape)
  backend.gatherRows(plan.matrix(x), plan.rows, into: plan.matrix(out))
  let source = x.receiver
  return differentiable("gather", [x], out) { outputGradient in
    let inputGradient = backend.filled(source.shape, with: 0)
    addRows(plan.matrix(outputGradient), plan.rows, to: plan.matrix(inputGradient), backend)
    source.node?.receive(inputGradient)
  }
}

/// Zeros of which slice `indices[i]` along an axis has slice i of x added; a number may stand several times.
/// - Parameters:
///   - x: of any shape.
///   - axis: counted from the end where negative.
///   - indices: one for each slice of x.
///   - size: of the axis in the result.
public func scatterAdd(_ x: Tensor, axis: Int, indices: [Int], size: Int) -> Tensor {
  let axis = resolvedAxis(axis, of: x.shape, "scatterAdd")
  require(
    indices.count == x.shape[axis],
    "scatterAdd: \(indices.count) indices for axis \(axis) of input \(x.shape)")
  var shape = x.shape
  shape[axis] = size
  let plan = SlicesOfAxis(shape, axis, indices, "scatterAdd")
  let backend = Compute.backend("scatterAdd", x)
  let out = backend.filled(shape, with: 0)
  addRows(plan.matrix(x), plan.rows, to: plan.matrix(out), backend)
  let source = x.receiver
  return differentiable("scatterAdd", [x], out) { outputGradient in
    let inputGradient = backend.empty(source.shape)
    backend.gatherRows(plan.matrix(outputGradient), plan.rows, into: plan.matrix(inputGradient))
    source.node?.receive(inputGradient)
  }
}

/// Slices along an axis as rows of a matrix.
private struct SlicesOfAxis {
  let width: Int
  /// Of the array that slices are taken from.
  let rows: [Int]
  let chosenShape: [Int]

  init(_ shape: [Int], _ axis: Int, _ indices: [Int], _ operation: String) {
    require(
      indices.allSatisfy { 0..<shape[axis] ~= $0 },
      "\(operation): an index is outside axis \(axis) of \(shape)")
    width = shape[(axis + 1)...].reduce(1, *)
    rows = (0..<shape[..<axis].reduce(1, *)).flatMap { outer in indices.map { outer * shape[axis] + $0 } }
    var chosen = shape
    chosen[axis] = indices.count
    chosenShape = chosen
  }

  func matrix(_ x: Tensor) -> Tensor { Tensor(sharing: x, shape: [x.count / max(width, 1), width]) }
}
