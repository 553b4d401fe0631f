import CoreTensor
import TestSupport
import Testing

/// The primitives that every backend implements, against their formulas.
@Suite struct PrimitiveTests {
  let backends: [any Backend] = [CPUBackend.shared, ReferenceBackend()]

  /// What both backends write for one call.
  private func both(_ shape: [Int], _ call: (any Backend, Tensor) -> Void) -> (Tensor, Tensor) {
    let results = backends.map { backend in
      let out = Tensor(shape, repeating: .nan)
      call(backend, out)
      return out
    }
    return (results[0], results[1])
  }

  @Test(arguments: UnaryFunction.allCases)
  func functionsOfOneNumber(function: UnaryFunction) {
    let magnitudes: [Float] = [
      0, 1e-30, 1e-6, 1e-3, 0.3, 0.62, 0.63, 1, 2, 5.5, 9, 20, 86, 88, 90, 1e4, 3e38,
    ]
    let values =
      magnitudes + magnitudes.map { -$0 } + stride(from: Float(-12), to: 12, by: 0.0137) + [
        .infinity, -.infinity,
      ]
    let x = Tensor(values, shape: [values.count])
    let (actual, expected) = both(x.shape) { $0.map(function, x, into: $1) }
    for (value, (a, e)) in zip(values, zip(actual.values, expected.values)) {
      // Far out, where these two are odd, a float is no angle that double knows better.
      if abs(value) > 1e4, function == .sine || function == .cosine { continue }
      let isAlike = a == e || (a.isNaN && e.isNaN) || abs(a - e) <= 3e-7 + 1e-6 * abs(e)
      if !isAlike { Issue.record("\(function) of \(value): \(a), not \(e)") }
    }
    let broken = Tensor([.nan, 1], shape: [2])
    let out = Tensor(uninitialized: [2])
    CPUBackend.shared.map(function, broken, into: out)
    #expect(out.values[0].isNaN || function == .reluDerivative)
  }

  @Test func exponentialsAndLogarithmsKeepTheirDigits() {
    let exponents = Array(stride(from: Float(-87), to: 88.7, by: 0.0371))
    let x = Tensor(exponents, shape: [exponents.count])
    let (actual, expected) = both(x.shape) { $0.map(.exponential, x, into: $1) }
    let worst = zip(actual.values, expected.values).map { abs($0 / $1 - 1) }.max()!
    #expect(worst < 3e-7)
    let positive = expected
    let (logs, exact) = both(x.shape) { $0.map(.logarithm, positive, into: $1) }
    #expect(zip(logs.values, exact.values).allSatisfy { abs($0 - $1) <= 2e-7 * max(abs($1), 1) })
    let small = Tensor(
      [Float(bitPattern: 71362), Float(bitPattern: 8_000_000), .leastNonzeroMagnitude], shape: [3])
    let (tiny, exactTiny) = both([3]) { $0.map(.logarithm, small, into: $1) }
    #expect(relativeDifference(tiny, exactTiny) < 1e-6)
  }

  static let broadcasts: [([Int], [Int])] = [
    ([7], [7]), ([3, 5], [1]), ([3, 5], [5]), ([3, 1], [1, 5]), ([2, 3, 40], [3, 1]),
    ([2, 1, 4, 1], [3, 1, 33]),
    ([1], [1]), ([4, 1, 1], [4, 6, 17]), ([1100, 61], [1100, 1]), ([2, 70_001], [2, 1]), ([0, 3], [3]),
    ([], [2, 2]),
  ]

  @Test(arguments: BinaryFunction.allCases, broadcasts)
  func functionsOfTwoNumbers(function: BinaryFunction, shapes: ([Int], [Int])) {
    var random = RandomTensors("two numbers")
    var (a, b) = (random.normal(shapes.0), random.normal(shapes.1))
    if function == .equal { (a, b) = (rounded(a), rounded(b)) }
    if function == .power { backends[0].map(.exponential, a, into: a) }
    let shape = broadcastShape(shapes.0, shapes.1)!
    let (actual, expected) = both(shape) { $0.combine(function, a, b, into: $1) }
    #expect(relativeDifference(actual, expected) < 1e-6)
    guard a.shape == shape else { return }
    // In the memory of an operand of the result's shape.
    let inPlace = a.copied()
    backends[0].combine(function, inPlace, b, into: inPlace)
    #expect(inPlace.values == actual.values)
  }

