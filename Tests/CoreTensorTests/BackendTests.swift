import CoreTensor
import TestSupport
import Testing

/// The primitives that operations use, called directly.
@Suite struct BackendTests {
  let backend = CPUBackend.shared
  let reference = ReferenceBackend()

  /// Rows, inputs and outputs of a dense layer.
  static let layers = [
    [3, 5, 4], [1, 1, 7], [131, 40, 65], [65, 40, 131], [20, 700, 30], [300, 1000, 1], [300, 64, 256],
    [33, 17, 95],
  ]

  @Test(arguments: layers, ElementType.allCases)
  func productsOfDenseLayers(sizes: [Int], type: ElementType) {
    let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
    var random = RandomTensors("products")
    let (x, up) = (random.normal([rows, inputs]), random.normal([rows, outputs]))
    let (weight, before) = (random.normal([outputs, inputs]), random.normal([outputs, inputs]))
    let backends: [any Backend] = [CPUBackend(type), ReferenceBackend(type)]
    let results = backends.map { backend -> [Tensor] in
      let (forward, backward) = (Tensor(x: rows, outputs), Tensor(x: rows, inputs))
      backend.product(x, weight, .forward, into: forward, then: .none)
      backend.product(up, weight, .backward, into: backward, then: .none)
      let (fresh, added) = (Tensor([outputs, inputs], repeating: .nan), before.copied())
      backend.weightGradient(up, x, into: fresh, accumulate: false)
      backend.weightGradient(up, x, into: added, accumulate: true)
      return [forward, backward, fresh, added]
    }
    for (index, (actual, expected)) in zip(results[0], results[1]).enumerated() {
      let difference = relativeDifference(actual, expected)
      #expect(difference < 3e-6, "result \(index): \(difference)")
    }
  }

