import Console
import Evaluations
import Foundation
import Runs
import Training
import Weights
import WorldModel

extension Command {
  /// Lists what a file of weights holds.
  static let weightsShow = Command(
    name: "weights show",
    summary: "List tensors and other contents of a PyTorch checkpoint or safetensors file",
    options: [.plugins, CommandOption("--json", help: "One line of JSON.")],
    arguments: [
      CommandArgument(
        "FILE",
        help: "torch.save's zip (.pth, .pt, .pth.tar), .safetensors, or a folder with model.safetensors.")
    ],
    examples: [
      CommandExample(
        "chex-runner weights show checkpoint.pth.tar", "names, shapes, types; nothing in it is run")
    ],
    run: { arguments in
      let file = try WeightsFile(path: arguments.required("FILE"))
      let listing = try WeightsListing(file, WeightsFamilies(pluginsFile: arguments.value("--plugins")))
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
    summary: "Make a run of weights that others publish, of any family that a plugin knows",
    options: [
      CommandOption(
        "--family", .value("NAME"),
        help:
          "The family of checkpoints that the file is of, where two know it; default is what the file tells. "
          + "`chex-runner weights families` lists them."),
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
    arguments: [
      CommandArgument(
        "FILE",
        help: "torch.save's zip (.pth, .pt, .pth.tar), .safetensors, or a folder with model.safetensors.")
    ],
    examples: [
      CommandExample(
        "chex-runner weights import checkpoint.pth.tar --out runs/published --data radiographs",
        "then: chex-runner evaluate runs/published, or resume to train on"),
      CommandExample(
        "chex-runner weights import vit_base.safetensors --out runs/vit --allow-missing 'predictor.*' --image-size 384",
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

  /// Writes a run's weights for other programs.
  static let weightsExport = Command(
    name: "weights export",
    summary:
      "Write the weights of a run, or a fine-tuned model, as a family of checkpoints has them, for PyTorch",
    options: [
      CommandOption(
        "--out", aliases: ["-o"], .value("FOLDER"),
        help: "New folder for model.safetensors and what the family puts beside it. Required."),
      CommandOption(
        "--as", .value("NAME"),
        help:
          "The family of checkpoints that is written; default is the one that the encoder was imported from, else timm. "
          + "`chex-runner weights families` lists them."),
      CommandOption(
        "--model", .value("NAME"),
        help:
          "Of an evaluation: which of the models that it kept, such as fraction-0.1; needed where there are several."
      ),
      CommandOption(
        "--run", .value("RUN"), help: "Of an evaluation: its run's folder, where it was moved since."),
      CommandOption(
        "--encoder", .value("WHICH"),
        help: "target, which is what is transferred (default), or context; not of families of whole models."),
      .plugins,
      CommandOption("--json", help: "One line of JSON."),
    ],
    arguments: [
      CommandArgument(
        "RUN",
        help:
          "The run's folder; or the folder of an evaluation that trained a model, RUN/evaluations/… or its --out."
      )
    ],
    examples: [
      CommandExample(
        "chex-runner weights export runs/findings --model fraction-1 --out classifier",
        "a fine-tuned model: its encoder, and its head beside it"),
      CommandExample(
        "chex-runner weights export runs/first --out first-vit",
        "an encoder; the command ends with how it is opened elsewhere"),
      CommandExample("chex-runner weights families", "what --as may name"),
    ],
    run: { arguments in
      guard let out = arguments.value("--out") else {
        throw UsageError("weights export: --out FOLDER is required")
      }
      if FinishedEvaluation.isFolder(arguments.required("RUN")) {
        guard !arguments.has("--encoder") else {
          throw UsageError(
            "weights export: --encoder is of a run; a fine-tuned model has one encoder, leave it out")
        }
        let report = try FineTunedExport(
          arguments.required("RUN"), model: arguments.value("--model"),
          as: arguments.value("--as"),
          run: arguments.value("--run"), pluginsFile: arguments.value("--plugins")
        ).write(to: out)
        if arguments.has("--json") { try Output.printJson(report) } else { Output.print(report.text) }
        return 0
      }
      for option in ["--model", "--run"]
      where arguments.has(option) && Folder.exists(arguments.required("RUN")) {
        throw UsageError(
          "weights export: \(option) is of an evaluation's folder, found that of a run; leave it out, or give the folder "
            + "of the evaluation")
      }
      let export = try WeightsExport(
        arguments.required("RUN"), as: arguments.value("--as"),
        encoder: try arguments.choice("--encoder", of: WeightsExport.Part.allCases.map(\.rawValue)),
        pluginsFile: arguments.value("--plugins"))
      let report = try export.write(to: out)
      if arguments.has("--json") {
        try Output.printJson(report)
      } else {
        Output.print(report.text)
      }
      return 0
    })

  /// Lists the families of checkpoints.
  static let weightsFamilies = Command(
    name: "weights families", summary: "List the families of checkpoints that are read and written",
    options: [.plugins, CommandOption("--json", help: "One line of JSON.")], arguments: [],
    examples: [CommandExample("chex-runner weights families", "names for --family and --as")],
    run: { arguments in
      let rows = try WeightsFamilies(pluginsFile: arguments.value("--plugins")).all.map(FamilyRow.init)
      if arguments.has("--json") {
        try Output.printJson(rows)
      } else {
        var table = TextTable(columns: [.init("family"), .init("written"), .init("what its files hold")])
        for row in rows { table.add([row.name, row.written, row.summary]) }
        Output.print(table.text(for: Terminal.current()))
      }
      return 0
    })
}

/// A family as `weights families` shows it.
struct FamilyRow: Codable {
  let name: String
  let summary: String
  let layout: String
  /// How much of a run an export holds; nil where the family is only read.
  let exports: WeightsScope?

  init(_ family: any WeightsFamily) {
    (name, summary, layout, exports) = (family.name, family.summary, family.layout, family.exports)
  }

  var written: String {
    switch exports {
    case .encoder: "one encoder"
    case .model: "whole models"
    case nil: "no"
    }
  }
}

/// What `weights show` prints.
struct WeightsListing: Codable {
  struct Tensor: Codable {
    let name: String
    let type: String
    let shape: [Int]
  }

  let file: String
  let format: String
  /// Whether the file carries checksums; if so they were compared.
  let verified: Bool
  /// Of names, and whose they are; nil where no family knows the file.
  let layout: String?
  let family: String?
  let parameters: Int
  let tensors: [Tensor]
  let remarks: [WeightsRemark]

  /// - Throws: where the file is damaged.
  init(_ contents: WeightsFile, _ families: WeightsFamilies) throws {
    file = contents.path
    format = contents.format
    verified = try contents.verify()
    let known = try? RecognizedWeights(contents, families)
    (layout, family) = (known?.family.layout, known?.family.name)
    tensors = contents.tensors.map { Tensor(name: $0.name, type: $0.type, shape: $0.shape) }
    parameters = contents.tensors.reduce(0) { $0 &+ ($1.shape.contains(0) ? 0 : $1.shape.reduce(1, &*)) }
    remarks = contents.remarks
  }

  func text(for terminal: Terminal) -> String {
    var table = TextTable(columns: [.init("tensor"), .init("type"), .init("shape")])
    for tensor in tensors {
      table.add([
        PickleCallable.printable(tensor.name, most: 300), tensor.type,
        tensor.shape.map(String.init).joined(separator: " × "),
      ])
    }
    let kind = layout.map { ", \($0) names" } ?? ", of no family that weights import knows"
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
