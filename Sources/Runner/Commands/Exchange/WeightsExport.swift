import Console
import CoreTensor
import Evaluations
import Foundation
import NeuralNetworks
import Runs
import Training
import Weights
import WorldModel

/// A run's weights as a family of checkpoints has them: `model.safetensors`, and what the family puts beside it.
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
    let family: String
    /// Why it is this family's, as a phrase.
    let familyReason: String
    /// Nil for the whole model.
    let encoder: Part?
    let out: String
    let tensors: Int
    /// Numbers that were trained.
    let parameters: Int
    /// How the folder is opened elsewhere; nil where the family says nothing.
    let usage: String?

    var text: String {
      let what = encoder.map { "\($0.rawValue) encoder" } ?? "model"
      return
        "\(out): \(what) of \(run) at step \(step) as \(family) (\(familyReason)), \(tensors) tensors, \(parameters) parameters"
        + (usage.map { "\nin Python: \($0)" } ?? "")
    }
  }

  private let folder: RunFolder
  private let choice: FamilyChoice
  private var family: any WeightsFamily { choice.family }
  /// Nil for the whole model.
  private let part: Part?
  private let checkpoint: Checkpoint
  private let setup: RunSetup

  /// - Parameters:
  ///   - run: the folder.
  ///   - name: of the family; nil for the one that the encoder was imported from, else the registry's first that is
  ///     written.
  ///   - encoder: `target` or `context`; nil where the user does not say.
  ///   - pluginsFile: the registry; nil for the usual rule.
  /// - Throws: `UsageError` where the family cannot hold what the run has, and where there is no intact checkpoint.
  init(_ run: String, as name: String?, encoder: String?, pluginsFile: String?) throws {
    folder = try RunFolder.open(at: run)
    setup = try Pretraining.reopened(folder, pluginsFile: pluginsFile)
    choice = try FamilyChoice(name, of: folder, WeightsFamilies(pluginsFile: pluginsFile))
    let family = choice.family
    if family.exports == .model {
      guard encoder == nil else {
        throw UsageError(
          "--encoder \(encoder ?? ""): \(family.name) holds whole models, both encoders among them; leave --encoder out"
        )
      }
      part = nil
    } else {
      part = encoder.flatMap(Part.init) ?? .target
      let kind = setup.configuration.model.encoderName
      guard kind == ComponentChoice.standardNetwork else {
        throw UsageError(
          "weights export: \(run) has the encoder \"\(kind)\" of a plugin; \(family.name) has vision transformers, "
            + "model.encoder = \"\(ComponentChoice.standardNetwork)\"")
      }
    }
    if part == .target {
      try TargetEncoderCheck.check(
        setup.shape.targetEncoder, "--encoder target", remedy: "--encoder context")
    }
    checkpoint = try folder.savedCheckpoints.latest().checkpoint
  }

  /// - Parameter out: a new or empty folder.
  /// - Throws: `UsageError` where the folder holds something, or the family cannot hold a parameter.
  func write(to out: String) throws -> Report {
    let model = try exported()
    let (tensors, usage) = try Self.write(model, as: family, among: choice.families, to: out)
    let tables: Set = ["pos_embed", "predictor_pos_embed"]
    let trained = model.parameters.filter { parameter in
      !tables.contains(String(parameter.name.split(separator: ".").last ?? ""))
    }
    return Report(
      run: folder.path, step: checkpoint.step, family: family.name, familyReason: choice.reason,
      encoder: part, out: out, tensors: tensors, parameters: trained.reduce(0) { $0 + $1.values.count },
      usage: usage)
  }

  /// - Parameters:
  ///   - others: families that a message names where this one cannot hold the encoder.
  ///   - more: writes further files to the folder.
  /// - Returns: how many tensors were written, and how the folder is opened elsewhere.
  static func write(
    _ model: ExportedModel, as family: any WeightsFamily, among others: WeightsFamilies, to out: String,
    and more: (_ folder: String) throws -> Void = { _ in }
  ) throws -> (tensors: Int, usage: String?) {
    let encoder = model.shape.encoder
    if let reason = unheld(encoder, by: family) {
      let able = others.all.filter { $0.exports != nil && unheld(encoder, by: $0) == nil }.map(\.name)
      throw UsageError(
        "weights export: \(family.name) cannot hold \(reason); "
          + (able.isEmpty ? "no other family can" : "others can: --as " + able.joined(separator: ", --as ")))
    }
    let companions = try PluginCode("weights family \"\(family.name)\"", "companions").run {
      try family.companions(of: model)
    }
    let entries =
      try model.parameters.flatMap { try Self.entries($0, family, encoder) }
      + companions.tensors.map { SafetensorsEntry(name: $0.name, shape: $0.shape, floats: $0.values) }
    let refusal = UsageError("--out \(out): expected a new or empty folder, found files in it; give another")
    try Folder.fill(out, refusal: { refusal }) {
      try SafetensorsWriter.write(entries, metadata: companions.metadata, to: out + "/model.safetensors")
      for file in companions.files { try DurableFile.write(file.text, to: out + "/" + file.name) }
      try more(out)
    }
    return (entries.count, companions.usage?.replacingOccurrences(of: "FOLDER", with: out))
  }

  /// What of the checkpoint is exported: all, or one encoder, called `encoder` whichever it is.
  private func exported() throws -> ExportedModel {
    let weights = try SafetensorsFile(path: checkpoint.path(of: Checkpoint.model))
    let expected = try shapes()
    let parameters = try weights.names.compactMap { name -> ExportedModel.Parameter? in
      guard let part else { return try parameter(name, name, weights) }
      guard name.hasPrefix(part.prefix + ".") else { return nil }
      return try parameter(name, "encoder" + name.dropFirst(part.prefix.count), weights)
    }
    let found = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.shape) })
    for (name, shape) in expected where found[name] != shape {
      throw WeightsError(path: weights.path, name: name, expected: shape, found: found[name] ?? [])
    }
    return ExportedModel(
      shape: setup.shape, parameters: parameters, run: Folder.name(of: folder.path), step: checkpoint.step,
      encoder: part?.rawValue)
  }

  /// The shapes of an encoder's parameters by its settings; empty for a whole model, whose tasks have their own.
  private func shapes() throws -> [String: [Int]] {
    guard part != nil else { return [:] }
    var initializer = Initializer(random: RandomStream(seed: 0, stream: "weights.export"), trainable: false)
    let encoder = VisionTransformer(setup.shape.encoder, initializer: &initializer)
    return Dictionary(
      uniqueKeysWithValues: encoder.entries.map { ("encoder." + $0.name, $0.parameter.shape) })
  }

  private func parameter(
    _ stored: String, _ name: String, _ weights: SafetensorsFile
  ) throws -> ExportedModel.Parameter {
    let (values, shape) = (try weights.floats(named: stored), try weights.shape(named: stored))
    try WeightsError.checkFinite(Tensor(values, shape: shape), name: stored, path: weights.path)
    return ExportedModel.Parameter(name: name, shape: shape, values: values)
  }

  /// What of an encoder a family cannot hold; nil where it holds it all.
  private static func unheld(
    _ encoder: VisionTransformerConfiguration, by family: any WeightsFamily
  ) -> String? {
    PluginCode("weights family \"\(family.name)\"", "refusal").run { family.refusal(of: encoder) }
  }

  /// A parameter as the family's files hold it.
  private static func entries(
    _ parameter: ExportedModel.Parameter, _ family: any WeightsFamily,
    _ encoder: VisionTransformerConfiguration
  ) throws -> [SafetensorsEntry] {
    let tensors: [WrittenTensor]
    do {
      tensors = try PluginCode("weights family \"\(family.name)\"", "places").run {
        try family.tensors(of: parameter, in: encoder)
      }
    } catch let error as WeightsWritingError {
      throw UsageError("weights export: \(family.name): \(error); choose another family with --as")
    }
    guard !tensors.isEmpty, tensors.allSatisfy({ $0.path.count == 1 }) else {
      throw UsageError(
        "weights export: files of \(family.name) cannot hold \(parameter.name); choose another family with --as"
      )
    }
    return tensors.map { SafetensorsEntry(name: $0.path[0], shape: $0.shape, floats: $0.values) }
  }
}
