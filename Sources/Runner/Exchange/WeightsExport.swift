import CoreTensor
import Foundation
import Layers
import Runs
import Weights
import WorldModel

/// An encoder of a run as timm's `VisionTransformer` reads it: `model.safetensors` and `config.json`.
struct WeightsExport {
  /// Which of a run's encoders.
  enum Part: String, CaseIterable, Codable {
    case target, context
    /// The first word of its parameters' names.
    var prefix: String { self == .target ? "target_encoder" : "encoder" }
  }

  /// What was written.
  struct Report: Codable {
    let run: String
    let step: Int
    let encoder: Part
    let out: String
    let tensors: Int
    let parameters: Int
  }

  private let folder: RunFolder
  private let part: Part
  private let step: Int
  private let weights: SafetensorsFile
  private let shape: VisionTransformerShape

  /// - Throws: where the run has no intact checkpoint.
  init(_ run: String, _ part: Part, pluginsFile: String?) throws {
    folder = try RunFolder.open(at: run)
    self.part = part
    let setup = try Pretraining.reopened(folder, pluginsFile: pluginsFile)
    if part == .target {
      try TargetEncoderCheck.check(
        setup.shape.targetEncoder, "--encoder target", remedy: "--encoder context")
    }
    let kind = setup.configuration.model.encoderName
    guard kind == ComponentChoice.standardNetwork else {
      throw UsageError(
        "weights export: \(run) has the encoder \"\(kind)\" of a plugin; timm reads vision transformers, "
          + "model.encoder = \"\(ComponentChoice.standardNetwork)\"")
    }
    let found = try folder.savedCheckpoints.latest()
    step = found.checkpoint.step
    weights = try SafetensorsFile(path: found.checkpoint.path(of: Checkpoint.model))
    shape = setup.shape.encoder
  }

  /// - Parameter out: a new or empty folder.
  func write(to out: String) throws -> Report {
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights.export"), trainable: false)
    let encoder = VisionTransformer(shape, initializer: &initializer)
    for entry in encoder.entries {
      let name = part.prefix + "." + entry.name
      let stored = try weights.shape(named: name)
      guard stored == entry.parameter.shape else {
        throw WeightsError(path: weights.path, name: name, expected: entry.parameter.shape, found: stored)
      }
      entry.parameter.assign(try weights.floats(named: name))
      try WeightsError.checkFinite(entry.parameter.tensor, name: name, path: weights.path)
    }
    try TimmFolder.write(encoder, to: out, run: Folder.name(of: folder.path), step: step, part: part)
    return Report(
      run: folder.path, step: step, encoder: part, out: out, tensors: encoder.entries.count,
      parameters: encoder.entries.filter { !$0.isBuffer }.reduce(0) { $0 + $1.parameter.tensor.count })
  }
}

/// A folder that timm opens: `create_model("local-dir:FOLDER", pretrained=True)`.
enum TimmFolder {
  /// - Parameters:
  ///   - encoder: what is written.
  ///   - out: a new or empty folder.
  ///   - run: where the encoder comes from, for the notes; likewise `step` and `part`.
  /// - Throws: `UsageError` where the folder holds something.
  static func write(
    _ encoder: VisionTransformer, to out: String, run: String, step: Int, part: WeightsExport.Part
  ) throws {
    let refusal = UsageError("--out \(out): expected a new or empty folder, found files in it; give another")
    try Folder.fill(out, refusal: { refusal }) {
      try write(encoder, into: out, run: run, step: step, part: part)
    }
  }

  private static func write(
    _ encoder: VisionTransformer, into out: String, run: String, step: Int, part: WeightsExport.Part
  ) throws {
    let entries = encoder.entries.map {
      SafetensorsEntry(name: $0.name, shape: $0.parameter.shape, floats: $0.parameter.tensor.values)
    }
    try SafetensorsWriter.write(
      entries, metadata: ["format": "pt", "num_heads": "\(encoder.shape.heads)"],
      to: out + "/model.safetensors")
    let json = JSONEncoder()
    json.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    json.keyEncodingStrategy = .convertToSnakeCase
    let table = encoder.entries.first { $0.name == "pos_embed" }?.parameter.tensor.values ?? []
    let order = PositionTable.order(table, width: encoder.shape.width, grid: encoder.shape.gridSize)
    let configuration = TimmConfiguration(encoder.shape, order, run: run, step: step, part: part)
    try DurableFile.write(
      String(decoding: try json.encode(configuration), as: UTF8.self) + "\n", to: out + "/config.json")
  }
}

/// `config.json` as timm's `create_model("local-dir:FOLDER")` reads it, and what it has no word for under `chexworld`.
private struct TimmConfiguration: Encodable {
  /// Arguments of `VisionTransformer`. The norm comes before the pooling, so there is no `fc_norm`.
  struct Arguments: Encodable {
    let imgSize: Int
    let patchSize: Int
    let inChans = 3
    let embedDim: Int
    let depth: Int
    let numHeads: Int
    let mlpRatio: Double
    let qkvBias = true
    let classToken = false
    let globalPool = "avg"
    let fcNorm = false
  }
  struct Pretrained: Encodable {
    let inputSize: [Int]
    let fixedInputSize = true
    let interpolation = "bicubic"
    let cropPct = 1.0
    let cropMode = "squash"
    let mean: [Double]
    let std: [Double]
    let numClasses = 0
    let firstConv = "patch_embed.proj"
    let classifier = "head"
  }
  struct Notes: Encodable {
    let run: String
    let step: Int
    let encoder: WeightsExport.Part
    let layerNormEps = 1e-6
    let activation = "GELU, exact (by the error function)"
    let pooling = "mean over all tokens of the last norm's output"
    let positionEncoding: String
    let input =
      "the whole film, grey in [0, 1], resized to the square, replicated to three channels, normalised"
  }

  let architecture: String
  let numClasses = 0
  let numFeatures: Int
  let globalPool = "avg"
  let modelArgs: Arguments
  let pretrainedCfg: Pretrained
  let chexworld: Notes

  /// A configuration of an encoder of that shape; `order` is that of its sine-cosine table, nil for another table.
  init(
    _ shape: VisionTransformerShape, _ order: PositionOrder?, run: String, step: Int, part: WeightsExport.Part
  ) {
    let known = [192: "tiny", 384: "small", 768: "base", 1024: "large"]
    // Any plain one will do: the arguments say what differs.
    architecture = "vit_\(known[shape.width] ?? "base")_patch16_224"
    numFeatures = shape.width
    modelArgs = Arguments(
      imgSize: shape.imageSize, patchSize: shape.patchSize, embedDim: shape.width, depth: shape.depth,
      numHeads: shape.heads, mlpRatio: shape.mlpRatio)
    func decimal(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }
    pretrainedCfg = Pretrained(
      inputSize: [3, shape.imageSize, shape.imageSize], mean: InputNormalization.mean.map(decimal),
      std: InputNormalization.deviation.map(decimal))
    chexworld = Notes(
      run: run, step: step, encoder: part,
      positionEncoding:
        "fixed table pos_embed, \(shape.gridSize) x \(shape.gridSize) patches in raster order; "
        + (order.map { $0 == .rowFirst ? "sine-cosine, row half first" : "sine-cosine, column half first" }
          ?? "learned or resampled"))
  }
}
