import CoreTensor
import NeuralNetworks
import WorldModel

/// A communicator, tried among the processes that were started together: one, unless a launcher started more.
struct CommunicatorTrial {
  let definition: CommunicatorDefinition
  let given: [String: OptionValue]
  /// Of the processes; nil where this is the only one.
  let launch: LaunchEnvironment?
  /// Joined once.
  let joined: Result<any Communicator, any Error>
  private let shape = TrialConfiguration.suiting([])

  init(_ definition: CommunicatorDefinition, given: [String: OptionValue], launch: LaunchEnvironment?) {
    (self.definition, self.given, self.launch) = (definition, given, launch)
    joined = Result {
      try definition.join(
        Options(definition.options, given: given),
        CommunicatorRequest(launch: launch ?? .alone, device: CPUDevice.shared))
    }
  }

  func place() throws {
    let communicator = try joined.get()
    let (rank, size) = (launch?.rank ?? 0, launch?.size ?? 1)
    guard communicator.rank == rank, communicator.size == size else {
      throw Broken(
        "expected rank \(rank) of \(size), found rank \(communicator.rank) of \(communicator.size)")
    }
    guard communicator.moves(CPUDevice.shared) else {
      throw Broken("it does not move tensors of the processor, by which the host's own words travel")
    }
  }

  // MARK: What is moved

  /// Numbers that tell whose they are and where they stand, with some that no sum would leave as they are.
  private func numbers(_ count: Int, rank: Int, part: Int = 0) -> [Float] {
    (0..<count).map { place in
      place % 97 == 13 ? -0.0 : Float(rank * 1000 + part * 100) + Float(place % 89) / 7
    }
  }

  private static let counts = [1, 3, 1000, 300_001]

  func broadcast() throws {
    let communicator = try joined.get()
    for count in Self.counts {
      for root in 0..<communicator.size {
        let x = Tensor(numbers(count, rank: communicator.rank), shape: [count], on: CPUDevice.shared)
        try communicator.broadcast(x, from: root)
        try same(x.values, numbers(count, rank: root), "broadcast of \(count) numbers from rank \(root)")
      }
    }
  }

  func gather() throws {
    let communicator = try joined.get()
    for count in Self.counts {
      let x = Tensor(numbers(count, rank: communicator.rank), shape: [count], on: CPUDevice.shared)
      let out = Tensor(uninitialized: [communicator.size, count], on: CPUDevice.shared)
      try communicator.gather(x, into: out)
      try same(
        out.values, (0..<communicator.size).flatMap { numbers(count, rank: $0) }, "gather of \(count) numbers"
      )
    }
    let own = [UInt8](repeating: UInt8(communicator.rank), count: communicator.rank * 5 + 1)
    let expected = (0..<communicator.size).map { [UInt8](repeating: UInt8($0), count: $0 * 5 + 1) }
    guard try communicator.gather(bytes: own) == expected else {
      throw Broken("bytes of other lengths on each rank come back as others")
    }
  }

  func exchange() throws {
    let communicator = try joined.get()
    let (rank, size) = (communicator.rank, communicator.size)
    for count in Self.counts {
      let x = Tensor(
        (0..<size).flatMap { numbers(count, rank: rank, part: $0) }, shape: [size, count],
        on: CPUDevice.shared)
      let out = Tensor(uninitialized: [size, count], on: CPUDevice.shared)
      try communicator.exchange(x, into: out)
      try same(
        out.values, (0..<size).flatMap { numbers(count, rank: $0, part: rank) },
        "exchange of \(count) numbers")
    }
  }

  func order() throws {
    let communicator = try joined.get()
    for turn in 0..<200 {
      let numbers = [Float(turn * 100 + communicator.rank)]
      let out = Tensor(uninitialized: [communicator.size, 1], on: CPUDevice.shared)
      try communicator.gather(Tensor(numbers, shape: [1], on: CPUDevice.shared), into: out)
      try same(out.values, (0..<communicator.size).map { Float(turn * 100 + $0) }, "call \(turn) of 200")
      if turn % 50 == 0 { try communicator.barrier() }
    }
  }

  private func same(_ found: [Float], _ expected: [Float], _ what: String) throws {
    for (place, pair) in zip(found, expected).enumerated() where pair.0.bitPattern != pair.1.bitPattern {
      throw Broken("\(what): expected \(pair.1) at place \(place), found \(pair.0)")
    }
  }

  // MARK: What is made of it

  /// A gradient of what was gathered comes back to its rank, added up over all.
  func gradients() throws {
    let communicator = try joined.get()
    let (rank, size) = (communicator.rank, communicator.size)
    let own = Parameter(Tensor(numbers(6, rank: rank), shape: [2, 3], on: CPUDevice.shared))
    Compute.$communicator.withValue(communicator) {
      (gathered(own.tensor) * Tensor([Float(rank + 1)], shape: [1], on: CPUDevice.shared)).sum().backward()
    }
    let expected = Float(size * (size + 1) / 2)
    guard own.gradient?.values == [Float](repeating: expected, count: 6) else {
      throw Broken(
        "the gradient of gathered numbers: expected \(expected) in all six places, found \(own.gradient?.values ?? [])"
      )
    }
  }

  /// Steps that ranks share have the bits of those that one process takes alone.
  func training() throws {
    let communicator = try joined.get()
    let (rank, size) = (communicator.rank, communicator.size)
    for each in [1, 3] {
      let batches = { (step: Int) in
        (0..<size * each).map { TrialConfiguration.batch(shape, step * size * each + $0) }
      }
      let (alone, shared) = (optimization(), optimization())
      shared.communication = CommunicationQueue(communicator)
      for step in 0..<2 {
        let all = batches(step)
        let one = try alone.step(all, learningRate: 1e-3, emaDecay: 0.9)
        let own = Array(all[rank * each..<(rank + 1) * each])
        let many = try shared.step(own, learningRate: 1e-3, emaDecay: 0.9)
        guard one.loss == many.loss, one.gradientNorm == many.gradientNorm else {
          throw Broken(
            "step \(step) of \(size) × \(each) micro-batches reports \(many.loss), one process \(one.loss)")
        }
      }
      for (one, many) in zip(alone.model.entries, shared.model.entries) {
        try same(
          many.parameter.tensor.values, one.parameter.tensor.values,
          "\(one.name) after two steps of \(size) × \(each) micro-batches, beside one process")
      }
    }
  }

  private func optimization() -> Optimization {
    let model = WorldModel(shape, latents: [], seed: TaskTrial.seed)
    return Optimization(model, settings: AdamWSettings(), reduction: .mean)
  }
}
