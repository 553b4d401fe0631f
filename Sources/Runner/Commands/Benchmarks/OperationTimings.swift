import CoreTensor

/// Operations of a U-Net on batches of eight images, forward alone and with the backward pass.
struct OperationTimings {
  struct Row: Codable {
    /// Operation, channels, and side of the images.
    let name: String
    let forwardMilliseconds: Double
    let bothMilliseconds: Double
  }

  /// One operation on an image batch and its parameters.
  private struct Case {
    let name: String
    let shapes: [[Int]]
    let function: ([Tensor]) -> Tensor
  }

  static let batch = 8
  /// Inputs, outputs and side of 3 × 3 convolutions.
  private static let convolutions = [
    [1, 8, 224], [8, 8, 224], [16, 16, 112], [32, 32, 112], [64, 32, 112], [64, 64, 56], [128, 128, 56],
    [128, 128, 28], [256, 256, 28],
  ]

  private static var cases: [Case] {
    let small: [Case] = convolutions.map { sizes in
      Case(
        name: "convolution 3x3, \(sizes[0]) to \(sizes[1]), \(sizes[2])",
        shapes: [[batch, sizes[0], sizes[2], sizes[2]], [sizes[1], sizes[0], 3, 3], [sizes[1]]]
      ) { convolution2d($0[0], weight: $0[1], bias: $0[2], padding: 1) }
    }
    return small + [
      Case(
        name: "convolution 3x3 stride 2, 32 to 64, 112",
        shapes: [[batch, 32, 112, 112], [64, 32, 3, 3], [64]]
      ) {
        convolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2, padding: 1)
      },
      Case(name: "convolution 1x1, 64 to 64, 56", shapes: [[batch, 64, 56, 56], [64, 64, 1, 1], [64]]) {
        convolution2d($0[0], weight: $0[1], bias: $0[2])
      },
      Case(
        name: "transposed 2x2 stride 2, 128 to 64, 56",
        shapes: [[batch, 128, 56, 56], [128, 64, 2, 2], [64]]
      ) {
        transposedConvolution2d($0[0], weight: $0[1], bias: $0[2], stride: 2)
      },
      Case(name: "batch norm, 8, 224", shapes: [[batch, 8, 224, 224], [8], [8]]) {
        batchNorm($0[0], weight: $0[1], bias: $0[2])
      },
      Case(name: "batch norm, 64, 56", shapes: [[batch, 64, 56, 56], [64], [64]]) {
        batchNorm($0[0], weight: $0[1], bias: $0[2])
      },
      Case(name: "group norm, 32 in 8, 112", shapes: [[batch, 32, 112, 112], [32], [32]]) {
        groupNorm($0[0], groups: 8, weight: $0[1], bias: $0[2])
      },
      Case(name: "group norm, 256 in 32, 28", shapes: [[batch, 256, 28, 28], [256], [256]]) {
        groupNorm($0[0], groups: 32, weight: $0[1], bias: $0[2])
      },
      Case(name: "bilinear, 64, 56 to 112", shapes: [[batch, 64, 56, 56]]) {
        resized($0[0], height: 112, width: 112)
      },
      Case(name: "nearest, 64, 56 to 112", shapes: [[batch, 64, 56, 56]]) {
        resized($0[0], height: 112, width: 112, mode: .nearest)
      },
      Case(name: "max pool 2x2, 32, 112", shapes: [[batch, 32, 112, 112]]) { maxPool2d($0[0], size: 2) },
      Case(name: "silu, 32, 112", shapes: [[batch, 32, 112, 112]]) { silu($0[0]) },
      Case(name: "softmax, 1568 rows of 196", shapes: [[batch, 196, 196]]) { softmax($0[0]) },
    ]
  }

  let backend: any Backend
  let repeats: Int
  /// Seconds since some moment.
  let clock: () -> Double

  /// - Parameter filter: part of the names of what is timed; nil for all.
  func run(filter: String? = nil) -> [Row] {
    Compute.$backend.withValue(backend) {
      Self.cases.filter { filter.map($0.name.contains) ?? true }.map(row)
    }
  }

  private func row(_ operation: Case) -> Row {
    var random = RandomStream(seed: 1, stream: operation.name)
    let inputs = operation.shapes.map { shape in
      Tensor((0..<shape.reduce(1, *)).map { _ in Float(random.uniform(in: -1...1)) }, shape: shape)
    }
    let forward = median { _ = operation.function(inputs) }
    let parameter = Parameter(Tensor([0], shape: [1]))
    let outputGradient = Tensor(operation.function(inputs).shape, repeating: 0.5)
    let both = median {
      // Results of something before, which gradients reach and nobody keeps, as within a network.
      let learning = inputs.map { differentiable("input", [parameter.tensor], $0) { _ in } }
      backpropagate(operation.function(learning), outputGradient)
    }
    return Row(name: operation.name, forwardMilliseconds: forward, bothMilliseconds: both)
  }

  /// From a given gradient of the output, without work of its own.
  private func backpropagate(_ out: Tensor, _ outputGradient: Tensor) {
    let loss = differentiable("given gradient", [out], Tensor([0], shape: [1])) { _ in
      out.node?.receive(outputGradient)
    }
    loss.backward()
  }

  /// Milliseconds, after two runs that are not timed.
  private func median(_ body: () -> Void) -> Double {
    body()
    body()
    let times = (0..<repeats).map { _ in
      let began = clock()
      body()
      return clock() - began
    }
    return times.sorted()[times.count / 2] * 1e3
  }
}
