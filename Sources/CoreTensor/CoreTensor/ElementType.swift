import CKernels

/// How the numbers of a tensor are stored. Arithmetic is float32 at least, whatever the storage.
public enum ElementType: String, Sendable, CaseIterable {
  case float32 = "f32"
  /// The upper half of a float32: its range, and 8 bits of precision. For activations that only feed products.
  case bfloat16 = "bf16"

  public var byteCount: Int { self == .float32 ? 4 : 2 }
  var code: chex_element { self == .float32 ? CHEX_FLOAT32 : CHEX_BFLOAT16 }
}
