/// Adds up the gradients of one step's micro-batches, those of this process and those of all others, in the order of
/// `SummationTree`; across processes while the last backward pass still goes on.
///
/// Parameters travel in buckets, the last ones of the model first, since a backward pass finishes those first. Each rank
/// receives its part of a bucket from all others, adds it up, and gives the sum to all. So every rank sends and receives
/// about twice the size of the model, whatever their number.
public final class GradientReducer {
  private let parameters: [Parameter]
  private let tree: SummationTree
  private let own: Range<Int>
  private let communication: CommunicationQueue?
  private var partial: [PartialSums<Tensor?>]
  private let buckets: [GradientBucket]
  /// Parameters of each bucket that have not received everything yet.
  private var pending: [Int]
  private var launched = 0
  private var place: [ObjectIdentifier: (parameter: Int, bucket: Int)] = [:]
  private let results: GradientResults
  private let sentAs: ElementType
  private var next: Int

  /// - Parameters:
  ///   - parameters: in the model's order, which is that of all ranks.
  ///   - microBatches: of the whole step.
  ///   - own: those of this process, of the same number on each rank.
  ///   - communication: to the others; nil where there are none.
  ///   - sentAs: how gradients travel; as bfloat16 they are half as large, and the sums depend on the number of ranks.
  ///   - bucketBytes: about the size of a bucket.
  public init(
    _ parameters: [Parameter], microBatches: Int, own: Range<Int>, communication: CommunicationQueue?,
    sentAs: ElementType = .float32, bucketBytes: Int = 8 << 20
  ) {
    (self.parameters, self.own, self.communication) = (parameters, own, communication)
    self.sentAs = sentAs
    tree = SummationTree(count: microBatches)
    partial = parameters.map { [tree] _ in PartialSums(tree, of: own) }
    next = own.lowerBound
    buckets =
      communication.map { GradientBucket.all(parameters, ranks: $0.size, bytes: bucketBytes) } ?? []
    pending = buckets.map(\.places.count)
    results = GradientResults(buckets: buckets.count)
    for (number, bucket) in buckets.enumerated() {
      for own in bucket.places {
        guard let leaf = parameters[own.parameter].leaf else { continue }
        place[ObjectIdentifier(leaf)] = (own.parameter, number)
      }
    }
  }

  /// Runs the backward pass of the next micro-batch and takes the gradients that it leaves.
  public func collect(_ backward: () throws -> Void) rethrows {
    let isLast = next + 1 == own.upperBound
    if isLast, communication != nil {
      let watch = GradientWatch { [self] leaf in note(leaf) }
      try GradientWatch.$current.withValue(watch, operation: backward)
      while launched < buckets.count { launch() }
    } else {
      try backward()
      for index in parameters.indices { take(index) }
    }
    next += 1
  }

  /// Leaves the sums as the parameters' gradients.
  /// - Parameter isPresent: whether any micro-batch of any rank gave a parameter a gradient.
  /// - Throws: what the communicator says.
  public func finish(isPresent: (Int) -> Bool) throws {
    guard let communication else {
      for (index, parameter) in parameters.enumerated() {
        parameter.leaf?.gradient = partial[index].sums[0].value
      }
      return
    }
    try communication.wait()
    for (bucket, sums) in zip(buckets, results.sums) {
      for own in bucket.places {
        let parameter = parameters[own.parameter]
        parameter.leaf?.gradient =
          isPresent(own.parameter) ? Tensor(sharing: sums!, shape: parameter.shape, start: own.offset) : nil
      }
    }
  }

  /// For each parameter, whether a micro-batch of this process gave it a gradient.
  public var presence: [Bool] { partial.map { $0.sums.contains { $0.value != nil } } }

  private func take(_ index: Int) {
    let gradient = parameters[index].gradient
    parameters[index].clearGradient()
    partial[index].append(gradient, of: next, Self.add)
  }

  /// The sum of two gradients, in the memory of the first: nothing where neither is there.
  private static func add(_ left: Tensor?, _ right: Tensor?) -> Tensor? {
    guard let left, let right else { return left ?? right }
    Compute.backend("sum of gradients", left).addScaled(right, by: 1, into: left)
    return left
  }

  private func note(_ leaf: Node) {
    guard let (_, bucket) = place[ObjectIdentifier(leaf)] else { return }
    pending[bucket] -= 1
    // Ranks must agree on the order, whichever bucket is ready first.
    while launched < buckets.count, pending[launched] == 0 { launch() }
  }

