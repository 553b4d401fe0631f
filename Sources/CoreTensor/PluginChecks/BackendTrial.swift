import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

/// A backend, tried beside the processor's on random numbers.
struct BackendTrial {
  let definition: BackendDefinition
  let given: [String: OptionValue]
  private let shape = TrialConfiguration.suiting([])
  /// Largest difference that is allowed, relative to the largest number of a result.
  private static let tolerance = 1e-4

  init(definition: BackendDefinition, given: [String: OptionValue]) {
    (self.definition, self.given) = (definition, given)
  }

  func options() throws {
    try OptionTrial.check(definition.options) { _ = try definition.make($0, BackendRequest()) }
  }

  /// In float32: what is compared with the processor's float32.
  func backend() throws -> any Backend {
    try definition.make(
      Options(definition.options, given: given), BackendRequest(precision: .float32))
  }

  // MARK: Memory

  func memory() throws {
    let (backend, again) = (try backend(), try backend())
    guard backend.device === again.device else {
      throw Broken(
        "two backends of one place have devices of their own, so that tensors of the one are foreign to the other; keep "
          + "one Device object for each place")
    }
    guard BackendRequest.parts(of: backend.device.name).plugin == definition.name else {
      throw Broken(
        "the device is called \"\(backend.device.name)\"; expected \(definition.name) or \(definition.name):PLACE, as "
          + "--device names it")
    }
    for count in [0, 1, 7, 1000, 70_001] {
      let values = (0..<count).map { Float($0) - 3.5 }
      let tensor = Tensor(values, shape: [count], on: backend.device)
      let copy = tensor.copied()
      tensor.overwrite { $0.update(repeating: 1) }
      guard copy.values == values, tensor.values == [Float](repeating: 1, count: count) else {
        throw Broken("\(count) numbers that were uploaded and copied come back as others")
      }
      let filled = Tensor([count], repeating: -2.5, on: backend.device)
      guard filled.values.allSatisfy({ $0 == -2.5 }) else {
        throw Broken("\(count) numbers filled with -2.5 come back as others")
      }
    }
  }

  // MARK: Operations

  /// Results of `body` by the backend, beside those of the processor.
  func compare(_ name: String, _ body: (any Backend) throws -> [Tensor]) throws {
    let (made, expected) = (try body(backend()), try body(CPUDevice.shared.backend))
    for (index, (found, right)) in zip(made, expected).enumerated() {
      let (found, right) = (found.values, right.values)
      let largest = right.reduce(Float.leastNormalMagnitude) { $1.isFinite ? max($0, abs($1)) : $0 }
      for (place, (a, b)) in zip(found, right).enumerated() {
        if a == b || a.isNaN && b.isNaN { continue }
        guard abs(a - b) <= Float(Self.tolerance) * largest else {
          throw Broken(
            "\(name), result \(index): \(a) at place \(place), expected \(b) as the processor has it, to "
              + "\(Self.tolerance) of the largest number, \(largest)")
        }
      }
    }
  }

  /// Random numbers, or rows of a host's list.
  struct Inputs {
    var random = RandomStream(seed: TaskTrial.seed, stream: "backend")
    let device: any Device
    mutating func normal(_ shape: [Int], positive: Bool = false) -> Tensor {
      let values = (0..<shape.reduce(1, *)).map { _ -> Float in
        let value = Float(random.normal())
        return positive ? abs(value) + 0.1 : value
      }
      return Tensor(values, shape: shape, on: device)
    }
  }

  private static let shapes: [([Int], [Int], [Int])] = [
    ([3, 5], [3, 5], [3, 5]), ([2, 3, 4], [4], [2, 3, 4]), ([3, 1], [1, 4], [3, 4]), ([1], [2, 2], [2, 2]),
    ([2, 1, 3, 1], [5, 1, 4], [2, 5, 3, 4]), ([40_000], [1], [40_000]),
  ]

