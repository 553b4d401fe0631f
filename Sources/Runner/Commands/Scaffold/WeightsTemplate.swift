/// What a family of checkpoints of a user's own begins as: vision transformers under the names of Hugging Face.
enum WeightsTemplate {
  static let source = #"""
    import CoreTensor
    import NeuralNetworks
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// Vision transformers as Hugging Face's `ViTModel` saves them: put your names in their place.
    public struct {module}: WeightsFamily {
      public static let definition = WeightsDefinition(
        name: "{name}", summary: "vision transformers under the names of ViTModel", make: { _ in [{module}()] })

      public let name = "{name}"
      public let summary = "embeddings, encoder.layer, layernorm: vision transformers of transformers' ViTModel"
      public let layout = "ViTModel"

      private static let positions = "embeddings.position_embeddings"
      /// Our layers and theirs, outside of blocks and in a block.
      private static let layers = [
        "patch_embed.proj": "embeddings.patch_embeddings.projection", "norm": "layernorm",
      ]
      private static let layersOfBlock = [
        "norm1": "layernorm_before", "norm2": "layernorm_after", "attn.proj": "attention.output.dense",
        "mlp.fc1": "intermediate.dense", "mlp.fc2": "output.dense",
      ]
      /// Three tensors here whose rows are one of ours, `attn.qkv`.
      private static let attention = ["query", "key", "value"].map { "attention.attention." + $0 }

      public func recognizes(_ file: any WeightsContents) -> Bool {
        let state = StateDictionary(file)
        return file.tensors.contains { tensor in
          state.name(of: tensor).map(Self.bare) == "embeddings.patch_embeddings.projection.weight"
        }
      }

      public func names(of file: any WeightsContents) throws -> WeightsNames {
        let state = StateDictionary(file)
        return try WeightsNames(file) { tensor in
          state.name(of: tensor).map { Self.place(of: Self.bare($0)) } ?? .beside
        }
      }

      /// Classifiers keep the model under `vit`.
      private static func bare(_ name: String) -> String {
        name.hasPrefix("vit.") ? String(name.dropFirst(4)) : name
      }

      private static func place(of name: String) -> WeightsNames.Place {
        if name == positions { return .parameter("encoder.pos_embed") }
        if name == "embeddings.cls_token" { return .dropped("a class token, which this encoder has not") }
        if name.hasPrefix("pooler.") || name.hasPrefix("classifier.") { return .dropped("on top of the encoder") }
        let words = name.split(separator: ".").map(String.init)
        let (layer, kind) = (words.dropLast().joined(separator: "."), words.last ?? "")
        if let own = layers.first(where: { $0.value == layer })?.key {
          return .parameter("encoder.\(own).\(kind)")
        }
        // What is not known keeps its name, and is reported where the model has no such parameter.
        guard words.count > 4, words[..<2] == ["encoder", "layer"] else { return .parameter(name) }
        let (block, inner) = ("encoder.blocks.\(words[2]).", words[3..<words.count - 1].joined(separator: "."))
        if let number = attention.firstIndex(of: inner) {
          return .part(of: "\(block)attn.qkv.\(kind)", number: number)
        }
        let own = layersOfBlock.first { $0.value == inner }?.key
        return .parameter(own.map { "\(block)\($0).\(kind)" } ?? name)
      }

      /// The way back, by which checks hold the way forth to account. With `exports` and `companions`, of which this family
      /// has none yet, `weights export --as {name}` writes files by it.
      public func places(of parameter: String, in encoder: VisionTransformerConfiguration) -> [[String]] {
        let words = parameter.split(separator: ".").map(String.init)
        guard words.count > 1, words[0] == "encoder" else { return [] }
        if words[1] == "pos_embed" { return [[Self.positions]] }
        let (layer, kind) = (words[1..<words.count - 1].joined(separator: "."), words[words.count - 1])
        if let theirs = Self.layers[layer] { return [["\(theirs).\(kind)"]] }
        guard words.count > 4, words[1] == "blocks" else { return [] }
        let (block, inner) = ("encoder.layer.\(words[2]).", words[3..<words.count - 1].joined(separator: "."))
        if inner == "attn.qkv" { return Self.attention.map { ["\(block)\($0).\(kind)"] } }
        return Self.layersOfBlock[inner].map { [["\(block)\($0).\(kind)"]] } ?? []
      }
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      #expect(checkWeights({module}.definition).filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    A family of checkpoints for CheX World: Hugging Face's vision transformers, until you put your names in their place.

    ```sh
    swift test -c release                  # holds it to every promise of the protocol; the first time builds the core too
    chex-runner plugins check .                                   # the same
    ```

    In the folder of the `plugins.toml` that lists it with `enabled = true` (or with `--plugins` and that file):

    ```sh
    chex-runner weights families                                  # lists it
    chex-runner weights import FILE --out RUN --allow-missing 'predictor.*'
    ```

    `Sources/{module}/{module}.swift` is all there is: `recognizes` knows a file by its names, `names` says which parameter
    of the model each tensor is, `places` says it the other way round. Sizes are read off the shapes of the tensors.
    Networks that are alike in names may differ in arithmetic: compare features before you rely on them (`ViTModel`, for
    one, adds 1e-12 in its layer norms where this project adds 1e-6).

    """#
}
