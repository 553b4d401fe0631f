import CoreTensor
import Foundation
import TestSupport
import Testing

/// Sums whose order does not follow the number of processes.
@Suite struct CommunicationTests {
  // MARK: The tree

  @Test func aRangeOfAPowerOfTwoIsOneNode() {
    let tree = SummationTree(count: 8)
    #expect(tree.pieces(of: 0..<8) == [0..<8])
    #expect(tree.pieces(of: 4..<8) == [4..<8])
    #expect(tree.pieces(of: 2..<4) == [2..<4])
    #expect(tree.pieces(of: 3..<6) == [3..<4, 4..<6])
  }

  /// Whatever divides the leaves, the pieces of the parts are nodes of the one tree, and cover it.
  @Test(arguments: 1...24) func piecesAreNodesThatCoverARange(count: Int) {
    let tree = SummationTree(count: count)
    var nodes: Set<Range<Int>> = []
    for lower in 0..<count {
      for upper in lower + 1...count {
        let pieces = tree.pieces(of: lower..<upper)
        #expect(pieces.flatMap { Array($0) } == Array(lower..<upper))
        nodes.formUnion(pieces)
      }
    }
    // A tree of n leaves has 2n - 1 nodes.
    #expect(nodes.count == 2 * count - 1)
  }

  // MARK: Gradients

  /// A parameter of which some micro-batches ask nothing, one that all use, one that none does, and a large one.
  private static func parameters() -> [Parameter] {
    [[3], [5, 7], [2], [40_000]].enumerated().map { index, shape in
      var random = RandomStream(seed: 7, stream: "parameter", index: index)
      return Parameter(
        Tensor((0..<shape.reduce(1, *)).map { _ in Float(random.normal()) }, shape: shape), name: "p\(index)")
    }
  }

  private static func loss(_ parameters: [Parameter], microBatch: Int) -> Tensor {
    var random = RandomStream(seed: 9, stream: "micro-batch", index: microBatch)
    func term(_ parameter: Parameter) -> Tensor {
      let factors = Tensor(
        (0..<parameter.tensor.count).map { _ in Float(random.normal()) }, shape: parameter.shape)
      return (parameter.tensor * parameter.tensor * factors).sum()
    }
    let always = term(parameters[1]) + term(parameters[3])
    return microBatch % 2 == 1 ? always + term(parameters[0]) : always
  }

  /// Gradients of a step of so many micro-batches, by one rank's part of it.
  private static func gradients(
    _ count: Int, _ communicator: (any Communicator)?, sentAs: ElementType = .float32
  ) throws -> [[Float]?] {
    let parameters = parameters()
    let (rank, size) = (communicator?.rank ?? 0, communicator?.size ?? 1)
    let each = count / size
    let queue = communicator.map { $0 as? CommunicationQueue ?? CommunicationQueue($0) }
    let reducer = GradientReducer(
      parameters, microBatches: count, own: rank * each..<(rank + 1) * each, communication: queue,
      sentAs: sentAs, bucketBytes: 64)
    for batch in rank * each..<(rank + 1) * each {
      reducer.collect { loss(parameters, microBatch: batch).backward() }
    }
    let presence = try queue?.gather(bytes: reducer.presence.map { $0 ? 1 : 0 })
    try reducer.finish { index in presence.map { $0.contains { $0[index] == 1 } } ?? true }
    return parameters.map { $0.gradient?.values }
  }

  @Test(arguments: [(12, 1), (12, 2), (12, 3), (12, 4), (12, 6), (12, 12), (2, 2), (15, 3), (7, 7)])
  func gradientsHaveTheBitsOfOneProcess(count: Int, ranks: Int) throws {
    let alone = try Self.gradients(count, nil)
    #expect(alone[2] == nil && alone[1] != nil)
    for shared in try ThreadGroup.run(ranks, { try Self.gradients(count, $0) }) {
      for (one, many) in zip(alone, shared) {
        #expect(one?.map(\.bitPattern) == many?.map(\.bitPattern))
      }
    }
  }

  /// As bfloat16 gradients are half as large, and near.
  @Test func halvedGradientsAreNear() throws {
    let alone = try Self.gradients(4, nil)
    let (shared, traffic) = try ThreadGroup.run(2) { communicator in
      let queue = CommunicationQueue(communicator)
      return (try Self.gradients(4, queue, sentAs: .bfloat16), queue.traffic)
    }[0]
    let whole = try ThreadGroup.run(2) { communicator in
      let queue = CommunicationQueue(communicator)
      _ = try Self.gradients(4, queue)
      return queue.traffic
    }[0]
    #expect(traffic.calls == whole.calls)
    #expect(Double(traffic.byteCount) < 0.51 * Double(whole.byteCount))
    #expect(shared[3] != alone[3])
    let pairs: [(Float, Float)] = Array(zip(alone[3]!, shared[3]!))
    // A number of bfloat16 is within 1/256 of what was rounded.
    let largest = alone[3]!.map(abs).max()!
    #expect(pairs.allSatisfy { one, many in abs(one - many) <= 0.01 * largest })
  }

