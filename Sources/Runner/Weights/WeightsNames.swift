/// A checkpoint's tensors under the names of this project's models.
package struct WeightsNames {
  /// Who wrote the checkpoint, by its layout.
  package enum Layout: String, Codable {
    /// One flat state dict of `encoder.*`, `target_encoder.*`, `predictor.*`: the published CheXWorld, and our own.
    case worldModel = "world model"
    /// A state dict for each of the three under keys of their own: I-JEPA.
    case separateDictionaries = "I-JEPA"
    /// A plain vision transformer under timm's names.
    case transformer = "vision transformer"
  }

  /// A tensor that no model here can have, and why leaving it out changes no feature that is kept.
  package struct Dropped: Codable, Equatable {
    package let name: String
    package let reason: String
  }

  package static let parts = ["encoder", "target_encoder", "predictor"]
  /// Keys under which checkpoints keep a model's state dict.
  private static let containers = ["model", "state_dict", "model_state_dict"]
  /// What wraps single blocks: `torch.compile`, activation checkpointing, fully sharded training.
  private static let inner: Set = ["_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module"]
  /// What `DataParallel` and `torch.compile` put before every name.
  private static let wrappers: Set<String> = ["module", "_orig_mod"]

  package let layout: Layout
  package private(set) var tensors: [String: WeightsTensor] = [:]
  package private(set) var dropped: [Dropped] = []
  /// A predictor's tensors that the user does without.
  package private(set) var leftOut: [String] = []
  /// Groups of tensors that are no model (optimiser moments, say): key, tensors.
  package private(set) var beside: [String: Int] = [:]

  /// - Throws: `WeightsFileError` where no encoder is found, or two tensors get one name.
  package init(_ file: WeightsFile) throws {
    let isSeparate = file.tensors.contains { $0.path.count > 1 && Self.parts.contains($0.path[0]) }
    let container = Self.containers.first { key in
      file.tensors.contains { $0.path.count > 1 && $0.path[0] == key }
    }
    var found: [(name: String, tensor: WeightsTensor)] = []
    for tensor in file.tensors {
      let inner: [String]
      if isSeparate, tensor.path.count > 1, Self.parts.contains(tensor.path[0]) {
        inner = tensor.path
      } else if !isSeparate, let container, tensor.path.count > 1, tensor.path[0] == container {
        inner = Array(tensor.path.dropFirst())
      } else if !isSeparate, container == nil, tensor.path.count == 1 {
        inner = tensor.path
      } else {
        beside[tensor.path.first ?? "", default: 0] += 1
        continue
      }
      found.append((Self.unwrapped(inner.joined(separator: ".")), tensor))
    }
    let isWorld = found.contains { tensor in Self.parts.contains { tensor.name.hasPrefix($0 + ".") } }
    guard isWorld || found.contains(where: { $0.name == "patch_embed.proj.weight" }) else {
      let names = file.tensors.prefix(3).map(\.name).joined(separator: ", ")
      if found.contains(where: { $0.name.contains("patch_embeddings.projection.") }) {
        throw WeightsFileError(
          file.path, nil,
          "has the names of Hugging Face's transformers (\(names)…), which are not read; give the same weights as timm has "
            + "them (timm.create_model(…, pretrained=True), torch.save(model.state_dict(), path))")
      }
      throw WeightsFileError(
        file.path, nil,
        "expected an encoder (encoder.patch_embed.proj.weight, or patch_embed.proj.weight of a plain vision "
          + "transformer, at the top or under \(Self.containers.joined(separator: ", "))), found "
          + (names.isEmpty ? "no tensor" : "\(file.tensors.count) tensors: \(names)…"))
    }
    layout = isSeparate ? .separateDictionaries : isWorld ? .worldModel : .transformer
    for (name, tensor) in found {
      let own = layout == .transformer ? "encoder." + name : name
      if let reason = Self.reasonToDrop(own) {
        dropped.append(Dropped(name: tensor.name, reason: reason))
      } else if let other = tensors.updateValue(tensor, forKey: own) {
        throw WeightsFileError(
          file.path, nil, "holds two tensors for \(own): \(other.name) and \(tensor.name)")
      }
    }
  }

  /// `module.encoder.x`, `encoder.module.x` and `encoder.blocks.0._orig_mod.x` → `encoder.x`, `encoder.blocks.0.x`.
  private static func unwrapped(_ name: String) -> String {
    var words = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    words.removeAll { inner.contains($0) }
    while words.count > 1, wrappers.contains(words[0]) { words.removeFirst() }
    while words.count > 2, parts.contains(words[0]), wrappers.contains(words[1]) { words.remove(at: 1) }
    return words.joined(separator: ".")
  }

  private static func reasonToDrop(_ name: String) -> String? {
    for part in ["encoder.", "target_encoder."] where name.hasPrefix(part) {
      let own = name.dropFirst(part.count)
      if own == "cls_token" {
        return
          "a class token, which this encoder has not; the other tokens' features lose what they took from it"
      }
      if own.hasPrefix("head.") || own.hasPrefix("head_dist.") || own.hasPrefix("pre_logits.") {
        return "a classifier on top of the encoder"
      }
    }
    return nil
  }

  /// Without the predictor where both allowances let all of it be absent: it is then not asked for its sizes, which need
  /// not be such as ours can have.
  package func leavingOutPredictor(by allowances: WeightsAllowances) -> WeightsNames {
    let own = tensors.keys.filter { $0.hasPrefix("predictor.") }
    guard
      own.allSatisfy({ name in
        [allowances.missing, allowances.unexpected].allSatisfy { WeightsAllowances.matches(name, $0) }
      })
    else { return self }
    var others = self
    for name in own.sorted() {
      others.tensors[name] = nil
      others.leftOut.append(name)
    }
    return others
  }

  package func has(_ part: String) -> Bool { tensors.keys.contains { $0.hasPrefix(part + ".") } }

  /// The encoder whose sizes are read.
  var encoderPart: String { has("encoder") ? "encoder" : "target_encoder" }

  /// Whether the predictor is I-JEPA's, which tells context and mask tokens alike their places column half first.
  package func hasForeignPredictor(_ file: WeightsFile) throws -> Bool {
    guard layout == .separateDictionaries, let table = tensors["predictor.predictor_pos_embed"] else {
      return false
    }
    return try PositionTable(table, file).order == .columnFirst
  }
}
