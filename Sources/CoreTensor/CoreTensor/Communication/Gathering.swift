extension Compute {
  /// The processes that compute this step together; nil where there is one. For objectives and norms that want the
  /// features of the whole step and not only of one micro-batch.
  @TaskLocal public static var communicator: (any Communicator)?
}

/// The rows of all ranks, in order of ranks, `(size · n, …)`: x itself, `(n, …)`, where there is one process. Gradients
/// flow back to the ranks whose rows they are of, added up in the order of ranks.
///
/// A loss that is made of it depends on how many micro-batches are computed at once, so a step of W ranks has no longer
/// the bits of one rank with W-fold accumulation; it keeps its own.
/// - Parameter x: of one shape on every rank; float32.
/// - Precondition: every rank calls it, in the same order.
public func gathered(_ x: Tensor) -> Tensor {
  guard let communicator = Compute.communicator, communicator.size > 1 else { return x }
  require(x.elementType == .float32, "gathered: a tensor \(x.shape) of \(x.elementType)")
  let (size, rows) = (communicator.size, x.shape[0])
  let out = Tensor(uninitialized: [size, x.count], on: x.device)
  moving("gathered") { try communicator.gather(Tensor(sharing: x, shape: [x.count]), into: out) }
  let whole = Tensor(sharing: out, shape: [size * rows] + x.shape.dropFirst())
  return differentiable(gatheredOperation, [x], whole) { outputGradient in
    let own = Tensor(uninitialized: [size, x.count], on: x.device)
    moving("gradient of gathered") {
      try communicator.exchange(Tensor(sharing: outputGradient, shape: [size, x.count]), into: own)
    }
    let sum = SummationTree(count: size).sumOfRows(own)
    x.node?.receive(Tensor(sharing: sum, shape: x.shape))
  }
}

/// Operations do not throw: what fails within one ends the process in words, and with it all ranks.
private func moving(_ operation: String, _ body: () throws -> Void) {
  do { try body() } catch { fail("\(operation): \(error)") }
}
