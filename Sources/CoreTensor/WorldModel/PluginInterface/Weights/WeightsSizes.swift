import NeuralNetworks

/// Sizes of a model, read off its tensors.
public struct WeightsSizes: Sendable, Codable, Equatable {
  public struct Predictor: Sendable, Codable, Equatable {
    public var width: Int
    public var depth: Int
    public var mlpRatio: Double

    public init(width: Int, depth: Int, mlpRatio: Double) {
      (self.width, self.depth, self.mlpRatio) = (width, depth, mlpRatio)
    }
  }

  public var width: Int
  public var depth: Int
  public var heads: Int
  /// Where the heads come from, which weights do not tell.
  public var headsOrigin: String
  public var mlpRatio: Double
  /// Side of a patch in pixels.
  public var patchSize: Int
  /// Patches along a side; nil where there is no table of position encodings.
  public var gridSize: Int?
  /// Order of the table where it is a sine-cosine one; nil where it was learned.
  public var positionOrder: PositionOrder?
  /// What the encoder has beside the plain parts, as far as tensors tell. Whether positions turn, and the epsilon of
  /// norms, they do not: families say them.
  public var design: EncoderDesign
  /// Nil for an encoder alone.
  public var predictor: Predictor?

  /// Side of the image in pixels.
  public var imageSize: Int? { gridSize.map { $0 * patchSize } }

  /// Reads the sizes of a vision transformer, and of a predictor where there is one, off tensors that have the names of
  /// this project's.
  /// - Parameters:
  ///   - names: the file's tensors by this project's names.
  ///   - file: what else the file says.
  ///   - asked: heads as the user says; nil = by the file's arguments, by the usual heads of the width, width / 64.
  /// - Throws: `WeightsFileError` where a tensor that tells a size is missing or has another form.
  public init(_ names: WeightsNames, _ file: any WeightsContents, heads asked: Int?) throws {
    let part = names.encoderPart
    let kernel = try names.sizes(of: part + ".patch_embed.proj.weight", 4, file)
    guard kernel[1] == 3 || kernel[1] == 1, kernel[2] == kernel[3] else {
      throw WeightsFileError(
        file.path, part + ".patch_embed.proj.weight",
        "expected square patches of 3 channels (grey is replicated) or of 1, found \(kernel)")
    }
    (width, patchSize) = (kernel[0], kernel[2])
    depth = try Self.depth(names, part + ".blocks.", file)
    let hidden = try names.sizes(of: part + ".blocks.0.mlp.fc2.weight", 2, file)[1]
    mlpRatio = Double(hidden) / Double(width)
    (heads, headsOrigin) = try WeightsHeads(file).heads(ofWidth: width, asked: asked)
    let table = try PositionTable(part + ".pos_embed", of: names, file)
    (gridSize, positionOrder) = (table?.gridSize, table?.order)
    design = try EncoderDesign(names, part, kernel: kernel, table: table, file)
    try checkVolume(hidden: hidden, file)
    guard names.has("predictor") else { return }
    try checkOrder(names, file)
    let embedding = try names.sizes(of: "predictor.predictor_embed.weight", 2, file)
    guard embedding[1] == width else {
      throw WeightsFileError(
        file.path, "predictor.predictor_embed.weight",
        "expected \(width) inputs, as the encoder has, found \(embedding)")
    }
    let own = embedding[0]
    let predictorHidden = try names.sizes(of: "predictor.predictor_blocks.0.mlp.fc1.weight", 2, file)[0]
    predictor = Predictor(
      width: own, depth: try Self.depth(names, "predictor.predictor_blocks.", file),
      mlpRatio: Double(predictorHidden) / Double(own))
  }

