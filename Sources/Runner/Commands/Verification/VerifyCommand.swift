import Console
import CoreTensor
import Foundation
import Training

extension Command {
  /// Replays numeric parity cases.
  static let verify = Command(
    name: "verify", summary: "Replay a numeric parity case and compare every tensor",
    options: [
      CommandOption(
        "--precision", .value("WHICH"),
        help:
          "f32, or bf16: then features and losses are held to 2e-2, and what training makes of them is not compared."
      ),
      CommandOption(
        "--weights", .value("FILE"),
        help:
          "Weights instead of the case's: safetensors, or a checkpoint of torch.save. Default: weights.safetensors of"
          + " the case, else its checkpoint.pth.tar."),
      ComputeOptions.device, ComputeOptions.threads, ComputeOptions.instructions,
      .plugins,
      CommandOption("--json", help: "One line of JSON a case."),
      CommandOption("--all", help: "Print every tensor, not only the worst of each kind."),
    ],
    arguments: [
      CommandArgument("CASE_DIR", help: "Folders with case.json and its tensors.", isRepeated: true)
    ],
    examples: [
      CommandExample("chex-runner verify golden/paper", "one case; exit status 1 where it fails"),
      CommandExample(
        "chex-runner verify golden/paper --weights golden/paper/checkpoint.pth.tar",
        "weights as PyTorch saves them"),
      CommandExample(
        "chex-runner verify golden/paper --precision bf16", "how far bf16 products lead from float32"),
    ],
    run: { arguments in
      try ComputeOptions.apply(arguments)
      let precision = Precision(rawValue: try arguments.choice("--precision", of: ["f32", "bf16"]) ?? "f32")!
      let backend = try DeviceChoice.backend(arguments, precision)
      var passed = true
      for path in arguments.arguments("CASE_DIR") {
        let report = try ParityCase(path, weights: arguments.value("--weights")).replay(
          pluginsFile: arguments.value("--plugins"), backend)
        if arguments.has("--json") {
          try Output.printJson(report)
        } else {
          show(report, all: arguments.has("--all"))
        }
        passed = passed && report.passed
      }
      return passed ? 0 : 1
    })

  private static func show(_ report: ParityReport, all: Bool) {
    var table = TextTable(columns: [
      .init("tensor"), .init("largest error", .right), .init("relative", .right), .init("allowed", .right),
      .init("verdict"),
    ])
    let rows = all ? report.tensors : report.worst
    for row in rows {
      table.add([
        row.name, String(format: "%.2e", row.absoluteError), String(format: "%.2e", row.relativeError),
        String(format: "%.0e", row.tolerance), row.passed ? "ok" : "FAILED",
      ])
    }
    Output.print(report.folder + "\n" + table.text(for: Terminal.current()))
    let noise = report.tensors.reduce(0) { $0 + $1.noiseEntries }
    if noise > 0 {
      Output.print(
        String(
          format:
            "%d weights have no true gradient (biases of keys): what AdamW makes of rounding noise differs by up to %.1e",
          noise, report.tensors.map(\.noiseError).max() ?? 0))
    }
    let failed = report.tensors.filter { !$0.passed }.count
    Output.print(
      report.passed
        ? "\(report.folder): PASSED, \(report.tensors.count) tensors\n"
        : "\(report.folder): FAILED, \(failed) of \(report.tensors.count) tensors\n")
  }
}
