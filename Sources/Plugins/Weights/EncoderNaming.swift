import WorldModel

/// What a family calls the parts of an encoder, for import and export alike. Keys are names without `.weight` and `.bias`
/// where a layer has both.
struct EncoderNaming {
  /// What a file has once for each encoder.
  var kernel = "patch_embed.proj.weight"
  /// What stands before a block's number.
  var blocks = "blocks."
  /// Outside of blocks: theirs, ours.
  var names = [
    "cls_token": "cls_token", "reg_token": "reg_token", "pos_embed": "pos_embed",
    "patch_embed.proj": "patch_embed.proj", "norm": "norm",
  ]
  /// In a block: theirs, ours.
  var inBlock = [
    "norm1": "norm1", "norm2": "norm2", "attn.qkv": "attn.qkv", "attn.q_norm": "attn.q_norm",
    "attn.k_norm": "attn.k_norm", "attn.proj": "attn.proj", "attn.q_bias": "attn.q_bias",
    "attn.v_bias": "attn.v_bias", "ls1.gamma": "ls1.gamma", "ls2.gamma": "ls2.gamma",
    "mlp.fc1": "mlp.fc1", "mlp.fc2": "mlp.fc2", "mlp.norm": "mlp.norm",
  ]
  /// In a block: theirs, and which of ours they are a part of.
  var parts: [String: (of: String, number: Int)] = [:]
  /// Of their names those that are read and not written, since another name of the same part is.
  var onlyRead: Set<String> = []
  /// Beginnings of names that are left out, and why.
  var dropped = [
    "head.": "a classifier on top of the encoder", "head_dist.": "a classifier on top of the encoder",
    "pre_logits.": "a classifier on top of the encoder",
    "mask_token": "a token of masked training, which enters no whole image",
    "decoder": "a decoder that painted masked patches",
  ]
  /// In a block: names that are left out, and why.
  var droppedInBlock: [String: String] = [:]

  /// Takes BEiT's names of layer scale, and EVA's and DINOv3's of gates.
  mutating func takeGatesAndScales() {
    inBlock["gamma_1"] = "ls1.gamma"
    inBlock["gamma_2"] = "ls2.gamma"
    inBlock["mlp.w3"] = "mlp.fc2"
    for (number, names) in [["mlp.fc1_g", "mlp.w1"], ["mlp.fc1_x", "mlp.w2"]].enumerated() {
      for name in names { parts[name] = ("mlp.fc1", number) }
    }
    dropped["rope"] = "places, which are computed here"
  }

  /// The name here of an encoder's tensor, or why it is left out.
  /// - Parameters:
  ///   - name: within the encoder.
  ///   - hasKeyBias: whether keys of the file have a bias.
  /// - Returns: nil for a name that the family does not know.
  func place(of name: String, hasKeyBias: Bool) -> WeightsNames.Place? {
    if let reason = dropped.first(where: { name.hasPrefix($0.key) })?.value { return .dropped(reason) }
    guard name.hasPrefix(blocks), let (number, inner) = Self.block(name.dropFirst(blocks.count)) else {
      return Self.found(name, names).map { .parameter($0) }
    }
    let block = "blocks.\(number)."
    if let reason = droppedInBlock[inner] { return .dropped(reason) }
    if let own = Self.found(inner, inBlock) { return .parameter(block + own) }
    guard let (key, rest) = Self.key(of: inner, among: parts.keys), let part = parts[key] else { return nil }
    if part.of == "attn.qkv", rest == ".bias", !hasKeyBias {
      return .parameter(block + (part.number == 0 ? "attn.q_bias" : "attn.v_bias"))
    }
    return .part(of: block + part.of + rest, number: part.number)
  }

  /// `0.3.norm1.weight`, where blocks lie in groups, and `3.norm1.weight` → 3, `norm1.weight`.
  private static func block(_ name: Substring) -> (number: Int, inner: String)? {
    var words = name.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count > 1, var number = Int(words[0]) else { return nil }
    words.removeFirst()
    if words.count > 1, let within = Int(words[0]) {
      number = within
      words.removeFirst()
    }
    return (number, words.joined(separator: "."))
  }

  private static func found(_ name: String, _ table: [String: String]) -> String? {
    key(of: name, among: table.keys).map { table[$0.key]! + $0.rest }
  }

  private static func key(of name: String, among keys: some Sequence<String>) -> (key: String, rest: String)?
  {
    for rest in ["", ".weight", ".bias"] where name.hasSuffix(rest) {
      let key = String(name.dropLast(rest.count))
      if keys.contains(key) { return (key, rest) }
    }
    return nil
  }

  /// Where files hold a parameter of an encoder: one name, or those of its parts.
  /// - Parameter name: ours, within the encoder.
  func places(of name: String) -> [String] {
    let parts = parts.filter { !onlyRead.contains($0.key) }
    func theirs(_ inner: String, _ table: [String: String], _ prefix: String) -> [String] {
      let table = table.filter { !onlyRead.contains($0.key) }
      for rest in ["", ".weight", ".bias"] where inner.hasSuffix(rest) {
        let key = String(inner.dropLast(rest.count))
        if let own = table.filter({ $0.value == key }).keys.min() { return [prefix + own + rest] }
        let own = Dictionary(grouping: parts.filter { $0.value.of == key }) { $0.value.number }
          .sorted { $0.key < $1.key }.compactMap { $0.value.map(\.key).min() }
        if !prefix.isEmpty, !own.isEmpty { return own.map { prefix + $0 + rest } }
        let number = ["attn.q_bias": 0, "attn.v_bias": 2][key]
        if let number, let own = parts.filter({ $0.value == ("attn.qkv", number) }).keys.min() {
          return [prefix + own + ".bias"]
        }
      }
      return []
    }
    guard name.hasPrefix("blocks."), let (number, inner) = Self.block(name.dropFirst("blocks.".count)) else {
      return theirs(name, names, "")
    }
    return theirs(inner, inBlock, "\(blocks)\(number).")
  }
}
