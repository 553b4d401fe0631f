import CoreTensor
import PluginHost
import Runs
import Training
import Weights
import WorldModel

/// The tasks that implement the switches of a parity case: they give the model its latents, and the batch what these
/// are told.
struct ParityTasks {
  private let parityCase: ParityCase
  private let pluginsFile: String?
  private let parts: [(definition: TaskDefinition, parity: TaskParity, options: Options)]

  /// - Parameters:
  ///   - parityCase: whose switches decide which tasks take part.
  ///   - pluginsFile: path of the registry; nil for what the rule of `PluginsFile` gives.
  /// - Throws: `ParityError` where a switch is on that no task of the registry implements.
  init(_ parityCase: ParityCase, pluginsFile: String?) throws {
    (self.parityCase, self.pluginsFile) = (parityCase, pluginsFile)
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let (definitions, refused) = try RegisteredTasks(manifest).all()
    let switches = parityCase.switches
    let known = Set(definitions.flatMap { $0.parity?.switches ?? [] })
    if let orphan = switches.used.first(where: { !known.contains($0) }) {
      let reasons = refused.sorted { $0.key < $1.key }.map { "; \($0.value)" }.joined()
      throw ParityError(
        path: switches.path,
        problem: "\(orphan) is true, and no task of \(manifest.path) implements it (its tasks implement "
          + (known.isEmpty ? "no switch" : known.sorted().joined(separator: ", "))
          + "); register the task that does\(reasons)")
    }
    parts = try definitions.compactMap { definition in
      guard let parity = definition.parity, let given = try parity.options(switches) else { return nil }
      return (definition, parity, try Self.options(of: definition, given: given, switches))
    }
  }

  private static func options(
    of definition: TaskDefinition, given: [String: OptionValue], _ switches: ParitySwitches
  ) throws -> Options {
    for (name, value) in given {
      let declaration = definition.options.first { $0.name == name }
      guard declaration?.accept(value) == nil else { continue }
      throw ParityError(
        path: switches.path,
        problem: "task \(definition.name) would take part with \(name) = \(value.tomlText); allowed: "
          + (declaration?.allowed ?? "options that it declares"))
    }
    return Options(definition.options, given: given)
  }

  /// The model of the case, with the tasks' latents and the case's weights.
  func model() throws -> WorldModel {
    let shape = try parityCase.shape
    let chosen = parts.map { (definition: $0.definition, options: $0.options) }
    let model = try TaskSet(chosen, environment: shape.environment(.paper)).model(shape, seed: 0)
    try WeightsLoading.load(
      RecognizedWeights(WeightsFile(path: parityCase.weights), WeightsFamilies(pluginsFile: pluginsFile)),
      into: model)
    return model
  }

  /// The batch, with what the tasks tell in each of four predictions: both own views, then both crossed ones.
  func batch() throws -> WorldBatch {
    let description = parityCase.description
    let file = try ParityBatchFile(parityCase)
    let masks = [try file.patches("mask1"), try file.patches("mask2")]
    let all = [[Int]](
      repeating: Array(0..<(try parityCase.shape.encoder.patchCount)), count: description.batch)
    let crossed = description.crossViewTargets == "all" ? [all, all] : masks
    let contexts = try (1...2).map {
      WorldBatch.Context(images: try file.tensor("x\($0)"), visible: try file.patches("keep\($0)"))
    }
    let predictions = try [(0, 0), (1, 1), (0, 1), (1, 0)].map { from, to in
      WorldBatch.SupervisedPatches(
        name: "z\(from + 1)\(to + 1)", context: from, target: to,
        patches: from == to ? masks[to] : crossed[to],
        latents: try parts.flatMap { try $0.parity.latents(from, to, parityCase.switches, file) })
    }
    return WorldBatch(
      contexts: contexts, targets: [try file.tensor("y1"), try file.tensor("y2")], supervisions: predictions)
  }
}

/// `batch.safetensors` of a case.
private struct ParityBatchFile: ParityBatch {
  let count: Int
  private let file: SafetensorsFile

  init(_ parityCase: ParityCase) throws {
    file = try SafetensorsFile(path: parityCase.folder + "/batch.safetensors")
    count = parityCase.description.batch
  }

  func contains(_ name: String) -> Bool { file.contains(name) }

  func tensor(_ name: String, shape: [Int]) throws -> Tensor {
    let values = try file.floats(named: name)
    guard values.count == shape.reduce(1, *) else {
      throw ParityError(
        path: file.path, problem: "\(name): expected shape \(shape), found \(try file.shape(named: name))")
    }
    return Tensor(values, shape: shape)
  }

  func tensor(_ name: String) throws -> Tensor {
    Tensor(try file.floats(named: name), shape: try file.shape(named: name))
  }

  /// Numbers of patches, a row for each sample.
  func patches(_ name: String) throws -> [[Int]] {
    let (values, count) = (
      try file.integers(named: name).map(Int.init), try file.shape(named: name).last ?? 0
    )
    return stride(from: 0, to: values.count, by: max(count, 1)).map { Array(values[$0..<$0 + count]) }
  }
}
