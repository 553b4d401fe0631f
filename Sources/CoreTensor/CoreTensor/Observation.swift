/// Watches operations as they happen, for a finite check after every module.
///
/// Nothing is watched unless `Observation.watching` is around the computation.
public protocol OperationObserver: AnyObject, Sendable {
  /// A result (forward) or a gradient that reached it (backward).
  func observe(_ tensor: Tensor, operation: String, scope: String, phase: OperationPhase)
}

public enum OperationPhase: String, Sendable { case forward, backward }

public enum Observation {
  @TaskLocal static var observer: (any OperationObserver)?
  /// Dotted path of the module that is running, such as `encoder.blocks.3.attn`; empty while nobody watches.
  @TaskLocal static var scope = ""

  /// Runs `body` while `observer` sees every operation that this thread starts.
  public static func watching<Result>(
    _ observer: any OperationObserver, _ body: () throws -> Result
  ) rethrows -> Result {
    try $observer.withValue(observer, operation: body)
  }

  /// Runs `body` as part of module `name`.
  public static func within<Result>(
    _ name: @autoclosure () -> String, _ body: () throws -> Result
  ) rethrows -> Result {
    guard observer != nil else { return try body() }
    let path = scope.isEmpty ? name() : scope + "." + name()
    return try $scope.withValue(path, operation: body)
  }

  /// Shows whoever watches a result that no operation of the core made, such as what a plugin's code returned.
  public static func check(_ tensor: Tensor, as operation: String) {
    check(tensor, operation: operation, scope: scope, phase: .forward)
  }

  static func check(_ tensor: Tensor, operation: String, scope: String, phase: OperationPhase) {
    observer?.observe(tensor, operation: operation, scope: scope, phase: phase)
  }
}

/// Names the first operation whose result is not finite.
public final class FiniteCheck: OperationObserver, @unchecked Sendable {
  /// Where the first NaN or infinity appeared.
  public struct Finding: Sendable, Equatable {
    public let operation: String
    public let scope: String
    public let phase: OperationPhase
    /// The plugin's code that ran; nil where it was the program's own.
    public let code: String?
    public let shape: [Int]
    /// Position in row-major order.
    public let position: Int
    public let value: Float
  }

  public private(set) var first: Finding?
  /// Operations looked at.
  public private(set) var checked = 0

  public init() {}

  public func observe(_ tensor: Tensor, operation: String, scope: String, phase: OperationPhase) {
    guard first == nil else { return }
    checked += 1
    if let position = Compute.backend.firstNonFinite(tensor) {
      first = Finding(
        operation: operation, scope: scope, phase: phase, code: PluginCode.running, shape: tensor.shape,
        position: position, value: tensor.values[position])
    }
  }
}
