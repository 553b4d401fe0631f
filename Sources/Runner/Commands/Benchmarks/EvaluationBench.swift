import Console
import CoreTensor
import NeuralNetworks
import PluginHost
import Training
import WorldModel

/// Times a training step of an evaluation that trains: forward, backward, clipping, optimiser.
struct EvaluationBench {
  private let sizes: BenchSizes
  private let backend: any Backend
  private let steps: Int
  private let step: () throws -> Double

  /// - Parameters:
  ///   - name: of a plugin in the registry, enabled or not.
  ///   - pluginsFile: path of the registry; nil for what the rule of `PluginsFile` gives.
  /// - Throws: `UsageError` where there is no such evaluation, or it trains nothing.
  init(_ name: String, _ sizes: BenchSizes, backend: any Backend, steps: Int, pluginsFile: String?) throws {
    (self.sizes, self.backend, self.steps) = (sizes, backend, steps)
    let manifest = try PluginManifest(path: PluginsFile.locate(given: pluginsFile))
    let expected = "bench: expected step, ceiling, encode, operations, images or an evaluation that trains"
    guard let entry = manifest.entries.first(where: { $0.name == name && $0.kind == .evaluation }) else {
      let known = manifest.entries.filter { $0.kind == .evaluation }.map(\.name).joined(separator: ", ")
      throw UsageError("\(expected), found \"\(name)\"; evaluations of \(manifest.path) are \(known)")
    }
    let plugin = try PluginHost(manifest: manifest).loadCurrent([entry.name])[0]
    guard case .evaluation(let definition) = plugin.definition, let make = definition.makeStep else {
      throw UsageError("\(expected), found \"\(name)\", which trains nothing that could be timed")
    }
    step = try Compute.$backend.withValue(backend) {
      try PluginCode("evaluation \"\(name)\"", "a step").run {
        try make(plugin.options, .standard, sizes.encoder, sizes.batch)
      }
    }
  }

  func run() throws -> StepBench.Result {
    // The first step, which makes what later steps use again, is counted and not timed.
    let profiler = ProfilingBackend(backend)
    _ = try Compute.$backend.withValue(profiler) { try step() }
    return try Compute.$backend.withValue(backend) {
      StepBench.Result(
        sizes, backend, try TimedSteps(steps, input: { _ in }) { try step() },
        operations: profiler.entries.values.reduce(0) { $0 + $1.productOperations })
    }
  }
}
