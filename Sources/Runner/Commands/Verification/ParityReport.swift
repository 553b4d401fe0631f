import CoreTensor
import Foundation
import NeuralNetworks
import Runs
import Weights
import WorldModel

/// How one case came out.
struct ParityReport: Codable {
  struct Comparison: Codable {
    let name: String
    /// Largest difference, alone and relative to the expected tensor's largest magnitude.
    let absoluteError: Double
    let relativeError: Double
    let tolerance: Double
    let passed: Bool
    /// Weights without a true gradient, compared apart (see `NoiseEntries`), and their largest difference.
    var noiseEntries = 0
    var noiseError = 0.0
  }

  let folder: String
  let tensors: [Comparison]
  var passed: Bool { !tensors.isEmpty && tensors.allSatisfy(\.passed) }

  enum CodingKeys: String, CodingKey { case folder, tensors, passed }
  init(folder: String, tensors: [Comparison]) { (self.folder, self.tensors) = (folder, tensors) }
  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    folder = try container.decode(String.self, forKey: .folder)
    tensors = try container.decode([Comparison].self, forKey: .tensors)
  }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(folder, forKey: .folder)
    try container.encode(tensors, forKey: .tensors)
    try container.encode(passed, forKey: .passed)
  }

  /// Features and losses one by one, and the worst of each kind of parameter tensor; all failures.
  var worst: [Comparison] {
    var seen: [String: Comparison] = [:]
    var rows: [Comparison] = []
    for tensor in tensors {
      let kind = tensor.name.split(separator: ".").first.map(String.init) ?? ""
      guard ["grad", "after"].contains(where: kind.hasPrefix), tensor.passed else {
        rows.append(tensor)
        continue
      }
      if tensor.relativeError >= seen[kind]?.relativeError ?? -1 { seen[kind] = tensor }
    }
    return rows + seen.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension ParityCase {
  /// Largest error relative to a tensor's largest magnitude, in float32.
  private static let featureTolerance = 1e-5
  private static let trainingTolerance = 1e-4
  /// The same for features in bfloat16.
  private static let coarseTolerance = 2e-2

  /// Makes every tensor that the case expects and compares; in bfloat16, features and losses alone: a gradient divided
  /// by its own size, as AdamW does, has no fewer digits wrong than it has itself.
  func replay(
    pluginsFile: String?, _ backend: any Backend = CPUBackend.shared
  ) throws -> ParityReport {
    let tasks = try ParityTasks(self, pluginsFile: pluginsFile)
    let model = try Compute.$backend.withValue(backend) { try tasks.model() }
    let batch = try tasks.batch()
    let settings = description.optimizer
    let optimization = Optimization(
      model,
      settings: AdamWSettings(
        beta1: settings.betas[0], beta2: settings.betas[1], epsilon: settings.eps,
        weightDecay: settings.weightDecay, clipNorm: settings.clipNorm), reduction: .mean,
      backend: backend)
    var made = try features(optimization, batch)
    if backend.activationType == .bfloat16 {
      return try compare(made.filter { !Self.isOfTraining($0.key) }, tolerance: Self.coarseTolerance)
    }
    for step in 1...description.steps {
      let report = try optimization.step([batch], learningRate: settings.lr, emaDecay: description.ema)
      made["step\(step).loss"] = [Float(report.loss)]
      made["step\(step).grad_norm"] = [Float(report.gradientNorm)]
    }
    for entry in model.entries {
      made["after\(description.steps).\(entry.name)"] = entry.parameter.tensor.values
    }
    return try compare(made)
  }

  private func features(_ optimization: Optimization, _ batch: WorldBatch) throws -> [String: [Float]] {
    let output = try optimization.accumulate(batch)
    var made: [String: [Float]] = ["loss": [output.loss]]
    for view in 0..<2 {
      made["t\(view + 1)"] = Compute.$backend.withValue(optimization.backend) {
        optimization.model.targetFeatures(batch.targets[view].moved(to: optimization.backend.device)).values
      }
      made["h\(view + 1)"] = output.contexts[view].values
    }
    for (index, term) in output.terms.enumerated() {
      made[term.name] = output.predictions[index].values
      made["loss." + term.name] = [term.value]
    }
    for parameter in optimization.optimizer.parameters {
      made["grad." + parameter.name] = parameter.gradient?.values
    }
    optimization.optimizer.clearGradients()
    return made
  }

  private static func isOfTraining(_ name: String) -> Bool {
    ["grad.", "after", "step"].contains(where: name.hasPrefix)
  }

  /// - Parameter coarse: allowed error instead of float32's; then only what was made is compared.
  private func compare(_ made: [String: [Float]], tolerance coarse: Double? = nil) throws -> ParityReport {
    let file = try SafetensorsFile(path: folder + "/expected.safetensors")
    let names = file.names.filter { coarse == nil || made[$0] != nil }
    let tensors = try names.map { name -> ParityReport.Comparison in
      let expected = try file.floats(named: name)
      guard let found = made[name] else {
        throw ParityError(path: file.path, problem: "expects \(name), which this program does not make")
      }
      guard found.count == expected.count else {
        throw ParityError(
          path: file.path, problem: "\(name) has \(expected.count) values, \(found.count) were made")
      }
      let tolerance = coarse ?? (Self.isOfTraining(name) ? Self.trainingTolerance : Self.featureTolerance)
      return comparison(
        name, found, expected, noise: try NoiseEntries(of: name, in: file), tolerance: tolerance)
    }
    return ParityReport(folder: folder, tensors: tensors)
  }

  private func comparison(
    _ name: String, _ found: [Float], _ expected: [Float], noise: NoiseEntries, tolerance: Double
  ) -> ParityReport.Comparison {
    let difference = TensorDifference(found, expected, noise: noise)
    let (error, scale) = (difference.error, difference.scale)
    let relative = error == 0 ? 0 : error / max(scale, 1e-30)
    let noiseLimit = tolerance * scale + description.optimizer.lr * Double(description.steps)
    return ParityReport.Comparison(
      name: name, absoluteError: error, relativeError: relative, tolerance: tolerance,
      passed: relative <= tolerance && difference.noiseError <= noiseLimit, noiseEntries: noise.count,
      noiseError: difference.noiseError)
  }
}
