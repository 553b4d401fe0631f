import WorldModel

/// The encoders of a file: wherever in it they lie, whatever wraps them.
struct EncoderState {
  /// What stands before an encoder's names, and what the encoder is here.
  private let prefixes: [(prefix: String, part: String)]
  /// Keys below which the encoders' tensors lie.
  private let roots: Set<[String]>
  private let names: [String]
  private let naming: EncoderNaming

  /// What names of an encoder that follows another have in them: DINO, MoCo-v3, and programs with an average.
  private static let following = ["teacher", "moment", "ema", "target", "key"]

  /// - Returns: nil where there is none by these names, or more than two.
  init?(_ file: any WeightsContents, _ naming: EncoderNaming) {
    self.naming = naming
    let unwrapped = file.tensors.map { StateDictionary.unwrapped($0.path) }
    let kernels = unwrapped.indices.filter {
      unwrapped[$0] == naming.kernel || unwrapped[$0].hasSuffix("." + naming.kernel)
    }
    let found = kernels.map { String(unwrapped[$0].dropLast(naming.kernel.count)) }
    roots = Set(kernels.map { Array(file.tensors[$0].path.dropLast()) })
    func follows(_ prefix: String) -> Bool { Self.following.contains { prefix.lowercased().contains($0) } }
    switch found.count {
    case 1: prefixes = [(found[0], "encoder")]
    case 2 where follows(found[0]) != follows(found[1]):
      prefixes = found.map { ($0, follows($0) ? "target_encoder" : "encoder") }
    default: return nil
    }
    names = unwrapped
  }

  /// Names within the encoders, as the file has them.
  var inner: [String] {
    names.compactMap { name in
      prefixes.first { name.hasPrefix($0.prefix) }.map { String(name.dropFirst($0.prefix.count)) }
    }
  }

  /// - Throws: `WeightsFileError`.
  func places(in file: any WeightsContents) throws -> WeightsNames {
    let keys = naming.parts.filter { $0.value == ("attn.qkv", 1) }.map { $0.key + ".bias" }
    let hasKeyBias = inner.contains { name in keys.contains { name.hasSuffix("." + $0) } }
    return try WeightsNames(file) { tensor in
      guard roots.contains(Array(tensor.path.dropLast())) else { return .beside }
      let name = names[tensor.index]
      guard let own = prefixes.first(where: { name.hasPrefix($0.prefix) }) else {
        return .dropped("no part of the encoder")
      }
      let within = String(name.dropFirst(own.prefix.count))
      switch naming.place(of: within, hasKeyBias: hasKeyBias) {
      case .parameter(let found): return .parameter("\(own.part).\(found)")
      case .part(let whole, let number): return .part(of: "\(own.part).\(whole)", number: number)
      case .dropped(let reason): return .dropped(reason)
      case .beside, nil: return .parameter("\(own.part).\(within)")
      }
    }
  }
}
