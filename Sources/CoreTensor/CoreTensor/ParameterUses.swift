/// Parameters that backward passes reached while it watched, and whose code used them: for whoever must know that all
/// of them belong to a model.
public final class ParameterUses: @unchecked Sendable {
  /// A parameter, and the first operation that used it.
  public struct Use: Sendable, Equatable {
    public let shape: [Int]
    public let operation: String
    /// The plugin's code that called the operation; nil where it was the program's own.
    public let code: String?
  }

  @TaskLocal static var current: ParameterUses?
  private var uses: [ObjectIdentifier: Use] = [:]
  /// Parameters in the order in which they were met.
  private var order: [ObjectIdentifier] = []

  public init() {}

  /// Runs `body`, whose backward passes are watched.
  public func watching<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$current.withValue(self, operation: body)
  }

  /// Uses of parameters that are not among `known`, in the order in which they were met.
  public func others(than known: some Sequence<Parameter>) -> [Use] {
    let leaves = Set(known.lazy.compactMap(\.leaf).map(ObjectIdentifier.init))
    return order.filter { !leaves.contains($0) }.map { uses[$0]! }
  }

  func note(_ nodes: [Node]) {
    for node in nodes {
      for leaf in node.inputs {
        guard let shape = leaf.parameterShape, uses[ObjectIdentifier(leaf)] == nil else { continue }
        order.append(ObjectIdentifier(leaf))
        uses[ObjectIdentifier(leaf)] = Use(
          shape: shape, operation: node.operation, code: node.running.map { String(cString: $0) })
      }
    }
  }
}
