import CoreTensor
import TestSupport
import Testing

/// The primitives that operations use, called directly.
@Suite struct BackendTests {
  let backend = ProcessorBackend.shared
  let reference = ReferenceBackend()

  @Test(arguments: [
    ProductSizes(m: 3, n: 4, k: 5), ProductSizes(m: 1, n: 7, k: 1), ProductSizes(m: 131, n: 65, k: 40),
    ProductSizes(m: 65, n: 131, k: 40), ProductSizes(m: 20, n: 30, k: 700),
    ProductSizes(m: 300, n: 1, k: 1000),
  ])
  func productsInAllTranspositions(sizes: ProductSizes) {
    var random = RandomTensors("products")
    for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
      let a = random.normal(transposeA ? [sizes.k, sizes.m] : [sizes.m, sizes.k])
      let b = random.normal(transposeB ? [sizes.n, sizes.k] : [sizes.k, sizes.n])
      let before = random.normal([sizes.m, sizes.n])
      for accumulate in [false, true] {
        let (actual, expected) = (before.copied(), before.copied())
        backend.multiply(
          a, transposed: transposeA, b, transposed: transposeB, into: actual, sizes, accumulate: accumulate)
        reference.multiply(
          a, transposed: transposeA, b, transposed: transposeB, into: expected, sizes, accumulate: accumulate)
        let difference = relativeDifference(actual, expected)
        #expect(difference < 3e-6, "\(transposeA) \(transposeB) \(accumulate): \(difference)")
      }
    }
  }

  @Test func aProductOverwritesWhateverWasThere() {
    let out = Tensor([2, 2], repeating: .nan)
    let identity = Tensor([1, 0, 0, 1], shape: [2, 2])
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])
    backend.multiply(
      identity, transposed: false, x, transposed: true, into: out, ProductSizes(m: 2, n: 2, k: 2),
      accumulate: false)
    #expect(out.values == [1, 3, 2, 4])
  }

  @Test(arguments: [1, 63, 64, 65, 1024, 1025, 2500])
  func sumsOverRows(rows: Int) {
    var random = RandomTensors("rows")
    let (x, before) = (random.normal([rows, 19]), random.normal([19]))
    for accumulate in [false, true] {
      let (actual, expected) = (before.copied(), before.copied())
      backend.sumRows(x, into: actual, accumulate: accumulate)
      reference.sumRows(x, into: expected, accumulate: accumulate)
      #expect(relativeDifference(actual, expected) < 3e-6)
    }
  }

  @Test(arguments: [1, 7, 1 << 15, (1 << 15) + 1, 100_003])
  func sumsOfSquares(count: Int) {
    var random = RandomTensors("squares")
    let (a, b) = (random.normal([count]), random.normal([count]))
    let (squares, gap) = (reference.sumOfSquares(a), reference.squaredError(a, b))
    #expect(abs(backend.sumOfSquares(a) - squares) <= 1e-6 * squares)
    #expect(abs(backend.squaredError(a, b) - gap) <= 1e-6 * gap)
    #expect(backend.squaredError(a, a) == 0)
  }

  @Test func differencesAveragesAndScaledSums() {
    var random = RandomTensors("averages")
    let (a, b) = (random.normal([70_001]), random.normal([70_001]))
    let primitives: [(any Backend, Tensor) -> Void] = [
      { $0.difference(a, b, by: 0.37, into: $1) }, { $0.movingAverage(a, keep: 0.996, into: $1) },
      { $0.movingAverage(a, keep: 1, into: $1) }, { $0.movingAverage(a, keep: 0, into: $1) },
      { $0.addScaled(a, by: -0.7, into: $1) },
    ]
    for (index, primitive) in primitives.enumerated() {
      let (actual, expected) = (b.copied(), b.copied())
      primitive(backend, actual)
      primitive(reference, expected)
      #expect(relativeDifference(actual, expected) < 1e-6, "primitive \(index)")
    }
    let kept = b.copied()
    backend.movingAverage(a, keep: 1, into: kept)
    #expect(kept.values == b.values)
  }

  @Test func blocksAreCopiedAndNothingElse() {
    var random = RandomTensors("blocks")
    let (x, before) = (random.normal([50, 9]), random.normal([60, 11]))
    let (actual, expected) = (before.copied(), before.copied())
    for (backend, out) in [(backend as any Backend, actual), (reference, expected)] {
      backend.copyBlock(
        x, BlockPlace(start: 2, stride: 9), to: out, BlockPlace(start: 14, stride: 11), rows: 48, columns: 5)
    }
    #expect(actual.values == expected.values)
    #expect(actual.values[0..<14] == before.values[0..<14] && actual.values[14] == x.values[2])
  }

  @Test(arguments: [0, 0.05])
  func adamWUpdates(weightDecay: Double) {
    var random = RandomTensors("adam")
    let start = random.normal([40_000])
    let zero = Tensor.zeros([40_000])
    let actual = [start.copied(), zero.copied(), zero.copied()]
    let expected = [start.copied(), zero.copied(), zero.copied()]
    for count in 1...4 {
      let gradient = random.normal([40_000], scale: 0.01)
      let step = AdamWStep(
        learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: weightDecay, count: count,
        gradientScale: 0.25)
      backend.adamW(actual[0], gradient: gradient, first: actual[1], second: actual[2], step)
      reference.adamW(expected[0], gradient: gradient, first: expected[1], second: expected[2], step)
    }
    let allowed = [5e-6, 2e-6, 2e-6]
    for index in 0..<3 {
      #expect(relativeDifference(actual[index], expected[index]) < allowed[index])
    }
    #expect(relativeDifference(actual[0], start) > 1e-3)
  }

  @Test func theFirstNonFiniteValueIsFound() {
    let x = Tensor([2, 40_000], repeating: .greatestFiniteMagnitude)
    x.pointer[3] = .leastNonzeroMagnitude
    #expect(backend.firstNonFinite(x) == nil)
    for (position, value) in [(79_999, Float.nan), (40_001, -.infinity), (9, .infinity), (0, .signalingNaN)] {
      x.pointer[position] = value
      #expect(backend.firstNonFinite(x) == position)
      #expect(reference.firstNonFinite(x) == position)
    }
    #expect(backend.firstNonFinite(Tensor.zeros([0])) == nil)
  }
}
