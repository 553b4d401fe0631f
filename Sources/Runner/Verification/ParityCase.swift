import CoreTensor
import Foundation
import Layers
import PluginHost
import Runs
import Weights
import WorldModel

/// A numeric parity case: sizes and switches, weights, a batch, and what an independent implementation made of them.
struct ParityCase {
  /// `case.json`.
  struct Description: Codable {
    struct Epsilons: Codable {
      let blocks: Double
      let target: Double
    }
    struct Optimizer: Codable {
      let kind: String
      let lr: Double
      let weightDecay: Double
      let betas: [Double]
      let eps: Double
      let clipNorm: Double
    }
    let image: Int
    let patch: Int
    let embedDim: Int
    let depth: Int
    let heads: Int
    let predictorDim: Int
    let predictorDepth: Int
    let batch: Int
    let actionDim: Int
    let encoderPosOrder: String
    let predictorContextPosOrder: String
    let predictorTargetPosOrder: String
    let crossViewTargets: String
    let useAction: Bool
    let useOffset: Bool
    let flips: Bool
    let layerNormEps: Epsilons
    let optimizer: Optimizer
    let ema: Double
    let steps: Int
  }

  let folder: String
  let description: Description
  /// Path of the weights.
  let weights: String

  /// - Parameters:
  ///   - folder: of the case.
  ///   - weights: a file of weights in place of the case's own, which are `weights.safetensors`, or
  ///     `checkpoint.pth.tar` where that is missing.
  init(_ folder: String, weights: String? = nil) throws {
    self.folder = folder
    let own = ["weights.safetensors", "checkpoint.pth.tar"].map { folder + "/" + $0 }
    self.weights = weights ?? own.first { access($0, F_OK) == 0 } ?? own[0]
    let path = folder + "/case.json"
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      description = try decoder.decode(
        Description.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw ParityError(path: path, problem: "expected a description of a parity case, found: \(error)")
    }
    try checkDescription(path)
  }

  private func checkDescription(_ path: String) throws {
    let it = description
    let problem: String? =
      if it.patch < 1 || it.image < it.patch || it.image % it.patch != 0 {
        "patch \(it.patch) does not divide image \(it.image)"
      } else if it.heads < 1 || it.embedDim % it.heads != 0 || it.predictorDim % it.heads != 0 {
        "\(it.heads) heads do not divide widths \(it.embedDim) and \(it.predictorDim)"
      } else if it.embedDim % 4 != 0 || it.predictorDim % 4 != 0 {
        "widths \(it.embedDim) and \(it.predictorDim) must be multiples of 4"
      } else if it.depth < 1 || it.predictorDepth < 1 || it.batch < 1 || it.steps < 1 {
        "depths, batch and steps must be at least 1"
      } else if it.optimizer.kind != "AdamW" || it.optimizer.betas.count != 2 {
        "optimizer \(it.optimizer.kind) is not known; expected AdamW with two betas"
      } else if it.layerNormEps.blocks != 1e-6 || it.layerNormEps.target != 1e-5 {
        "layer norms use 1e-6 in blocks and 1e-5 on targets, the case asks for others"
      } else if !["all", "masked"].contains(it.crossViewTargets) {
        "cross_view_targets \"\(it.crossViewTargets)\"; expected all or masked"
      } else {
        nil
      }
    if let problem { throw ParityError(path: path, problem: problem) }
  }

  var shape: WorldModelShape {
    get throws {
      func order(_ text: String) throws -> PositionOrder {
        guard let order = PositionOrder(rawValue: text) else {
          throw ParityError(
            path: folder + "/case.json", problem: "position order \"\(text)\"; expected hw or wh")
        }
        return order
      }
      let it = description
      return WorldModelShape(
        encoder: VisionTransformerShape(
          imageSize: it.image, patchSize: it.patch, width: it.embedDim, depth: it.depth, heads: it.heads,
          positionOrder: try order(it.encoderPosOrder)),
        predictor: PredictorShape(
          featureWidth: it.embedDim, width: it.predictorDim, depth: it.predictorDepth, heads: it.heads,
          gridSize: it.image / it.patch, contextOrder: try order(it.predictorContextPosOrder),
          targetOrder: try order(it.predictorTargetPosOrder)))
    }
  }