  /// The tree's order is not that of a running sum, or these tests could not tell the two apart.
  @Test func theOrderOfSumsShows() throws {
    let tree = try Self.gradients(12, nil)
    let parameters = Self.parameters()
    for batch in 0..<12 { Self.loss(parameters, microBatch: batch).backward() }
    #expect(parameters[3].gradient?.values != tree[3])
    let difference = zip(parameters[3].gradient!.values, tree[3]!).map { abs($0 - $1) }.max()!
    #expect(difference < 1e-4)
  }

  // MARK: Features of all ranks

  /// The gradient of a contrastive loss over gathered features is that of the loss over all of them at once.
  @Test(arguments: [1, 2, 4]) func gatheredFeaturesHaveTheGradientOfTheWhole(ranks: Int) throws {
    @Sendable func features(_ rows: Range<Int>) -> Tensor {
      Tensor(
        rows.flatMap { row in
          var random = RandomStream(seed: 3, stream: "features", index: row)
          return (0..<5).map { _ in Float(random.normal()) }
        }, shape: [rows.count, 5])
    }
    @Sendable func loss(_ x: Tensor) -> Tensor {
      let chances = softmax(matmul(x, x.transposed()), axis: 1)
      return (chances * chances).sum()
    }
    let whole = Parameter(features(0..<8))
    loss(whole.tensor).backward()
    let expected = whole.gradient!.values
    let each = 8 / ranks
    let found = try ThreadGroup.run(ranks) { communicator in
      let own = Parameter(features(communicator.rank * each..<(communicator.rank + 1) * each))
      Compute.$communicator.withValue(communicator) {
        // Each rank's loss is the whole's: their mean is taken by the share of a step's gradients.
        (loss(gathered(own.tensor)) * Tensor([1 / Float(ranks)], shape: [1])).sum().backward()
      }
      return own.gradient!.values
    }
    for (a, b) in zip(found.flatMap { $0 }, expected) { #expect(abs(a - b) < 1e-5) }
  }

  /// Lists of tensors are added up in the tree's order, to the same bits on each rank.
  @Test(arguments: [2, 3, 5]) func listsAreAddedUpOverRanks(ranks: Int) throws {
    @Sendable func own(_ rank: Int) -> [[Float]] {
      [[Float(rank) / 3, 1e8], [Float(rank + 1) / 7]]
    }
    let found = try ThreadGroup.run(ranks) { communicator in
      let tensors = own(communicator.rank).map { Tensor($0, shape: [$0.count]) }
      try communicator.sum(tensors)
      return tensors.map(\.values)
    }
    func sum(_ node: Range<Int>, _ list: Int, _ place: Int) -> Float {
      guard node.count > 1 else { return own(node.lowerBound)[list][place] }
      var left = 1
      while left * 2 < node.count { left *= 2 }
      let middle = node.lowerBound + left
      return sum(node.lowerBound..<middle, list, place) + sum(middle..<node.upperBound, list, place)
    }
    let expected = [[sum(0..<ranks, 0, 0), sum(0..<ranks, 0, 1)], [sum(0..<ranks, 1, 0)]]
    for own in found { #expect(own == expected) }
  }

  @Test func whatARankThrowsReachesItsCaller() throws {
    final class Broken: Communicator {
      let (name, rank, size) = ("broken", 0, 2)
      func moves(_ device: any Device) -> Bool { true }
      func broadcast(_ x: Tensor, from root: Int) throws { throw CommunicationError("gone") }
      func exchange(_ x: Tensor, into out: Tensor) throws { throw CommunicationError("gone") }
      func gather(_ x: Tensor, into out: Tensor) throws { throw CommunicationError("gone") }
      func barrier() throws { throw CommunicationError("gone") }
      func abort(status: Int32) -> Never { fatalError() }
    }
    let parameters = Self.parameters()
    let reducer = GradientReducer(
      parameters, microBatches: 2, own: 0..<1, communication: CommunicationQueue(Broken()))
    reducer.collect { Self.loss(parameters, microBatch: 0).backward() }
    #expect(throws: CommunicationError.self) { try reducer.finish { _ in true } }
  }
}
