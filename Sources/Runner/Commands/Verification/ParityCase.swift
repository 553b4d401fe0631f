import CoreTensor
import Foundation
import NeuralNetworks
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
    let encoderPosOrder: String
    let predictorContextPosOrder: String
    let predictorTargetPosOrder: String
    let crossViewTargets: String
    let layerNormEps: Epsilons
    let optimizer: Optimizer
    let ema: Double
    let steps: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
      case image, patch, embedDim, depth, heads, predictorDim, predictorDepth, batch, encoderPosOrder
      case predictorContextPosOrder, predictorTargetPosOrder, crossViewTargets, layerNormEps, optimizer, ema
      case steps
    }
  }

  /// One value of `case.json`; nil for a table, which is no switch.
  private struct SwitchValue: Decodable {
    let value: OptionValue?

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let truth = try? container.decode(Bool.self) {
        value = .boolean(truth)
      } else if let integer = try? container.decode(Int.self) {
        value = .integer(integer)
      } else if let number = try? container.decode(Double.self) {
        value = .number(number)
      } else {
        value = (try? container.decode(String.self)).map(OptionValue.text)
      }
    }
  }

  /// `embed_dim` as the decoder spells it: `embedDim`.
  private static func camelCase(_ key: String) -> String {
    let words = key.split(separator: "_")
    return words.prefix(1).joined() + words.dropFirst().map(\.capitalized).joined()
  }

  let folder: String
  let description: Description
  /// What the case says of tasks: all keys that are none of the description's.
  let switches: ParitySwitches
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
      let text = try Data(contentsOf: URL(fileURLWithPath: path))
      description = try decoder.decode(Description.self, from: text)
      let values = try JSONDecoder().decode([String: SwitchValue].self, from: text)
      let own = Set(Description.CodingKeys.allCases.map(\.rawValue))
      switches = ParitySwitches(
        path: path, values: values.compactMapValues(\.value).filter { !own.contains(Self.camelCase($0.key)) })
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

  var shape: WorldModelConfiguration {
    get throws {
      func order(_ text: String) throws -> PositionOrder {
        guard let order = PositionOrder(rawValue: text) else {
          throw ParityError(
            path: folder + "/case.json", problem: "position order \"\(text)\"; expected hw or wh")
        }
        return order
      }
      let it = description
      return WorldModelConfiguration(
        encoder: VisionTransformerConfiguration(
          imageSize: it.image, patchSize: it.patch, width: it.embedDim, depth: it.depth, heads: it.heads,
          positionOrder: try order(it.encoderPosOrder)),
        predictor: PredictorConfiguration(
          featureWidth: it.embedDim, width: it.predictorDim, depth: it.predictorDepth, heads: it.heads,
          gridSize: it.image / it.patch, contextOrder: try order(it.predictorContextPosOrder),
          targetOrder: try order(it.predictorTargetPosOrder)))
    }
  }
}

struct ParityError: Error, CustomStringConvertible {
  let path: String
  let problem: String
  var description: String { "\(path): \(problem)" }
}
