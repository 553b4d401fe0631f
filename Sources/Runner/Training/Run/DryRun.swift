import Console
import CoreTensor
import Figures
import Foundation
import WorldModel

/// One step without training: what would happen, in a table, and what looks odd.
package struct DryRun {
  package let parts: RunParts

  package init(_ setup: RunSetup) throws {
    parts = try RunParts(setup)
    try Teacher.take(into: parts)
  }

  /// What a script reads.
  package struct Report: Codable {
    package struct Prediction: Codable {
      package let name: String
      package let context: [Int]
      package let target: [Int]
      package let prediction: [Int]
      package let latents: [String]
      package let error: Double
    }
    package struct Term: Codable {
      package let name: String
      package let value: Double
    }
    package struct Remark: Codable {
      package let task: String
      package let text: String
    }
    package let tasks: [String]
    /// What tasks say of what they drew for the batch, by assembly.
    package let remarks: [Remark]
    package let predictions: [Prediction]
    /// What tasks' own objectives add.
    package let terms: [Term]
    package let parameters: Int
    package let secondsPerStep: Double
    package let peakMebibytes: Int
    package let batchSheet: String
    package let oddities: [String]
  }

  package func run(json: Bool) throws -> Int32 {
    let loaded = try parts.builder.batch(step: 0)
    let began = ProgressReporter.systemClock()
    let output = try parts.optimization.accumulate(loaded.batch)
    _ = parts.optimization.optimizer.gradientNorm()
    let seconds = ProgressReporter.systemClock() - began
    let sheet = "dry-run.png"
    try BatchSheetMaker.sheet(
      parts.builder, model: parts.optimization.model, title: "First batch"
    ).write(to: sheet)
    let predictions = zip(loaded.batch.supervisions, output.terms).enumerated().map { index, pair in
      Report.Prediction(
        name: pair.0.name, context: output.contexts[pair.0.context].shape,
        target: output.targets[pair.0.target]!.shape, prediction: output.predictions[index].shape,
        latents: parts.optimization.model.latents.map(\.name).filter(pair.0.latentNames.contains),
        error: Double(pair.1.value))
    }
    let terms = output.terms.dropFirst(predictions.count).map {
      Report.Term(name: $0.name, value: Double($0.value))
    }
    let report = Report(
      tasks: parts.tasks.tasks.map(\.name), remarks: remarks(loaded.draws), predictions: predictions,
      terms: terms,
      parameters: parts.optimization.optimizer.parameters.reduce(0) { $0 + $1.tensor.count },
      secondsPerStep: seconds, peakMebibytes: StoragePool.shared.statistics.peakBytesInUse >> 20,
      batchSheet: sheet,
      oddities: oddities(loaded.batch))
    if json { try Output.printJson(report) } else { show(report) }
    return 0
  }

  private func show(_ report: Report) {
    var table = TextTable(columns: [
      .init("term"), .init("context (B, K, d)"), .init("target (B, N, d)"), .init("prediction (B, T, d)"),
      .init("error", .right), .init("latents"),
    ])
    for row in report.predictions {
      table.add([
        row.name, "\(row.context)", "\(row.target)", "\(row.prediction)", String(format: "%.4f", row.error),
        row.latents.isEmpty ? "none" : row.latents.joined(separator: ", "),
      ])
    }
    for term in report.terms {
      table.add([term.name, "", "", "", String(format: "%.4f", term.value), ""])
    }
    let remarks = report.remarks.map { "\($0.task): \($0.text)\n" }.joined()
    Output.print(
      "tasks: " + report.tasks.joined(separator: ", ") + "\n" + remarks + "\n"
        + table.text(for: Terminal.current()))
    Output.print(
      String(
        format:
          "\n%d trained parameters, %.2f s a step (the first, with one-time costs), %d MiB of tensors at the peak",
        report.parameters, report.secondsPerStep, report.peakMebibytes))
    Output.print("batch sheet: \(report.batchSheet)")
    for oddity in report.oddities { Output.print("odd: " + oddity) }
  }

  /// What each task says of its part in the batch; under a naive loss in its own assembly.
  private func remarks(_ draws: [[String: [Double]]]) -> [Report.Remark] {
    parts.builder.assemblies.flatMap { assembly in
      let own = draws.map { record in
        record.reduce(into: [String: [Double]]()) { own, entry in
          guard entry.key.hasPrefix(assembly.label) else { return }
          own[String(entry.key.dropFirst(assembly.label.count))] = entry.value
        }
      }
      return assembly.remarks(on: own).map { Report.Remark(task: $0.task, text: $0.text) }
    }
  }

  /// Choices that are allowed and probably not meant.
  private func oddities(_ batch: WorldBatch) -> [String] {
    var found: [String] = []
    let carried = Set(batch.supervisions.flatMap { $0.latentNames })
    found += parts.tasks.oddities
    for latent in parts.optimization.model.latents where !carried.contains(latent.name) {
      found.append("latent \(latent.name) is never attached; its parameters will not learn")
    }
    let owners = parts.optimization.model.objectives.map(\.task)
    for (index, task) in parts.tasks.tasks.enumerated()
    where parts.tasks.tasks.count > 1 && !owners.contains(task.name) && task.teacher == nil {
      let others = parts.tasks.tasks.enumerated().filter { $0.offset != index }.map(\.element)
      if let without = try? structure(others), let with = try? structure(parts.tasks.tasks), without == with {
        found.append(
          "task \(task.name) adds nothing: no view, supervision, patch or latent changes without it")
      }
    }
    if parts.split.heldOut.count < 2 {
      found.append("fewer than two radiographs are held out: diagnostics cannot be computed")
    }
    return found
  }

  /// What a set of tasks makes of the first sample.
  private func structure(_ tasks: [any WorldTask]) throws -> String {
    let assembly = TaskAssembly(tasks: tasks, views: parts.setup.configuration.views)
    let scope = BatchScope(
      seed: 0, step: 0, batchSize: 1, geometry: parts.builder.geometry)
    let radiograph = try parts.source.radiograph(at: parts.split.pretrain[0])
    let sample = try assembly.plan(scope).sample(radiograph, index: 0)
    let contexts = sample.contexts.map { "\($0.visible) \($0.hidden) \($0.pixels.pixels.prefix(64))" }
    let targets = sample.targets.map { "\($0.frame) \($0.pixels.pixels.prefix(64))" }
    return "\(targets) \(sample.supervisions) \(sample.latents) \(contexts)"
  }
}
