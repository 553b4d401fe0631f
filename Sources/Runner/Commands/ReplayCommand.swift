import Console
import CoreTensor
import Foundation
import Runs
import Training
import WorldModel

extension Command {
  /// Runs the step that broke once more, looking at every module.
  static let replay = Command(
    name: "replay", summary: "Run the step that was not finite again and name the module that broke first",
    options: [
      CommandOption(
        "--step", .value("N"), help: "Another step, counted from 1; default: the one that failed."),
      .plugins,
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample("chex-runner replay runs/first", "after a run stopped at a loss that is not finite")
    ],
    run: { arguments in
      let folder = try RunFolder.open(at: arguments.required("RUN"))
      let asked = try arguments.integer("--step", in: 1...Int(Int32.max))
      let result = try StepReplay(folder, pluginsFile: arguments.value("--plugins")).run(
        step: asked.map { $0 - 1 })
      if arguments.has("--json") { try Output.printJson(result) } else { Output.print(result.sentence) }
      return result.operation == nil ? 0 : 1
    })
}

/// A step made again from the checkpoint before it.
struct StepReplay {
  struct Result: Codable {
    let step: Int
    /// Results and gradients that were looked at.
    let checked: Int
    /// Where the first NaN or infinity appeared; nil where all was finite.
    let operation: String?
    let module: String?
    let phase: String?
    /// The plugin's code that ran; nil where it was the program's own.
    let code: String?
    let shape: [Int]?
    let radiographs: [String]

    var sentence: String {
      guard let operation, let module, let phase, let shape else {
        return "step \(step + 1): all \(checked) results and gradients are finite"
      }
      let name = (module.isEmpty ? "" : " in module \(module)") + (code.map { ", of \($0)" } ?? "")
      return
        "step \(step + 1): the first result that is not finite is \(operation)\(name), \(phase)\(shape.isEmpty ? "" : ", shape \(shape)"); "
        + "\(checked - 1) results before it were finite. Radiographs of the batch: \(radiographs.joined(separator: ", "))"
    }
  }

  private let folder: RunFolder
  private let parts: RunParts

  init(_ folder: RunFolder, pluginsFile: String?) throws {
    self.folder = folder
    parts = try RunParts(try Pretraining.reopened(folder, pluginsFile: pluginsFile))
  }

  /// - Parameter step: counted from 0; nil for the one that failed.
  func run(step asked: Int?) throws -> Result {
    let step = try asked ?? failedStep()
    let store = folder.savedCheckpoints
    let found = try store.latest()
    let start = try ModelCheckpoint.load(found.checkpoint, into: parts.optimization).step
    guard start <= step else { throw ReplayError.tooEarly(step: step + 1, checkpoint: start) }
    let accumulation = parts.setup.configuration.training.accumulation
    let check = FiniteCheck()
    var radiographs: [String] = []
    var broken: String?
    for index in start...step {
      let batches = try (0..<accumulation).map { try parts.builder.batch(step: index * accumulation + $0) }
      radiographs = batches.flatMap(\.radiographs)
      let perform = {
        _ = try parts.optimization.step(
          batches.map(\.batch), learningRate: parts.schedule.learningRate(at: index),
          emaDecay: parts.schedule.emaDecay(at: index))
      }
      if index < step {
        try perform()
      } else {
        // Gradients of parameters are results of no operation of their own: only their norm tells.
        do { try Observation.watching(check, perform) } catch let error as NonFiniteStep {
          broken = error.term
        }
      }
    }
    if check.first == nil, let broken {
      return Result(
        step: step, checked: check.checked + 1, operation: broken, module: "", phase: "backward", code: nil,
        shape: [],
        radiographs: radiographs)
    }
    return Result(
      step: step, checked: check.checked, operation: check.first?.operation, module: check.first?.scope,
      phase: check.first?.phase.rawValue, code: check.first?.code, shape: check.first?.shape,
      radiographs: radiographs)
  }

  private func failedStep() throws -> Int {
    guard folder.has(.failure) else { throw ReplayError.noFailure(folder: folder.path) }
    return try JsonText.decoded(FailureReport.self, from: Data(folder.text(of: .failure).utf8)).step
  }
}

enum ReplayError: Error, CustomStringConvertible {
  case noFailure(folder: String)
  case tooEarly(step: Int, checkpoint: Int)
  var description: String {
    switch self {
    case .noFailure(let folder):
      "\(folder): no step of this run failed (there is no failure.json); name one with --step N"
    case .tooEarly(let step, let checkpoint):
      "step \(step) lies before the newest checkpoint, step \(checkpoint); choose a later step"
    }
  }
}