  @Test(arguments: ElementType.allCases, [[70, 24, 40], [300, 32, 65]])
  func whatFollowsAProduct(type: ElementType, sizes: [Int]) {
    let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
    var random = RandomTensors("epilogues")
    let (x, weight) = (random.normal([rows, inputs]), random.normal([outputs, inputs], scale: 0.3))
    let (bias, residual) = (random.normal([outputs]), random.normal([rows, outputs]))
    let point = Tensor(uninitialized: [rows, outputs], as: type)
    reference.convert(random.normal([rows, outputs]), into: point)
    let backends: [any Backend] = [CPUBackend(type), ReferenceBackend(type)]
    let results = backends.map { backend -> [Tensor] in
      func made(_ outType: ElementType, _ epilogue: (Tensor) -> ProductEpilogue) -> Tensor {
        let out = Tensor(uninitialized: [rows, outputs], as: outType)
        backend.product(x, weight, .forward, into: out, then: epilogue(out))
        return out
      }
      let activated = (0..<2).map { _ in Tensor(uninitialized: [rows, outputs], as: type) }
      return [
        made(.float32) { _ in .bias(bias) }, made(type) { _ in .bias(bias) },
        made(.float32) { _ in .biasResidual(bias, residual: residual) },
        made(type) { .biasGELU(bias, activated: $0) },
        made(type) { _ in .biasGELU(bias, activated: activated[0]) },
        made(type) { _ in .geluGradient(at: point, activated: activated[1]) },
      ] + activated
    }
    // A bfloat16 result is rounded before what follows, which the reference does not do.
    let allowed = type == .float32 ? 3e-6 : 1.5e-2
    for (index, (actual, expected)) in zip(results[0], results[1]).enumerated() {
      let difference = relativeDifference(actual, expected)
      #expect(
        difference < (actual.elementType == .float32 ? 3e-6 : allowed), "result \(index): \(difference)")
    }
  }

  @Test(arguments: ElementType.allCases) func aPackedWeightIsPackedOnce(type: ElementType) {
    var random = RandomTensors("packed")
    let (x, weight) = (random.normal([7, 20]), random.normal([30, 20]))
    func product() -> [Float] {
      let out = Tensor(x: 7, 30)
      CPUBackend(type).product(x, weight, .forward, into: out, then: .none)
      return out.values
    }
    let (first, second, changed) = PackedWeights.keeping { () -> ([Float], [Float], [Float]) in
      let results = (product(), product())
      weight.pointer.update(repeating: 0, count: weight.count)
      return (results.0, results.1, product())
    }
    // What was packed stays, though the weight changed; outside, the change is seen.
    #expect(first == second && first == changed && product().allSatisfy { $0 == 0 })
  }

  /// Evaluations rest on it: candidates that are alike must rank alike, wherever they stand in a product.
  @Test(arguments: [[7, 20, 30], [200, 256, 48], [193, 300, 5], [96, 1030, 130]])
  func equalRowsGiveEqualResults(sizes: [Int]) {
    let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
    var random = RandomTensors("equal rows")
    let (row, weight) = (random.normal([1, inputs]), random.normal([outputs, inputs]))
    let x = Tensor([[Float]](repeating: row.values, count: rows).flatMap { $0 }, shape: [rows, inputs])
    for type in ElementType.allCases {
      let out = Tensor(uninitialized: [rows, outputs])
      CPUBackend(type).product(x, weight, .forward, into: out, then: .none)
      let first = Array(out.values.prefix(outputs))
      for index in 1..<rows {
        #expect(Array(out.values[index * outputs..<(index + 1) * outputs]) == first, "row \(index), \(type)")
      }
      // A gradient of weights whose outputs received the same has equal rows too.
      let gradient = Tensor(uninitialized: [outputs, inputs])
      let outputGradient = Tensor([rows, outputs], repeating: 0.3)
      CPUBackend(type).weightGradient(outputGradient, x, into: gradient, accumulate: false)
      for index in 1..<outputs {
        #expect(
          gradient.values[index * inputs..<(index + 1) * inputs] == gradient.values[..<inputs],
          "gradient's row \(index), \(type)")
      }
    }
  }

  @Test func roundingToBFloat16() {
    let special: [Float] = [
      0, -0.0, 1, 1.00390625, 1.01171875, -1.00390625, 3.3895314e38, .infinity, -.infinity, 1e-30, 65_504.7,
    ]
    var random = RandomTensors("rounding")
    let values = special + random.normal([1000], scale: 3).values
    let x = Tensor(values, shape: [values.count])
    let rounded = Tensor(uninitialized: x.shape, as: .bfloat16)
    backend.convert(x, into: rounded)
    #expect(rounded.values == values.map(ReferenceBackend.roundedToBFloat16))
    let back = Tensor(uninitialized: x.shape)
    backend.convert(rounded, into: back)
    #expect(back.values == rounded.values)
    let broken = Tensor(uninitialized: [3], as: .bfloat16)
    backend.convert(Tensor([1, .nan, 2], shape: [3]), into: broken)
    #expect(broken.values[1].isNaN && backend.firstNonFinite(broken) == 1)
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
    let (mean, expected) = (Tensor.zeros([1]), Tensor.zeros([1]))
    backend.meanSquaredError(a, b, into: mean)
    reference.meanSquaredError(a, b, into: expected)
    #expect(relativeDifference(mean, expected) <= 1e-6)
    backend.meanSquaredError(a, a, into: mean)
    #expect(mean.scalar == 0)
    let all: [any Backend] = [backend, reference, PrimitivesBackend()]
    for (clipNorm, loss) in [(0.0, Float(1)), (0.01, 2), (1e9, -3), (1, .nan)] {
      let scales = all.map { backend in
        let scale = Tensor.zeros([3])
        backend.gradientScale(
          [a, b], losses: Tensor([0.5, loss], shape: [2]), share: 0.25, clipNorm: clipNorm, into: scale)
        return scale.values
      }
      for scale in scales {
        #expect(relativeDifference(Array(scale[0..<2]), Array(scales[1][0..<2])) <= 2e-6)
        #expect(scale[2] == (loss.isNaN ? 0 : 1))
      }
    }
  }

  @Test func differencesAveragesAndScaledSums() {
    var random = RandomTensors("averages")
    let (a, b) = (random.normal([70_001]), random.normal([70_001]))
    let primitives: [(any Backend, Tensor) -> Void] = [
      { $0.difference(a, b, by: 0.37, times: nil, into: $1) },
      { $0.difference(a, b, by: 0.37, times: Tensor([-2], shape: [1]), into: $1) },
      { $0.scale(a, by: 3, times: Tensor([0.5], shape: [1]), into: $1) },
      { $0.addScaled(a, by: -0.7, into: $1) }, { Self.follow(a, 0.996, $1, $0) },
      { Self.follow(a, 0, $1, $0) },
    ]
    for (index, primitive) in primitives.enumerated() {
      let (actual, expected) = (b.copied(), b.copied())
      primitive(backend, actual)
      primitive(reference, expected)
      #expect(relativeDifference(actual, expected) < 1e-6, "primitive \(index)")
    }
    let kept = b.copied()
    Self.follow(a, 1, kept, backend)
    #expect(kept.values == b.values)
  }

  /// A parameter without gradient stays, and its average follows it.
  private static func follow(_ x: Tensor, _ decay: Double, _ average: Tensor, _ backend: any Backend) {
    let update = ParameterUpdate(
      parameter: x, gradient: nil, first: x, second: x, average: average, learningRate: 1, weightDecay: 1)
    let step = AdamWStep(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, count: 1, averageDecay: decay)
    backend.adamW([update], step, scale: Tensor([1, 1, 1], shape: [3]))
  }

  @Test func blocksAreCopiedAndNothingElse() {
    var random = RandomTensors("blocks")
    let (x, before) = (random.normal([50, 9]), random.normal([60, 11]))
    let (actual, expected) = (before.copied(), before.copied())
    for (backend, out) in [(backend as any Backend, actual), (reference, expected)] {
      backend.copyStrided(
        x, StridedPlace(start: 2, strides: [9, 1]), to: out, StridedPlace(start: 14, strides: [11, 1]),
        sizes: [48, 5])
    }
    #expect(actual.values == expected.values)
    #expect(actual.values[0..<14] == before.values[0..<14] && actual.values[14] == x.values[2])
  }

  @Test(arguments: [0, 0.05])
  func adamWUpdates(weightDecay: Double) {
    var random = RandomTensors("adam")
    let start = random.normal([40_000])
    let zero = Tensor.zeros([40_000])
    func state() -> [Tensor] { [start.copied(), zero.copied(), zero.copied(), zero.copied()] }
    let (actual, expected, composed) = (state(), state(), state())
    for count in 1...4 {
      let gradient = random.normal([40_000], scale: 0.01)
      let step = AdamWStep(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, count: count, averageDecay: 0.9)
      let backends: [any Backend] = [backend, reference, PrimitivesBackend()]
      for (backend, tensors) in zip(backends, [actual, expected, composed]) {
        let update = ParameterUpdate(
          parameter: tensors[0], gradient: gradient, first: tensors[1], second: tensors[2],
          average: count < 4 ? tensors[3] : nil, learningRate: 1e-2, weightDecay: weightDecay)
        backend.adamW([update], step, scale: Tensor([1, 0.25, 1], shape: [3]))
        let before = tensors.map(\.values)
        backend.adamW([update], step, scale: Tensor([.nan, .nan, 0], shape: [3]))
        #expect(tensors.map(\.values) == before, "what is not finite changes nothing")
      }
    }
    let allowed = [5e-6, 2e-6, 2e-6, 5e-6]
    for index in 0..<4 {
      #expect(relativeDifference(actual[index], expected[index]) < allowed[index])
      #expect(relativeDifference(composed[index], expected[index]) < allowed[index])
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

extension Tensor {
  /// A matrix whose values are yet to be written.
  fileprivate init(x rows: Int, _ columns: Int) { self.init(uninitialized: [rows, columns]) }
}