  func primitives() throws {
    for function in UnaryFunction.allCases {
      try compare("map \(function)") { backend in
        var inputs = Inputs(device: backend.device)
        let isPartial: Set<UnaryFunction> = [.logarithm, .squareRoot, .reciprocalSquareRoot]
        let x = inputs.normal([7, 33], positive: isPartial.contains(function))
        let out = backend.empty(x.shape)
        backend.map(function, x, into: out)
        return [out]
      }
    }
    for function in BinaryFunction.allCases {
      for (left, right, shape) in Self.shapes {
        try compare("combine \(function) of \(left) and \(right)") { backend in
          var inputs = Inputs(device: backend.device)
          let (a, b) = (inputs.normal(left, positive: true), inputs.normal(right, positive: true))
          let (out, chosen) = (backend.empty(shape), backend.empty(shape))
          backend.combine(function, a, b, into: out)
          backend.select(inputs.normal(shape), a, b, into: chosen)
          return [out, chosen]
        }
      }
    }
    for (shape, axes) in [
      ([4, 6], [1]), ([4, 6], [0]), ([3, 4, 5], [0, 2]), ([2, 3, 4, 5], [1, 2]), ([9], [0]),
    ] {
      for reduction in Reduction.allCases {
        try compare("reduce \(reduction) of \(shape) over \(axes)") { backend in
          var inputs = Inputs(device: backend.device)
          let out = backend.empty(shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
          backend.reduce(reduction, inputs.normal(shape), over: axes, into: out)
          return [out]
        }
      }
    }
    try products()
    try moves()
  }

  private func products() throws {
    for (transposingA, transposingB) in [(false, false), (true, false), (false, true), (true, true)] {
      for (batch, m, n, k) in [([Int](), 5, 7, 3), ([2], 1, 4, 6), ([2, 3], 17, 33, 65)] {
        try compare("multiplyMatrices \(batch) \(m) × \(k) × \(n)") { backend in
          var inputs = Inputs(device: backend.device)
          let a = inputs.normal(batch + (transposingA ? [k, m] : [m, k]))
          let b = inputs.normal(batch + (transposingB ? [n, k] : [k, n]))
          let out = inputs.normal(batch + [m, n])
          let sum = out.copied()
          backend.multiplyMatrices(
            a, transposingA: transposingA, b, transposingB: transposingB, into: out, accumulate: false)
          backend.multiplyMatrices(
            a, transposingA: transposingA, b, transposingB: transposingB, into: sum, accumulate: true)
          return [out, sum]
        }
      }
    }
  }

  private func moves() throws {
    try compare("convert, gatherRows, scatterRows and copyStrided") { backend in
      var inputs = Inputs(device: backend.device)
      let x = inputs.normal([6, 9])
      let (half, back) = (backend.empty([6, 9], as: .bfloat16), backend.empty([6, 9]))
      backend.convert(x, into: half)
      backend.convert(half, into: back)
      let (gathered, scattered) = (backend.empty([4, 9]), inputs.normal([6, 9]))
      backend.gatherRows(x, [5, 0, 0, 3], into: gathered)
      backend.scatterRows(gathered, [1, 5, 2, 0], into: scattered)
      let (permuted, repeated) = (backend.empty([9, 6]), Tensor.zeros([3, 10], on: backend.device))
      backend.copyStrided(
        x, StridedPlace(start: 0, strides: [1, 9]), to: permuted, StridedPlace(start: 0, strides: [6, 1]),
        sizes: [9, 6])
      backend.copyStrided(
        x, StridedPlace(start: 2, strides: [0, 1]), to: repeated, StridedPlace(start: 1, strides: [10, 1]),
        sizes: [3, 5])
      return [back, gathered, scattered, permuted, repeated]
    }
  }

  // MARK: Training

  /// Some steps of a small world model: losses, norms and weights, and that the same steps give the same bits.
  func training() throws {
    let expected = try trained(CPUDevice.shared.backend)
    let (first, second) = (try trained(backend()), try trained(backend()))
    guard first == second else { throw Broken("two runs of three steps end with different numbers") }
    for (name, right) in expected.sorted(by: { $0.key < $1.key }) {
      let found = first[name] ?? []
      // A weight without a true gradient moves by rounding alone: by a learning rate a step at most.
      let largest = right.reduce(Float(1e-3)) { max($0, abs($1)) }
      for (place, (a, b)) in zip(found, right).enumerated() {
        let allowed = 1e-3 * largest + (name.hasSuffix("bias") ? 3 * Self.learningRate : 0)
        guard abs(a - b) <= allowed else {
          throw Broken(
            "\(name) at place \(place) is \(a) after three steps, expected \(b) as the processor has it")
        }
      }
    }
  }

  private static let learningRate: Float = 1e-3

  private func model(_ backend: any Backend) -> Optimization {
    let model = Compute.$backend.withValue(backend) { WorldModel(shape, latents: [], seed: TaskTrial.seed) }
    return Optimization(model, settings: AdamWSettings(), reduction: .mean, backend: backend)
  }

  private func trained(_ backend: any Backend) throws -> [String: [Float]] {
    let optimization = model(backend)
    var numbers: [String: [Float]] = [:]
    for step in 0..<3 {
      let report = try optimization.step(
        [TrialConfiguration.batch(shape, step)], learningRate: Double(Self.learningRate), emaDecay: 0.9)
      numbers["loss \(step)"] = [Float(report.loss), Float(report.gradientNorm)]
    }
    for entry in optimization.model.entries { numbers[entry.name] = entry.parameter.tensor.values }
    return numbers
  }

  /// A step that is not finite changes nothing, and says so.
  func refusal() throws {
    let optimization = model(try backend())
    _ = try optimization.step([TrialConfiguration.batch(shape, 0)], learningRate: 1e-3, emaDecay: 0.9)
    let before = optimization.model.entries.map { $0.parameter.tensor.values }
    var broken = TrialConfiguration.batch(shape, 1)
    broken.contexts[0].images.overwrite { $0[5] = .nan }
    broken.contexts[0].visible = nil
    do {
      _ = try optimization.step([broken], learningRate: 1e-3, emaDecay: 0.9)
    } catch is NonFiniteStep {
      guard optimization.model.entries.map({ $0.parameter.tensor.values }) == before else {
        throw Broken(
          "a step whose loss is no number changes weights; adamW must do nothing where scale[2] is 0")
      }
      return
    }
    throw Broken("a step whose loss is no number passes; gradientScale must write 0 at place 2 then")
  }
}
