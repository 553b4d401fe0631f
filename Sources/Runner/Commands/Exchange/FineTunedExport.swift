import Console
import CoreTensor
import Evaluations
import Foundation
import NeuralNetworks
import Runs
import Training
import Weights
import WorldModel

/// A model that an evaluation fine-tuned: its encoder as a family of checkpoints has it, and in its folder `head` all that
/// the encoder does not say: timm takes a folder that holds two files of weights for damaged.
struct FineTunedExport {
  /// What was written.
  struct Report: Codable {
    let evaluation: String
    let model: String
    let family: String
    /// Why it is this family's, as a phrase.
    let familyReason: String
    let out: String
    let classes: [String]
    let tensors: Int
    let headTensors: Int
    /// How the encoder is opened elsewhere; nil where the family says nothing.
    let usage: String?

    var text: String {
      "\(out): model \(model) of \(evaluation) for \(classes.joined(separator: ", "))\n"
        + "encoder: model.safetensors as \(family) (\(familyReason)), \(tensors) tensors\n"
        + "head: head/head.safetensors, \(headTensors) tensors; head/head.json says what it does with the tokens"
        + (usage.map { "\nin Python: \($0)" } ?? "")
    }
  }

  /// `head/head.json`.
  private struct Head: Encodable {
    let classes: [String]
    let thresholds: [Double]
    let imageSize: Int
    let patchSize: Int
    let computation: String
  }

  private let evaluation: FinishedEvaluation
  private let model: String
  private let choice: FamilyChoice
  private let predictor: any RadiographPredictor
  private let network: PredictorNetwork
  private let shape: WorldModelConfiguration

  /// - Parameters:
  ///   - path: of the evaluation's folder.
  ///   - model: one of those that it kept; nil for the only one.
  ///   - name: of a family that has encoders; nil for the one that the run's encoder was imported from, else the first.
  ///   - run: the run's folder, where it was moved since; nil otherwise.
  ///   - pluginsFile: the registry; nil for the usual rule.
  init(
    _ path: String, model: String?, as name: String?, run: String?, pluginsFile: String?
  ) throws {
    evaluation = try FinishedEvaluation(path)
    self.model = try evaluation.chosen(model)
    let folder = try RunFolder.open(at: evaluation.runFolder(run))
    choice = try FamilyChoice(name, of: folder, WeightsFamilies(pluginsFile: pluginsFile))
    let family = choice.family
    let setup = try RunSetup(
      reopening: folder, pluginsFile: pluginsFile, wanted: [evaluation.evaluation])
    let kind = setup.configuration.model.encoderName
    guard kind == ComponentChoice.standardNetwork else {
      throw UsageError(
        "weights export: \(path): expected an encoder that is a vision transformer, model.encoder = "
          + "\"\(ComponentChoice.standardNetwork)\", found the plugin's \"\(kind)\"")
    }
    guard family.exports == .encoder else {
      throw UsageError(
        "--as \(family.name): expected a family of encoders, found one of whole models; leave --as out"
      )
    }
    predictor = try evaluation.predictor(self.model, setup)
    guard let network = predictor.network else {
      throw UsageError(
        "weights export: \(path): expected an evaluation that trains a network, found \(evaluation.evaluation), which "
          + "gives none to other programs")
    }
    self.network = network
    var shape = setup.shape
    shape.encoder = network.encoder.shape
    self.shape = shape
  }

  /// - Parameter out: a new or empty folder.
  func write(to out: String) throws -> Report {
    let exported = ExportedModel(
      shape: shape,
      parameters: network.encoder.entries.map {
        .init(name: "encoder." + $0.name, shape: $0.parameter.shape, values: $0.parameter.tensor.values)
      },
      run: Folder.name(of: evaluation.path), step: evaluation.step, encoder: nil)
    let sizes = network.encoder.shape
    let description = try JsonText.encoded(
      Head(
        classes: predictor.classes, thresholds: predictor.thresholds, imageSize: sizes.imageSize,
        patchSize: sizes.patchSize, computation: network.description), keys: .snakeCase)
    let (tensors, usage) = try WeightsExport.write(
      exported, as: choice.family, among: choice.families, to: out
    ) { folder in
      try Folder.create(folder + "/head")
      try SafetensorsWriter.write(
        network.head.map {
          SafetensorsEntry(name: $0.name, shape: $0.tensor.shape, floats: $0.tensor.values)
        },
        metadata: ["format": "pt"], to: folder + "/head/head.safetensors")
      try DurableFile.write(description, to: folder + "/head/head.json")
    }
    return Report(
      evaluation: evaluation.path, model: model, family: choice.family.name, familyReason: choice.reason,
      out: out, classes: predictor.classes,
      tensors: tensors, headTensors: network.head.count, usage: usage)
  }
}
