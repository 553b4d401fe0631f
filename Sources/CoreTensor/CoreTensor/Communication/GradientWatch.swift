/// Tells, while a backward pass goes on, which parameters have received all that they will.
final class GradientWatch: @unchecked Sendable {
  @TaskLocal static var current: GradientWatch?

  /// Called with a parameter's leaf after the last of its uses.
  private let isFinal: (Node) -> Void
  private var uses: [ObjectIdentifier: Int] = [:]
  /// Whether uses can be known: not where a part of the graph is computed again, and then only known.
  private(set) var knowsUses = true

  init(isFinal: @escaping (Node) -> Void) { self.isFinal = isFinal }

  /// Looks at a graph before its backward pass.
  func begin(_ nodes: [Node]) {
    for node in nodes {
      if GradientWatch.hidesUses.contains(node.operation) { knowsUses = false }
      for leaf in node.inputs where leaf.parameterShape != nil {
        uses[ObjectIdentifier(leaf), default: 0] += 1
      }
    }
  }

  /// After a node's backward step.
  func passed(_ node: Node) {
    guard knowsUses else { return }
    for leaf in node.inputs where leaf.parameterShape != nil {
      let left = uses[ObjectIdentifier(leaf), default: 0] - 1
      uses[ObjectIdentifier(leaf)] = left
      if left == 0 { isFinal(leaf) }
    }
  }

  /// Operations whose backward step uses parameters that the graph does not show, or talks to other ranks itself, with
  /// which what is told of finished gradients must not be mixed up.
  private static let hidesUses: Set<String> = ["recomputed", gatheredOperation]
}

/// The name of the operation that gathers features of all ranks.
let gatheredOperation = "gathered"
