/// The one state dict of a file, at the top or under a usual key, and its names without what training programs put
/// around them.
public struct StateDictionary: Sendable {
  /// Keys under which checkpoints keep a model's state dict.
  public static let containers = ["model", "state_dict", "model_state_dict"]
  /// First words of this project's parameters.
  public static let parts = ["encoder", "target_encoder", "predictor"]
  /// What wraps single blocks: `torch.compile`, activation checkpointing, fully sharded training.
  private static let inner: Set = ["_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module"]
  /// What `DataParallel` and `torch.compile` put before every name.
  private static let wrappers: Set = ["module", "_orig_mod"]

  /// Nil where the tensors lie at the top.
  private let container: String?

  public init(_ file: any WeightsContents) {
    container = Self.containers.first { key in
      file.tensors.contains { $0.path.count > 1 && $0.path[0] == key }
    }
  }

  /// A tensor's name in the state dict, unwrapped; nil for a tensor that lies elsewhere.
  public func name(of tensor: WeightsTensor) -> String? {
    guard let container else { return tensor.path.count == 1 ? Self.unwrapped(tensor.path) : nil }
    return tensor.path.count > 1 && tensor.path[0] == container
      ? Self.unwrapped(Array(tensor.path.dropFirst())) : nil
  }

  /// `module.encoder.x`, `encoder.module.x` and `encoder.blocks.0._orig_mod.x` → `encoder.x`, `encoder.blocks.0.x`.
  /// - Parameter path: keys of a tensor.
  public static func unwrapped(_ path: [String]) -> String {
    var words = path.joined(separator: ".").split(separator: ".", omittingEmptySubsequences: false)
      .map(String.init)
    words.removeAll { inner.contains($0) }
    while words.count > 1, wrappers.contains(words[0]) { words.removeFirst() }
    while words.count > 2, parts.contains(words[0]), wrappers.contains(words[1]) { words.remove(at: 1) }
    return words.joined(separator: ".")
  }
}