  private func rounded(_ x: Tensor) -> Tensor { Tensor(x.values.map { $0.rounded() }, shape: x.shape) }

  @Test(arguments: broadcasts)
  func selections(shapes: ([Int], [Int])) {
    var random = RandomTensors("selections")
    let (a, b) = (random.normal(shapes.0), random.normal(shapes.1))
    let shape = broadcastShape(shapes.0, shapes.1)!
    let condition = Tensor(random.normal(shape).values.map { $0 > 0 ? $0 : 0 }, shape: shape)
    for (first, second) in [(a, b), (b, a)] {
      let (actual, expected) = both(shape) { $0.select(condition, first, second, into: $1) }
      #expect(actual.values == expected.values)
    }
  }

  static let reductions: [([Int], [Int])] = [
    ([7], [0]), ([3, 5], [1]), ([3, 5], [0]), ([2, 3, 4], [1]), ([2, 3, 4], [0, 2]), ([2, 3, 4], [0, 1, 2]),
    ([5, 3, 11, 13], [0, 2, 3]), ([600, 70], [0]), ([3, 700, 65], [1]), ([2, 70_000], [1]),
    ([70_000, 3], [0]),
    ([3, 4], []), ([1, 1, 6], [1]), ([140_000], [0]), ([2, 0, 3], [1]), ([600, 300], [0]),
  ]

  @Test(arguments: Reduction.allCases, reductions)
  func sumsAndMaxima(reduction: Reduction, how: ([Int], [Int])) {
    var random = RandomTensors("reductions")
    let x = random.normal(how.0)
    let shape = x.shape.indices.map { how.1.contains($0) ? 1 : x.shape[$0] }
    let (actual, expected) = both(shape) { $0.reduce(reduction, x, over: how.1, into: $1) }
    #expect(relativeDifference(actual, expected) < 2e-6)
    guard x.count > 0 else { return }
    x.pointer[x.count / 2] = .nan
    let (broken, _) = both(shape) { $0.reduce(reduction, x, over: how.1, into: $1) }
    #expect(broken.values.contains { $0.isNaN })
  }

  /// Leading axes, m, k and n.
  static let products: [[Int]] = [
    [3, 5, 4], [2, 3, 5, 4], [20, 7, 1, 9], [2, 3, 130, 33, 17], [1, 1, 1], [17, 64, 40, 64], [300, 700, 5],
  ]

  @Test(arguments: products, ElementType.allCases)
  func matrices(sizes: [Int], type: ElementType) {
    let lead = Array(sizes.dropLast(3))
    let (m, k, n) = (sizes[sizes.count - 3], sizes[sizes.count - 2], sizes[sizes.count - 1])
    let backends: [any Backend] = [CPUBackend(type), ReferenceBackend(type)]
    for (across, along) in [(false, false), (true, false), (false, true), (true, true)] {
      var random = RandomTensors("matrices")
      let (a, b) = (
        random.normal(lead + (across ? [k, m] : [m, k])), random.normal(lead + (along ? [n, k] : [k, n]))
      )
      let before = random.normal(lead + [m, n])
      for accumulate in [false, true] {
        let results = backends.map { backend in
          let out = before.copied()
          backend.multiplyMatrices(
            a, transposingA: across, b, transposingB: along, into: out, accumulate: accumulate)
          return out
        }
        #expect(relativeDifference(results[0], results[1]) < 3e-6)
      }
    }
  }

