import CoreTensor

/// A part of a model that owns parameters.
public protocol Module: AnyObject {
  /// Shows every parameter, buffer and child module, each by its name within this module, always in one order.
  func visit(_ visitor: inout ParameterVisitor)
}

/// Walks a model and collects what it owns under dotted names.
public struct ParameterVisitor {
  /// A parameter or buffer, and its place in the model.
  public struct Entry {
    /// `encoder.blocks.0.attn.qkv.weight`
    public let name: String
    public let parameter: Parameter
    /// Buffers are what no gradient changes and what is saved beside the weights: fixed tables such as position
    /// encodings, and what follows statistics of batches.
    public let isBuffer: Bool
  }

  public private(set) var entries: [Entry] = []
  private var path: [String] = []

  public init() {}

  public mutating func parameter(_ parameter: Parameter, _ name: String) { append(parameter, name, false) }
  public mutating func buffer(_ buffer: Parameter, _ name: String) { append(buffer, name, true) }

  /// Visits `module` as child `name`; an empty name adds its parameters to the parent's own.
  public mutating func module(_ module: any Module, _ name: String) {
    guard !name.isEmpty else { return module.visit(&self) }
    path.append(name)
    module.visit(&self)
    path.removeLast()
  }

  private mutating func append(_ parameter: Parameter, _ name: String, _ isBuffer: Bool) {
    entries.append(
      Entry(name: (path + [name]).joined(separator: "."), parameter: parameter, isBuffer: isBuffer))
  }
}

extension Module {
  /// Everything the module owns, by dotted name.
  public var entries: [ParameterVisitor.Entry] {
    var visitor = ParameterVisitor()
    visit(&visitor)
    return visitor.entries
  }

  /// Takes over the values of a module that has the same parameters; false where it has others.
  func assignAll(_ other: any Module) -> Bool {
    let (own, others) = (entries, other.entries)
    guard own.map(\.name) == others.map(\.name),
      own.map(\.parameter.shape) == others.map(\.parameter.shape)
    else { return false }
    for (entry, source) in zip(own, others) { entry.parameter.assign(source.parameter.tensor) }
    return true
  }
}

/// How a module's parameters begin, and whether training changes them.
public struct Initializer {
  /// The only source of randomness for initial weights.
  public var random: RandomStream
  /// False for a module that follows another by moving average.
  public let trainable: Bool

  public init(random: RandomStream, trainable: Bool = true) {
    self.random = random
    self.trainable = trainable
  }

  /// Normal with standard deviation 0.02, cut at two deviations, divided by `divisor`.
  public mutating func truncatedNormal(_ shape: [Int], dividedBy divisor: Float = 1) -> Parameter {
    let tensor = Tensor(shape) { values in
      for position in values.indices {
        var value = random.normal()
        while abs(value) > 2 { value = random.normal() }
        values[position] = Float(0.02 * value) / divisor
      }
    }
    return Parameter(tensor, trainable: trainable)
  }

  /// Uniform from -bound to bound.
  public mutating func uniform(_ shape: [Int], within bound: Float) -> Parameter {
    let tensor = Tensor(shape) { values in
      for position in values.indices { values[position] = Float(random.uniform(in: -1...1)) * bound }
    }
    return Parameter(tensor, trainable: trainable)
  }

  public func constant(_ value: Float, _ shape: [Int]) -> Parameter {
    Parameter(Tensor(shape, repeating: value), trainable: trainable)
  }
}
