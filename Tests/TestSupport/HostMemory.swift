import CoreTensor

// What tests of the processor may do and others may not: reach into its memory. Tests that see what is
// internal have the tensor's own.
extension Tensor {
  /// The first byte of a tensor of the processor.
  @_disfavoredOverload public var bytes: UnsafeMutableRawPointer { address(on: CPUDevice.shared) }
  /// The first value, float32.
  @_disfavoredOverload public var pointer: UnsafeMutablePointer<Float> {
    precondition(elementType == .float32, "a tensor of \(elementType)")
    return bytes.assumingMemoryBound(to: Float.self)
  }
}
