import CoreTensor

/// A task's part in numeric parity cases: folders in which an independent implementation of the published method wrote
/// down what it made of given weights and a given batch (`chex-runner verify`). The case names switches of the method;
/// the task that implements one says so here.
public struct TaskParity: Sendable {
  /// Names of the switches that the task implements: keys of `case.json`.
  public let switches: [String]
  /// Options with which the task takes part in a case; nil where the case is without it.
  public let options: @Sendable (ParitySwitches) throws -> [String: OptionValue]?
  /// What the predictor is told of target `target` when it predicts from context `context`, both counted from 0, in a
  /// case in which the task takes part: a latent's name and its numbers, `(B, width)`.
  public let latents:
    @Sendable (_ context: Int, _ target: Int, ParitySwitches, any ParityBatch) throws -> [(
      name: String, numbers: Tensor
    )]

  /// - Parameters:
  ///   - switches: keys of `case.json` that the task implements.
  ///   - options: of the task in a case; nil where the case is without the task.
  ///   - latents: what it tells in one prediction.
  public init(
    switches: [String], options: @escaping @Sendable (ParitySwitches) throws -> [String: OptionValue]?,
    latents:
      @escaping @Sendable (_ context: Int, _ target: Int, ParitySwitches, any ParityBatch) throws -> [(
        name: String, numbers: Tensor
      )]
  ) {
    self.switches = switches
    self.options = options
    self.latents = latents
  }
}

/// The tensors of a parity case's batch, `batch.safetensors`.
public protocol ParityBatch {
  /// Samples, `B`.
  var count: Int { get }
  /// Whether the file has a tensor of the name.
  func contains(_ name: String) -> Bool
  /// A tensor in float32.
  /// - Throws: an error with the file's path where it has none of the name, or one of another number of values.
  func tensor(_ name: String, shape: [Int]) throws -> Tensor
}

/// The switches of a parity case: all keys of `case.json` but those of the case itself (sizes, orders, optimiser).
public struct ParitySwitches: Sendable {
  /// Path of `case.json`, for messages.
  public let path: String
  public let values: [String: OptionValue]

  public init(path: String, values: [String: OptionValue]) { (self.path, self.values) = (path, values) }

  /// Keys `use_…` that are true, sorted: a case that has one cannot be replayed without the task that implements it.
  public var used: [String] {
    values.filter { $0.key.hasPrefix("use_") && $0.value == .boolean(true) }.keys.sorted()
  }

  /// Whether a switch is there and true.
  /// - Throws: `ParitySwitchError` where it is no truth value.
  public func flag(_ name: String) throws -> Bool {
    switch values[name] {
    case nil: return false
    case .boolean(let value): return value
    case .some(let other): throw ParitySwitchError(path, name, expected: "true or false", found: other)
    }
  }

  /// The number of a switch; 0 where the case has none of the name.
  /// - Throws: `ParitySwitchError` where it is no whole number of 0 or more.
  public func count(_ name: String) throws -> Int {
    switch values[name] {
    case nil: return 0
    case .integer(let value) where value >= 0: return value
    case .some(let other):
      throw ParitySwitchError(path, name, expected: "a whole number of 0 or more", found: other)
    }
  }
}

/// A switch of a parity case that is not of the type that its task expects.
public struct ParitySwitchError: Error, Equatable, CustomStringConvertible {
  public let description: String

  init(_ path: String, _ name: String, expected: String, found: OptionValue) {
    description = "\(path): \(name): expected \(expected), found \(found.tomlText)"
  }
}