  /// A predictor is told places by sine-cosine features, whose order it learned; a table of another kind does not tell
  /// it, and a wrong one would leave a predictor that knows nothing.
  private func checkOrder(_ names: WeightsNames, _ file: any WeightsContents) throws {
    for name in [names.encoderPart + ".pos_embed", "predictor.predictor_pos_embed"] {
      guard let table = try PositionTable(name, of: names, file), table.order == nil else { continue }
      throw WeightsFileError(
        file.path, names.tensors[name]?.first?.name,
        "expected a sine-cosine table, which tells the order of places that the predictor beside it learned, found another; "
          + "import the encoder alone: --allow-unexpected 'predictor.*' --allow-missing 'predictor.*'")
    }
  }

  /// Blocks that share their numbers could make a small file ask for any amount of memory.
  private func checkVolume(hidden: Int, _ file: any WeightsContents) throws {
    let bytes = 4 * Double(depth) * Double(width) * Double(4 * width + 2 * hidden)
    guard bytes <= 8 * Double(file.size) + 1e6, depth <= 256, width <= 16384 else {
      throw WeightsFileError(
        file.path, nil,
        "\(depth) blocks of width \(width) would take \(Int(bytes / 1e6)) MB, which a file of \(file.size) bytes cannot hold"
      )
    }
  }

  private static func depth(
    _ names: WeightsNames, _ prefix: String, _ file: any WeightsContents
  ) throws -> Int {
    let layers = Set(
      names.tensors.keys.filter { $0.hasPrefix(prefix) }
        .compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) })
    guard !layers.isEmpty, layers == Set(0..<layers.count) else {
      throw WeightsFileError(
        file.path, prefix + "*",
        "expected blocks counted from 0 without a gap, found \(layers.sorted().prefix(20))")
    }
    return layers.count
  }
}

extension EncoderDesign {
  /// What tensors tell of an encoder.
  fileprivate init(
    _ names: WeightsNames, _ part: String, kernel: [Int], table: PositionTable?, _ file: any WeightsContents
  ) throws {
    self.init()
    func has(_ name: String) -> Bool { names.tensors["\(part).\(name)"] != nil }
    channels = kernel[1]
    hasClassToken = has("cls_token")
    registers = has("reg_token") ? try names.sizes(of: part + ".reg_token", 3, file)[1] : 0
    positions = table == nil ? .rotary : table?.order == nil ? .learned : .fixed
    // Where they begin does not matter to weights that are there.
    blocks.layerScale = has("blocks.0.ls1.gamma") ? 1 : 0
    let expanded = try names.sizes(of: part + ".blocks.0.mlp.fc1.weight", 2, file)[0]
    let hidden = try names.sizes(of: part + ".blocks.0.mlp.fc2.weight", 2, file)[1]
    guard expanded == hidden || expanded == 2 * hidden else {
      throw WeightsFileError(
        file.path, part + ".blocks.0.mlp",
        "expected as many numbers before the second layer as after the first, or half as many (SwiGLU), found \(expanded) "
          + "and \(hidden)")
    }
    blocks.feedForward = expanded == hidden ? .gelu : .swiGLU
    blocks.normalizesHidden = has("blocks.0.mlp.norm.weight")
    blocks.normalizesQueriesKeys = has("blocks.0.attn.q_norm.weight")
    blocks.projectionBias =
      has("blocks.0.attn.qkv.bias") ? .all : has("blocks.0.attn.q_bias") ? .queriesValues : .none
  }
}

extension WeightsNames {
  /// The sizes of a parameter that tells those of the model.
  /// - Parameters:
  ///   - parameter: by the model's name.
  ///   - count: how many sizes it has.
  ///   - file: for messages.
  /// - Throws: `WeightsFileError` where there is none, or it has others, or a size that no model has.
  public func sizes(of parameter: String, _ count: Int, _ file: any WeightsContents) throws -> [Int] {
    guard let first = tensors[parameter]?.first else {
      throw WeightsFileError(
        file.path, parameter, "expected this tensor, which tells the model's size, found none")
    }
    guard let shape = shape(of: parameter), shape.count == count,
      shape.allSatisfy({ $0 > 0 && $0 <= 1 << 20 })
    else {
      throw WeightsFileError(
        file.path, first.name, "expected \(count) sizes, found \(shape(of: parameter) ?? first.shape)")
    }
    return shape
  }
}
