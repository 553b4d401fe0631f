/// A tensor that training changes, or (frozen) a buffer that it does not.
public final class Parameter: @unchecked Sendable {
  /// Dotted name within the model, set when the model is assembled: `encoder.blocks.0.attn.qkv.weight`.
  public var name: String
  let leaf: Node?
  /// The value as an input of operations: gradients flow to it unless frozen. Written in place by the optimiser.
  public let tensor: Tensor

  /// A parameter that begins with the given values. Buffers, and modules that follow others by moving average, are not
  /// trainable.
  public init(_ value: Tensor, name: String = "", trainable: Bool = true) {
    self.name = name
    leaf = trainable ? Node(leaf: name, parameter: value.shape, on: value.device) : nil
    var tensor = value.detached
    tensor.node = leaf
    self.tensor = tensor
  }

  public var shape: [Int] { tensor.shape }
  public var isTrainable: Bool { leaf != nil }
  /// What backward passes have added up since the last `clearGradient`; nil if nothing.
  public var gradient: Tensor? { leaf?.gradient }
  public func clearGradient() { leaf?.gradient = nil }

  /// Writes `values` over the parameter's.
  /// - Precondition: as many values as the parameter has.
  public func assign(_ values: some Collection<Float>) {
    require(
      values.count == tensor.count,
      "Parameter.assign: \(name) has shape \(shape), \(values.count) values given")
    tensor.overwrite { _ = $0.update(fromContentsOf: values) }
  }

  /// Copies the values of another tensor, of any device.
  /// - Precondition: as many values as the parameter has.
  public func assign(_ values: Tensor) { tensor.overwrite(with: values) }
}
