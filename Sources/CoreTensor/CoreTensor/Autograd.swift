import CFaults
import Foundation

/// One step of a computation, remembered so that gradients can flow back through it.
public final class Node: @unchecked Sendable {
  /// The operation's name, and the module that called it where an observer watches.
  public let operation: String
  public let scope: String
  let inputs: [Node]
  /// Later nodes have higher orders, so descending order is a valid order for the backward pass.
  let order: Int
  var gradient: Tensor?
  private var backward: ((Tensor) -> Void)?
  /// The plugin's code that made it, whose the backward step is too.
  let running: UnsafePointer<CChar>?
  /// A parameter's shape; nil where the node is none.
  let parameterShape: [Int]?
  let isLeaf: Bool
  /// Where the output lives, and so its gradient.
  private let device: any Device

  private static let counter = Counter()

  init(
    operation: String, inputs: [Node], on device: any Device, backward: @escaping (Tensor) -> Void
  ) {
    self.operation = operation
    self.device = device
    self.inputs = inputs
    self.backward = backward
    scope = Observation.scope
    running = chex_running()
    parameterShape = nil
    order = Self.counter.next()
    isLeaf = false
  }

  /// A leaf: gradients stay here.
  /// - Parameter parameter: shape of the parameter that it is of; nil for none.
  init(leaf name: String, parameter: [Int]? = nil, on device: any Device) {
    operation = name
    self.device = device
    scope = ""
    inputs = []
    running = nil
    parameterShape = parameter
    order = Self.counter.next()
    isLeaf = true
  }

  /// Adds `gradient` to what this node has received.
  public func receive(_ gradient: Tensor) {
    guard self.gradient != nil else {
      self.gradient = isLeaf ? gradient.copied() : gradient.detached
      return
    }
    let backend = Compute.backend("sum of gradients that reach \(operation)", gradient)
    receive(shape: gradient.shape) { sum, _ in backend.addScaled(gradient, by: 1, into: sum) }
  }

  /// Lets `write` put a gradient straight into this node's buffer.
  /// - Parameter write: gets the buffer, and whether to add to what it holds (else it is undefined).
  func receive(shape: [Int], write: (Tensor, _ accumulate: Bool) -> Void) {
    guard var sum = gradient else {
      let fresh = Tensor(uninitialized: shape, on: device)
      write(fresh, false)
      gradient = fresh
      return
    }
    gradient = nil
    if !sum.ownsMemory() { sum = sum.copied() }
    write(sum, true)
    gradient = sum
  }

  /// Runs the backward step once and forgets everything that it held.
  fileprivate func propagate() {
    guard !isLeaf, let gradient else { return }
    guard let backward else {
      fail(
        "Tensor.backward: a gradient \(gradient.shape) reached \(operation), through which a backward pass went "
          + "before, so that it would be lost; add losses up and call backward() once")
    }
    self.backward = nil
    self.gradient = nil
    let outer = chex_running()
    chex_set_running(running ?? outer)
    defer { chex_set_running(outer) }
    Observation.check(gradient, operation: operation, scope: scope, phase: .backward)
    backward(gradient)
    guard Observation.observer != nil else { return }
    // No later step looks at what a parameter received.
    for case let (leaf, received?) in inputs.map({ ($0, $0.gradient) }) where leaf.isLeaf {
      Observation.check(received, operation: operation, scope: scope, phase: .backward)
    }
  }

  fileprivate func forget() {
    backward = nil
    gradient = nil
  }

  private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var value = 0
    func next() -> Int {
      lock.withLock {
        value += 1
        return value
      }
    }
  }
}

extension Tensor {
  /// Whether gradients flow to this tensor.
  public var requiresGradient: Bool { node != nil }

  /// Back-propagates from this scalar to every parameter that it was computed from; parameters add the gradient
  /// to what they already have. Activations are freed as they are consumed, so that a result takes part in one
  /// backward pass: losses are added up first.
  /// - Precondition: one value, computed from at least one parameter.
  public func backward() {
    require(count == 1, "Tensor.backward: shape \(shape) is no scalar")
    backward(from: Tensor(shape, repeating: 1, on: device))
  }