  @Test func matricesWithoutDepth() {
    let (a, b) = (Tensor.zeros([2, 3, 0]), Tensor.zeros([2, 0, 4]))
    let (actual, expected) = both([2, 3, 4]) {
      $0.multiplyMatrices(a, transposingA: false, b, transposingB: false, into: $1, accumulate: false)
    }
    #expect(actual.values == expected.values && actual.values.allSatisfy { $0 == 0 })
  }

  /// Sizes, strides of the source, strides of the destination, and the first number of each.
  static let copies: [[[Int]]] = [
    [[3, 4], [4, 1], [4, 1], [0, 0]], [[3, 4], [1, 3], [4, 1], [0, 0]],
    [[37, 50], [1, 40], [60, 1], [3, 5]],
    [[3, 4], [4, 1], [1, 3], [0, 0]], [[2, 3, 4], [0, 4, 1], [12, 4, 1], [0, 0]],
    [[5, 6], [1, 0], [6, 1], [0, 0]],
    [[2, 3, 20, 30], [1800, 1, 90, 3], [1800, 600, 30, 1], [0, 0]], [[4], [2], [3], [1, 2]],
    [[2, 20, 3, 30], [1800, 30, 600, 1], [1800, 90, 30, 1], [0, 0]], [[70_000], [1], [1], [7, 0]],
    [[300, 300], [1, 300], [300, 1], [0, 0]], [[3, 0], [4, 1], [4, 1], [0, 0]], [[], [], [], [2, 1]],
  ]

  @Test(arguments: copies, ElementType.allCases)
  func stridedCopies(how: [[Int]], type: ElementType) {
    func end(_ strides: [Int], _ start: Int) -> Int {
      zip(how[0], strides).reduce(start + 1) { $0 + max($1.0 - 1, 0) * $1.1 }
    }
    var random = RandomTensors("copies")
    let x = Tensor(uninitialized: [end(how[1], how[3][0])], as: type)
    backends[1].convert(random.normal(x.shape), into: x)
    let results = backends.map { backend in
      let out = Tensor(uninitialized: [end(how[2], how[3][1]) + 5], as: type)
      backend.convert(Tensor(out.shape, repeating: 9), into: out)
      backend.copyStrided(
        x, StridedPlace(start: how[3][0], strides: how[1]), to: out,
        StridedPlace(start: how[3][1], strides: how[2]), sizes: how[0])
      return out.values
    }
    #expect(results[0] == results[1])
  }

  @Test func shapesAreRepeatedAsNumPyDoes() {
    #expect(broadcastShape([2, 1, 4], [3, 1]) == [2, 3, 4] && broadcastShape([], [5]) == [5])
    #expect(broadcastShape([2, 3], [2]) == nil && broadcastShape([0, 3], [1, 3]) == [0, 3])
    #expect(
      rowMajorStrides([2, 3, 4]) == [12, 4, 1] && broadcastStrides([3, 1], to: [2, 3, 4]) == [0, 1, 0])
  }

  /// In a process of its own, since the number of threads belongs to the process.
  @Test func primitivesDoNotDependOnTheNumberOfThreads() async {
    await #expect(processExitsWith: .success) {
      var random = RandomTensors("threads")
      let (x, y) = (random.normal([40, 90, 61]), random.normal([40, 61, 30]))
      func bits(threads: Int) -> [[UInt32]] {
        Compute.threads = threads
        let backend = CPUBackend.shared
        let sums = PrimitiveTests.axesOfSums.map { axes in
          let out = Tensor(uninitialized: x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] })
          backend.reduce(.sum, x, over: axes, into: out)
          return out
        }
        let product = Tensor(uninitialized: [40, 90, 30])
        backend.multiplyMatrices(
          x, transposingA: false, y, transposingB: false, into: product, accumulate: false)
        return (sums + [product]).map { $0.values.map(\.bitPattern) }
      }
      let alone = bits(threads: 1)
      for threads in [2, 3] { #expect(bits(threads: threads) == alone, "\(threads) threads") }
    }
  }
  static let axesOfSums = [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]]
}
