import Foundation
import Layers
import Runs
import Weights

extension Command {
  /// Lists what a file of weights holds.
  static let weightsShow = Command(
    name: "weights show",
    summary: "List tensors and other contents of a PyTorch checkpoint or safetensors file",
    options: [CommandOption("--json", help: "One line of JSON.")],
    arguments: [CommandArgument("FILE", help: "torch.save's zip (.pth, .pt, .pth.tar) or .safetensors.")],
    examples: [
      CommandExample(
        "chex-runner weights show checkpoint.pth.tar", "names, shapes, types; nothing in it is run")
    ],
    run: { arguments in
      let listing = try WeightsListing(WeightsFile(path: arguments.required("FILE")))
      if arguments.has("--json") {
        try Output.printJson(listing)
      } else {
        Output.print(listing.text(for: Terminal.current()))
      }
      return 0
    })

  /// Makes a run of published weights.
  static let weightsImport = Command(
    name: "weights import",
    summary: "Make a run of published weights: CheXWorld, I-JEPA, timm's vision transformers",
    options: [
      CommandOption(
        "--heads", .value("N"),
        help:
          "Attention heads of the encoder, which weights do not tell; default what is usual for the width."),
      CommandOption(
        "--patch-size", .value("N"),
        help: "Side of a patch in pixels, where another than the file's; kernels are resampled."),
      CommandOption(
        "--allow-missing", .repeated("PATTERN"),
        help: "Parameters that the file may lack, such as 'predictor.*'; they are initialised from the seed."),
      CommandOption(
        "--allow-unexpected", .repeated("PATTERN"), help: "Tensors of the file that may be left out."),
      CommandOption("--json", help: "The report as one line of JSON."),
    ] + SettingFlag.options.filter { !ofNoImport.contains($0.name) },
    arguments: [CommandArgument("FILE", help: "torch.save's zip (.pth, .pt, .pth.tar) or .safetensors.")],
    examples: [
      CommandExample(
        "chex-runner weights import checkpoint.pth.tar --out runs/published --data films",
        "then: chex-runner evaluate runs/published, or resume to train on"),
      CommandExample(
        "chex-runner weights import vit_base.safetensors --out runs/timm --allow-missing 'predictor.*' --image-size 384",
        "an encoder alone, at another size"),
    ],
    run: { arguments in
      guard arguments.has("--out") else { throw UsageError("weights import: --out RUN is required") }
      let report = try WeightsImport(arguments).run()
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(report.lines.joined(separator: "\n") + "\nrun folder: \(arguments.value("--out") ?? "")")
      }
      return 0
    })

  private static let ofNoImport = ["--print-config", "--dry-run", "--json", "--model"]

  /// Writes a run's encoder for PyTorch.
  static let weightsExport = Command(
    name: "weights export", summary: "Write a run's encoder as timm's VisionTransformer reads it",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value("FOLDER"),
        help: "New folder for model.safetensors and config.json. Required."),
      CommandOption(
        "--encoder", .value("WHICH"), help: "target, which is what is transferred (default), or context."),
      .plugins,
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [CommandArgument("RUN", help: "The run's folder.")],
    examples: [
      CommandExample(
        "chex-runner weights export runs/first --out first-vit",
        "in Python: timm.create_model(\"local-dir:first-vit\", pretrained=True)")
    ],
    run: { arguments in
      guard let out = arguments.value("--out") else {
        throw UsageError("weights export: --out FOLDER is required")
      }
      let names = WeightsExport.Part.allCases.map(\.rawValue)
      let part = WeightsExport.Part(rawValue: try arguments.choice("--encoder", of: names) ?? "target")!
      let export = try WeightsExport(
        arguments.required("RUN"), part, pluginsFile: arguments.value("--plugins"))
      let report = try export.write(to: out)
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(
          "\(out): \(report.encoder.rawValue) encoder of \(report.run) at step \(report.step), \(report.tensors) tensors, "
            + "\(report.parameters) parameters\nin Python: timm.create_model(\"local-dir:\(out)\", pretrained=True)"
        )
      }
      return 0
    })
}

/// What `weights show` prints.
struct WeightsListing: Codable {
  struct Tensor: Codable {
    let name: String
    let type: SafetensorsType
    let shape: [Int]
  }

  let file: String
  let format: String
  /// Whether the file carries checksums; if so they were compared.
  let verified: Bool
  let layout: String?
  let parameters: Int
  let tensors: [Tensor]
  let remarks: [WeightsRemark]

  /// - Throws: where the file is damaged.
  init(_ contents: WeightsFile) throws {
    file = contents.path
    format = contents.format
    verified = try contents.verify()
    layout = (try? WeightsNames(contents))?.layout.rawValue
    tensors = contents.tensors.map { Tensor(name: $0.name, type: $0.elementType, shape: $0.shape) }
    parameters = contents.tensors.reduce(0) { $0 &+ $1.byteCount / $1.elementType.size }
    remarks = contents.remarks
  }

  func text(for terminal: Terminal) -> String {
    var table = TextTable(columns: [.init("tensor"), .init("type"), .init("shape")])
    for tensor in tensors {
      table.add([
        PickleCallable.printable(tensor.name, most: 300), tensor.type.rawValue,
        tensor.shape.map(String.init).joined(separator: " × "),
      ])
    }
    let kind = layout.map { ", \($0) names" } ?? ", no encoder that weights import knows"
    let checked = verified ? "; checksums agree" : "; carries no checksums"
    let others = remarks.map {
      "  " + PickleCallable.printable($0.name) + " = "
        + PickleCallable.printable($0.text, most: 400)
    }
    return "\(file): \(format)\(kind)\(checked)\n\n" + table.text(for: terminal)
      + "\n\(tensors.count) tensors, \(parameters) numbers\n"
      + (others.isEmpty ? "" : "\nbeside them:\n" + others.joined(separator: "\n") + "\n")
  }
}