  private func launch() {
    guard let communication else { return }
    let (number, bucket) = (launched, buckets[launched])
    launched += 1
    for own in bucket.places { take(own.parameter) }
    let ranges = (0..<communication.size).map { $0 * own.count..<($0 + 1) * own.count }
    let pieces = ranges.map(tree.pieces)
    let rounds = pieces.map(\.count).max() ?? 0
    let sums = bucket.places.map { partial[$0.parameter].sums.map(\.value) }
    let sent = (0..<rounds).map { round in
      bucket.packed(sums.map { round < $0.count ? $0[round] : nil }, parameters, ranks: communication.size)
        .converted(to: sentAs)
    }
    let exchange = BucketExchange(tree: tree, pieces: pieces, sent: sent)
    communication.enqueue { [results] communicator in
      results.sums[number] = try exchange.run(communicator)
    }
  }
}

/// Sums of buckets, which the thread that communicates writes, and which are read when it has finished.
private final class GradientResults: @unchecked Sendable {
  var sums: [Tensor?]
  init(buckets: Int) { sums = Array(repeating: nil, count: buckets) }
}

/// Parameters that travel together.
struct GradientBucket: Sendable {
  /// Which parameters, and where each begins, in values.
  let places: [(parameter: Int, offset: Int)]
  /// Values, with what fills up to the next multiple.
  let count: Int

  /// Values that a parameter begins at a multiple of, so that its sum is aligned as its own memory would be.
  private static let alignment = 16

  /// All parameters, from the last to the first, in buckets whose counts `ranks` divides.
  static func all(_ parameters: [Parameter], ranks: Int, bytes: Int) -> [GradientBucket] {
    var buckets: [GradientBucket] = []
    var places: [(parameter: Int, offset: Int)] = []
    var end = 0
    func close() {
      guard !places.isEmpty else { return }
      let unit = ranks * alignment
      buckets.append(GradientBucket(places: places, count: (end + unit - 1) / unit * unit))
      (places, end) = ([], 0)
    }
    for index in parameters.indices.reversed() {
      places.append((index, end))
      end += (parameters[index].tensor.count + alignment - 1) / alignment * alignment
      if end * ElementType.float32.byteCount >= bytes { close() }
    }
    close()
    return buckets
  }

  /// The gradients of the bucket's parameters side by side, `(ranks, count / ranks)`. What is not there is -0, to which
  /// any number can be added and keeps its bits.
  func packed(_ gradients: [Tensor?], _ parameters: [Parameter], ranks: Int) -> Tensor {
    let device = parameters[places[0].parameter].tensor.device
    let packed = Tensor(uninitialized: [ranks, count / ranks], on: device)
    for (number, own) in places.enumerated() {
      let size = parameters[own.parameter].tensor.count
      let end = number + 1 < places.count ? places[number + 1].offset : count
      if let gradient = gradients[number] {
        Tensor(sharing: packed, shape: [size], start: own.offset).overwrite(with: gradient)
      }
      let empty = gradients[number] == nil ? own.offset : own.offset + size
      if empty < end { Tensor(sharing: packed, shape: [end - empty], start: empty).fill(-0.0) }
    }
    return packed
  }
}

/// What is sent of one bucket, and how what comes back is added up.
private struct BucketExchange: @unchecked Sendable {
  let tree: SummationTree
  /// Of each rank.
  let pieces: [[Range<Int>]]
  /// Of this rank's pieces, each `(size, n)`.
  let sent: [Tensor]

  /// - Returns: the sums of the whole bucket, `(size, n)`.
  func run(_ communicator: any Communicator) throws -> Tensor {
    let received = try sent.map { own in
      let received = Tensor(uninitialized: own.shape, as: own.elementType, on: own.device)
      try communicator.exchange(own, into: received)
      return received.converted(to: .float32)
    }
    var rows: [Range<Int>: Tensor] = [:]
    let columns = sent[0].shape[1]
    for (rank, pieces) in pieces.enumerated() {
      for (round, node) in pieces.enumerated() {
        rows[node] = Tensor(sharing: received[round], shape: [columns], start: rank * columns)
      }
    }
    let sum = tree.sum({ rows[$0] }) { left, right in
      Compute.backend("sum of gradients", left).addScaled(right, by: 1, into: left)
      return left
    }
    let whole = Tensor(uninitialized: sent[0].shape, as: sent[0].elementType, on: sent[0].device)
    try communicator.gather(sum.converted(to: whole.elementType), into: whole)
    return whole.converted(to: .float32)
  }
}

extension Tensor {
  /// The same values in another element type; itself where it has it.
  fileprivate func converted(to type: ElementType) -> Tensor {
    guard type != elementType else { return self }
    let converted = Tensor(uninitialized: shape, as: type, on: device)
    Compute.backend("convert", self).convert(self, into: converted)
    return converted
  }
}
