/// A box within an array: what is cut from it, or placed in it.
struct BoxOfAxes {
  let shape: [Int]
  let ranges: [Range<Int>]

  init(_ shape: [Int], _ ranges: [Range<Int>]) {
    self.shape = shape
    self.ranges = ranges
  }

  var size: [Int] { ranges.map(\.count) }
  private var within: StridedPlace {
    let strides = rowMajorStrides(shape)
    return StridedPlace(
      start: zip(ranges, strides).reduce(0) { $0 + $1.0.lowerBound * $1.1 }, strides: strides)
  }
  private var alone: StridedPlace { StridedPlace(strides: rowMajorStrides(size)) }

  func cut(_ x: Tensor, _ backend: any Backend) -> Tensor {
    let out = backend.empty(size, as: x.elementType)
    cut(x, into: out, backend)
    return out
  }

  func cut(_ x: Tensor, into out: Tensor, _ backend: any Backend) {
    backend.copyStrided(x, within, to: out, alone, sizes: size)
  }

  func place(_ x: Tensor, in out: Tensor, _ backend: any Backend) {
    backend.copyStrided(x, alone, to: out, within, sizes: size)
  }

  func placed(_ x: Tensor, around value: Float, _ backend: any Backend) -> Tensor {
    guard shape != size else { return x.detached }
    let out = backend.filled(shape, with: value)
    place(x, in: out, backend)
    return out
  }
}
