/// A function of each number by itself, over the whole range of float32; NaN gives NaN.
public enum UnaryFunction: String, Sendable, CaseIterable {
  case negate
  case absolute
  /// -1, 0 or 1: the derivative of `absolute`.
  case sign
  case reciprocal
  /// e^x
  case exponential
  /// The natural logarithm.
  case logarithm
  case squareRoot
  case reciprocalSquareRoot
  case square
  /// 1 / (1 + e^-x)
  case sigmoid
  case tanh
  /// x Φ(x), the exact Gaussian error linear unit (Hendrycks and Gimpel 2016).
  case gelu
  case geluDerivative
  /// max(x, 0)
  case relu
  /// 1 where x > 0, else 0.
  case reluDerivative
  /// x / (1 + e^-x) (Elfwing et al. 2018).
  case silu
  case siluDerivative
  case sine
  case cosine
  case errorFunction
}

/// A function of two numbers.
public enum BinaryFunction: String, Sendable, CaseIterable {
  case add
  case subtract
  case multiply
  case divide
  /// a to the power b, as C's `powf`.
  case power
  /// NaN where one of the two is NaN.
  case maximum
  case minimum
  /// 1 where a > b, else 0.
  case greater
  case greaterOrEqual
  case equal
}

/// How numbers along axes become one.
public enum Reduction: String, Sendable, CaseIterable {
  /// 0 for no numbers.
  case sum
  /// -infinity for no numbers; NaN where one is NaN.
  case maximum
}

/// Where an array of several axes lies in a tensor, in numbers.
public struct StridedPlace: Sendable, Equatable {
  /// Position of the first number.
  public let start: Int
  /// Numbers from one index to the next along each axis; 0 reads one number again and again.
  public let strides: [Int]

  public init(start: Int = 0, strides: [Int]) {
    self.start = start
    self.strides = strides
  }
}

/// The shape that two shapes have together under NumPy's broadcasting: axes are matched from the last one on, and an
/// axis of size 1, or one that is missing, is repeated.
/// - Returns: nil where they do not fit.
public func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int]? {
  let rank = max(a.count, b.count)
  var shape = [Int](repeating: 1, count: rank)
  for axis in 0..<rank {
    let (own, other) = (axis + a.count - rank, axis + b.count - rank)
    let (m, n) = (own >= 0 ? a[own] : 1, other >= 0 ? b[other] : 1)
    guard m == n || m == 1 || n == 1 else { return nil }
    shape[axis] = m == 1 ? n : m
  }
  return shape
}

/// Numbers from one index to the next along each axis of a dense, row-major array.
public func rowMajorStrides(_ shape: [Int]) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
  return strides
}

/// Strides with which a dense array of `shape` is read as one of the broadcast shape `target`.
public func broadcastStrides(_ shape: [Int], to target: [Int]) -> [Int] {
  let own = rowMajorStrides(shape)
  let missing = target.count - shape.count
  return target.indices.map { axis in
    let place = axis - missing
    return place < 0 || shape[place] == 1 ? 0 : own[place]
  }
}
