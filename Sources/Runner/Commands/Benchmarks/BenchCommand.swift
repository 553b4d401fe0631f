import Console
import CoreTensor
import Foundation
import Training

extension Command {
  /// Times the parts that decide what a run costs.
  static let bench = Command(
    name: "bench",
    summary: "Time a step of training or fine-tuning, its products, operations, features, or the data path",
    options: [
      CommandOption("--model", .value("SIZE"), help: "tiny, small, base or large; default base."),
      CommandOption(
        "--tasks", .value("A,B"),
        help: "step, ceiling: tasks whose step it is; default those enabled in plugins.toml."),
      CommandOption("--batch", .value("N"), help: "Images a step; default 8."),
      CommandOption("--image", .value("PIXELS"), help: "Side of the input; default 224."),
      CommandOption("--patch", .value("PIXELS"), help: "Side of a patch; default 16."),
      CommandOption(
        "--precision", .value("WHICH"),
        help: "f32, bf16, or auto for what this processor does in hardware; default f32."),
      CommandOption(
        "--steps", .value("N"), help: "Steps or batches that are timed after one that is not; default 3."),
      ComputeOptions.device, ComputeOptions.threads, ComputeOptions.instructions,
      CommandOption("--context", .value("N"), help: "Visible patches of a context; default 59 of 196."),
      CommandOption(
        "--targets", .value("N"), help: "Predicted patches of each prediction; default 61 of 196."),
      CommandOption(
        "--checkpoint-activations", help: "step: compute activations again in the backward pass."),
      CommandOption("--profile", help: "step: time, FLOP/s and bytes/s for each kind of operation."),
      CommandOption("--data", .repeated("SOURCE"), help: "images: which radiographs, as in pretrain."),
      CommandOption(
        "--seconds", .value("X"),
        help: "images: how long to measure the path, and decoding alone; default 10."
      ),
      .plugins,
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [
      CommandArgument(
        "WHAT",
        help:
          "step: forward, backward, clip, AdamW, moving average. ceiling: the step's matrix products back to "
          + "back, and the share of their rate that the step reaches. encode: frozen features of whole crops. images: "
          + "decoding, crops, the tasks' edits and stacking, without a model; --threads loader threads. operations: "
          + "convolutions, norms and resizing of a U-Net, forward and with the backward pass. The name of an evaluation "
          + "that trains: a step of its network on images of noise, without reading."
      )
    ],
    examples: [
      CommandExample(
        "chex-runner bench step --precision bf16 --json", "a ViT-B/16 step of 8 images, for a script"),
      CommandExample("chex-runner bench step --profile", "where its time goes"),
      CommandExample(
        "chex-runner bench ceiling --precision bf16", "what the matrix library alone would reach"),
      CommandExample(
        "chex-runner bench images --data radiographs --threads 1",
        "images/s of the data path on one core"),
      CommandExample(
        "chex-runner bench operations --precision bf16", "what the convolutions and norms of a U-Net cost"),
      CommandExample("chex-runner bench encode --batch 1 --precision auto", "how long one radiograph takes"),
    ],
    run: { arguments in
      try ComputeOptions.apply(arguments)
      let sizes = try BenchSizes(arguments)
      let precision = try arguments.choice("--precision", of: Precision.allCases.map(\.rawValue)) ?? "f32"
      let backend = try DeviceChoice.backend(arguments, Precision(rawValue: precision)!)
      let steps = try arguments.integer("--steps", in: 1...10000) ?? 3
      func model() throws -> BenchModel {
        try BenchModel(
          sizes, tasks: arguments.value("--tasks").map(SettingText.items), backend: backend,
          recomputes: arguments.has("--checkpoint-activations"),
          pluginsFile: arguments.value("--plugins"))
      }
      func show<Result: Encodable>(_ result: Result, _ text: (Result) -> String) throws {
        if arguments.has("--json") { try Output.printJson(result) } else { Output.print(text(result)) }
      }
      switch arguments.required("WHAT") {
      case "step" where arguments.has("--profile"):
        let profile = try StepProfile(model: try model(), steps: steps)
        try show(profile) { $0.text(for: Terminal.current()) }
      case "step": try show(try StepBench(model: try model(), steps: steps).run()) { $0.description }
      case "ceiling":
        try show(try CeilingBench(model: try model(), steps: steps).run()) {
          $0.text(for: Terminal.current())
        }
      case "encode":
        try show(EncodeBench(sizes: sizes, backend: backend).run(repeats: steps)) { $0.description }
      case "operations":
        try show(OperationsBench(backend: backend, repeats: steps).run()) { $0.text(for: Terminal.current()) }
      case "images":
        let sources = arguments.values("--data")
        guard !sources.isEmpty else { throw UsageError("bench images: --data SOURCE is required") }
        let bench = try ImagesBench(
          sources: sources, image: sizes.image, patch: sizes.patch,
          seconds: arguments.number("--seconds", in: 0.1...3600) ?? 10,
          threads: arguments.integer("--threads", in: 1...64) ?? 1,
          pluginsFile: arguments.value("--plugins"))
        try show(try bench.run()) { $0.description }
      case let name:
        let bench = try EvaluationBench(
          name, sizes, backend: backend, steps: steps, pluginsFile: arguments.value("--plugins"))
        try show(try bench.run()) { $0.description }
      }
      return 0
    })
}