  /// The model of the case, with the latents of the real task plugins and the case's weights.
  func model(pluginsFile: String?) throws -> WorldModel {
    let shape = try shape
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    var chosen: [(definition: TaskDefinition, options: Options)] = []
    for plugin in try PluginHost(manifest: manifest).loadCurrent(["global", "domain"]) {
      guard case .task(let definition) = plugin.definition else { continue }
      switch plugin.name {
      case "global" where description.useOffset: chosen.append((definition, Options(definition.options)))
      case "domain" where description.actionDim > 0:
        let width = OptionValue.integer(description.actionDim)
        chosen.append((definition, Options(definition.options, given: ["action_width": width])))
      default: continue
      }
    }
    let model = try TaskSet(chosen, environment: shape.environment(.paper)).model(shape, seed: 0)
    try WeightsLoading.load(
      RecognizedWeights(WeightsFile(path: weights), WeightsFamilies(pluginsFile: pluginsFile)), into: model)
    return model
  }

  /// The batch, with as many numbers as each latent of the model takes.
  func batch() throws -> WorldBatch {
    let file = try SafetensorsFile(path: folder + "/batch.safetensors")
    func tensor(_ name: String) throws -> Tensor {
      Tensor(try file.floats(named: name), shape: try file.shape(named: name))
    }
    func patches(_ name: String) throws -> [[Int]] {
      let (values, count) = (
        try file.integers(named: name).map(Int.init), try file.shape(named: name).last ?? 0
      )
      return stride(from: 0, to: values.count, by: max(count, 1)).map { Array(values[$0..<$0 + count]) }
    }
    let masks = [try patches("mask1"), try patches("mask2")]
    let all = [[Int]](repeating: Array(0..<(try shape.encoder.patchCount)), count: description.batch)
    let crossed = description.crossViewTargets == "all" ? [all, all] : masks
    let contexts = try (1...2).map {
      WorldBatch.Context(images: try tensor("x\($0)"), visible: try patches("keep\($0)"))
    }
    let predictions = try [(0, 0), (1, 1), (0, 1), (1, 0)].map { from, to in
      var latents: [(name: String, numbers: Tensor)] = []
      if from != to, description.useOffset { latents.append(("offset", try offsets(file, from, to))) }
      if description.actionDim > 0 {
        let action = try tensor("a\(from + 1)")
        latents.append(("policy_net", description.useAction ? action : .zeros(action.shape)))
      }
      return WorldBatch.Prediction(
        name: "z\(from + 1)\(to + 1)", context: from, target: to,
        patches: from == to ? masks[to] : crossed[to],
        latents: latents)
    }
    return WorldBatch(
      contexts: contexts, targets: [try tensor("y1"), try tensor("y2")], predictions: predictions)
  }

  /// (Δ down, Δ right, mirrored, column origin, and 0, 0: crops of one size) of each sample.
  private func offsets(_ file: SafetensorsFile, _ from: Int, _ to: Int) throws -> Tensor {
    let delta = try file.floats(named: "d\(from + 1)\(to + 1)")
    let flips = file.contains("flip") ? try file.floats(named: "flip") : []
    let columns = file.contains("flip") ? try file.floats(named: "fcol\(from + 1)\(to + 1)") : []
    let numbers = (0..<description.batch).flatMap { sample -> [Float] in
      let mirrored: [Float] = flips.isEmpty ? [0, 0] : [flips[sample], columns[sample]]
      return Array(delta[2 * sample..<2 * sample + 2]) + mirrored + [0, 0]
    }
    return Tensor(numbers, shape: [description.batch, 6])
  }
}

struct ParityError: Error, CustomStringConvertible {
  let path: String
  let problem: String
  var description: String { "\(path): \(problem)" }
}