  /// The same from a given gradient of this tensor.
  /// - Parameter first: the oldest node that may take part beside parameters; nil for any.
  func backward(from gradient: Tensor, notBefore first: Node? = nil) {
    guard let root = node else { fail("Tensor.backward: computed from no parameter") }
    var pending = reachable(from: root).sorted { $0.order < $1.order }
    if let first, let older = pending.first(where: { !$0.isLeaf && $0.order < first.order }) {
      fail(
        "recomputed: its body uses a result of \(older.operation) that was computed before and wants a gradient, which "
          + "would be lost; give the body that tensor as its argument, or detach it")
    }
    ParameterUses.current?.note(pending)
    // A pass within a pass does not know what the outer one is still to bring.
    let watch = first == nil ? GradientWatch.current : nil
    watch?.begin(pending)
    root.receive(gradient)
    while let node = pending.popLast() {
      node.propagate()
      watch?.passed(node)
      if !node.isLeaf { node.forget() }
    }
  }

  private func reachable(from root: Node) -> [Node] {
    var seen: Set<ObjectIdentifier> = [ObjectIdentifier(root)]
    var found = [root]
    var next = 0
    while next < found.count {
      for input in found[next].inputs where seen.insert(ObjectIdentifier(input)).inserted {
        found.append(input)
      }
      next += 1
    }
    return found
  }
}

/// Attaches history to an operation's result, where any of its inputs wants a gradient. With it a plugin makes
/// operations of its own:
///
///     func square(_ x: Tensor) -> Tensor {
///       let out = Tensor(x.values.map { $0 * $0 }, shape: x.shape)
///       return differentiable("square", [x], out) { outputGradient in
///         let inputGradient = zip(x.values, outputGradient.values).map { 2 * $0 * $1 }
///         x.node?.receive(Tensor(inputGradient, shape: x.shape))
///       }
///     }
///
/// - Parameters:
///   - operation: its name in reports of numbers that are not finite.
///   - inputs: everything that the output was computed from.
///   - output: without history.
///   - backward: is given the gradient of the output, of its shape and float32, and hands to each input that wants
///     one (`input.node` is not nil) its own. Runs at most once, on the thread of `Tensor.backward()`.
/// - Returns: `output`, with history.
public func differentiable(
  _ operation: String, _ inputs: [Tensor], _ output: Tensor, backward: @escaping (Tensor) -> Void
) -> Tensor {
  Observation.check(output, operation: operation, scope: Observation.scope, phase: .forward)
  let nodes = History.isPaused ? [] : inputs.compactMap(\.node)
  guard !nodes.isEmpty else { return output }
  var result = output
  result.node = Node(operation: operation, inputs: nodes, on: output.device, backward: backward)
  return result
}

/// Where a tensor's gradient goes, without its values: a backward pass that does not need them must not keep them.
struct GradientReceiver {
  /// Nil where it wants none.
  let node: Node?
  let shape: [Int]
}

extension Tensor {
  var receiver: GradientReceiver { GradientReceiver(node: node, shape: shape) }
}

enum History {
  /// While true, results remember nothing.
  @TaskLocal static var isPaused = false
}

/// Runs `body` without remembering how its results came about: for whoever only looks at a model that could learn.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try History.$isPaused.withValue(true, operation: body)
}

/// `body(x)`, of which only x is kept: the backward pass computes what lies between once more, which costs a forward
/// pass and saves its activations (Chen et al. 2016). The body must give the same result each time, of x, parameters
/// and tensors that want no gradient.
public func recomputed(_ x: Tensor, _ body: @escaping (Tensor) -> Tensor) -> Tensor {
  guard x.node != nil, !History.isPaused else { return body(x) }
  let out = History.$isPaused.withValue(true) { body(x) }
  let scope = Observation.scope
  return differentiable("recomputed", [x], out) { outputGradient in
    let leaf = Node(leaf: "recomputed", on: x.device)
    var again = x.detached
    again.node = leaf
    Observation.$scope.withValue(scope) { body(again) }.backward(from: outputGradient, notBefore: leaf)
    if let gradient = leaf.gradient { x.node?.receive(gradient) }
  }
}
