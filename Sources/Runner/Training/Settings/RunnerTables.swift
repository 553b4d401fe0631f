import CoreTensor
import Radiographs
import Runs
import WorldModel

extension SettingsCatalogue {
  /// The runner's own settings. Defaults are the paper's unless the help says otherwise.
  package static let runnerTables = [
    run, model, views, data, training, objective, health, evaluation,
  ]

  private static let run = SettingsTable(
    "run", "What the run is.",
    [
      OptionDeclaration("seed", .integer(default: 0, in: 0...Int.max), help: "Seed of every random draw."),
      OptionDeclaration(
        "tasks", .texts(default: []),
        help: "Tasks to train on, by plugin name; empty = those enabled in plugins.toml."),
      OptionDeclaration(
        "naive", .boolean(default: false),
        help:
          "Let each task build its own contexts and targets and add the losses, instead of the unified loss."),
      OptionDeclaration(
        "compatibility", .choice(default: "paper", of: ["paper", "published"]),
        help: "Follow the paper, or what the authors' released code does."),
      OptionDeclaration(
        "threads", .integer(default: 0, in: 0...1024),
        help: "Threads that compute; 0 = as many as there are cores."),
      OptionDeclaration(
        "precision", .choice(default: "auto", of: Precision.allCases.map(\.rawValue)),
        help:
          "What products multiply; sums, weights and optimiser are float32 always. auto = bf16 where the processor"
          + " has it in hardware, else f32."),
      OptionDeclaration(
        "device", .text(default: DeviceChoice.cpu),
        help:
          "Where tensors live and are computed with: cpu, or a plugin of kind backend, NAME or NAME:PLACE."),
      OptionDeclaration(
        "instructions", .choice(default: "best", of: ["best"] + InstructionSet.allCases.map(\.rawValue)),
        help: "The most that kernels may use of the processor."),
      OptionDeclaration(
        "loader_threads", .integer(default: 1, in: 0...64),
        help: "Threads that read films ahead of the step; 0 = read them in the step itself."),
      OptionDeclaration(
        "out", .text(default: ""),
        help: "Folder of the run; empty = a new one below runs/, named by date and time."),
    ])

  private static let model = SettingsTable(
    "model", "The encoder and the predictor.",
    [
      OptionDeclaration(
        "size", .choice(default: "base", of: ModelSize.allCases.map(\.rawValue)),
        help: "Width/depth/heads: tiny 192/12/3, small 384/12/6, base 768/12/12, large 1024/24/16, or custom."
      ),
      OptionDeclaration(
        "width", .integer(default: 0, in: 0...16384), help: "Encoder width; 0 = from size; custom needs it."),
      OptionDeclaration(
        "depth", .integer(default: 0, in: 0...256), help: "Encoder blocks; 0 = from size; custom needs it."),
      OptionDeclaration(
        "heads", .integer(default: 0, in: 0...256), help: "Attention heads; 0 = from size; custom needs it."),
      OptionDeclaration(
        "encoder", .text(default: ComponentChoice.standardNetwork),
        help: "The encoder: vit, a vision transformer, or one that a plugin registers, by its name."),
      OptionDeclaration(
        "predictor", .text(default: ComponentChoice.standardNetwork),
        help: "The predictor: vit, a narrow transformer, or one that a plugin registers, by its name."),
      OptionDeclaration(
        "image_size", .integer(default: 224, in: 16...4096), help: "Side of the square input, in pixels."),
      OptionDeclaration(
        "patch_size", .integer(default: 16, in: 2...512),
        help: "Side of a patch, in pixels; divides image_size."),
      OptionDeclaration(
        "mlp_ratio", .number(default: 4, in: 0.25...64), help: "Hidden width of a block's MLP, in widths."
      ),
      OptionDeclaration(
        "predictor_width", .integer(default: 384, in: 4...16384), help: "Width of the predictor's tokens."),
      OptionDeclaration(
        "predictor_depth", .integer(default: 6, in: 1...256), help: "Blocks of the predictor."),
      OptionDeclaration(
        "predictor_heads", .integer(default: 0, in: 0...256),
        help: "Attention heads of the predictor; 0 = as many as the encoder."),
      OptionDeclaration(
        "predictor_mlp_ratio", .number(default: 0, in: 0...64),
        help: "Hidden width of the MLP in the predictor's blocks, in widths; 0 = the encoder's mlp_ratio."),
      OptionDeclaration(
        "target_encoder", .choice(default: "ema", of: TargetEncoderMode.allCases.map(\.rawValue)),
        help:
          "The target encoder follows the encoder by moving average (ema), keeps its first or imported weights"
          + " (frozen), or is absent, where objectives of tasks are all that learns."),
    ])

  private static let views = SettingsTable(
    "views", "How crops are cut from a film, and the jitter of the whole film before.",
    [
      OptionDeclaration(
        "area", .interval(default: 0.3...1, in: 0.01...1),
        help: "Area of a crop, as a fraction of the film's."),
      OptionDeclaration(
        "aspect", .interval(default: 0.75...1.3333333333333333, in: 0.1...10),
        help: "Width over height of a crop, drawn on a logarithmic scale."),
      OptionDeclaration(
        "mirror_probability", .number(default: 0.5, in: 0...1),
        help: "How often a crop is mirrored left to right."),
      OptionDeclaration(
        "jitter_probability", .number(default: 0.8, in: 0...1),
        help: "How often the whole film's look is changed."),
      OptionDeclaration(
        "jitter_brightness", .interval(default: 0.6...1.4, in: 0...10),
        help: "Factor of brightness of that change."),
      OptionDeclaration(
        "jitter_contrast", .interval(default: 0.6...1.4, in: 0...10),
        help: "Factor of contrast of that change."),
    ])

  private static let data = SettingsTable(
    "data", "Which films, and which of them for training.",
    [
      OptionDeclaration(
        "source", .texts(default: []),
        help:
          "Films: the name of a data plugin, the path of a folder, CSV file or packed store, or COLLECTION:FOLDER"
          + " (see chex-runner data collections). Several make one run; empty = the data plugin that plugins.toml"
          + " marks as the default."),
      OptionDeclaration(
        "weights", .numbers(default: [], in: 0.001...1000),
        help:
          "How often an epoch sees a film of each source: 0.5 = half of them, anew each epoch; empty = once."),
      OptionDeclaration(
        "views", .choice(default: "frontal", of: ["frontal", "all"]),
        help: "Leave out films that are known to be lateral or oblique, or keep them."),
      OptionDeclaration(
        "fraction", .number(default: 1, in: 0.00001...1),
        help: "Share of the patients to pre-train on; a smaller share is part of a larger."),
      OptionDeclaration(
        "fraction_seed", .integer(default: 0, in: 0...Int.max), help: "Which patients that share takes."),
      OptionDeclaration(
        "path_column", .text(default: ""), help: "CSV column of the file's path; empty = found by name."),
      OptionDeclaration(
        "label_column", .text(default: ""), help: "CSV column of the findings; empty = found by name."),
      OptionDeclaration(
        "patient_column", .text(default: ""), help: "CSV column of the patient; empty = found by name."),
      OptionDeclaration(
        "split_column", .text(default: ""), help: "CSV column of the split; empty = found by name."),
      OptionDeclaration(
        "label_columns", .texts(default: []),
        help: "CSV columns that are a finding each: 1, 0, -1 = uncertain, empty = not known."),
      OptionDeclaration(
        "uncertain", .choice(default: "ones", of: UncertainLabel.allCases.map(\.rawValue)),
        help: "What an uncertain label (-1) counts as: present, absent, or as not known."),
      OptionDeclaration(
        "uncertain_findings", .texts(default: []),
        help: "Exceptions to that, each Finding=ones, zeros or ignore."),
      OptionDeclaration(
        "agreement", .integer(default: 2, in: 1...3),
        help: "VinDr-CXR: how many of an image's three readers a finding takes."),
      OptionDeclaration(
        "shots", .integer(default: 0, in: 0...10),
        help: "ChestDR: training films for each finding, 1, 5 or 10; 0 = all."),
      OptionDeclaration("draw", .integer(default: 1, in: 1...5), help: "ChestDR: which draw of that many."),
      OptionDeclaration(
        "filter", .texts(default: []), help: "Use only films where all of these hold, each column=value."),
      OptionDeclaration(
        "pretrain_splits", .texts(default: ["pretrain", "train"]),
        help: "Splits to train on, where the source names splits."),
      OptionDeclaration(
        "holdout_fraction", .number(default: 0.1, in: 0...0.9),
        help: "Share of patients held out, where the source names no splits."),
      OptionDeclaration(
        "cache_mib", .integer(default: 2048, in: 0...1_048_576),
        help: "Memory for decoded films, in MiB; 0 = decode every time."),
      OptionDeclaration(
        "limit", .integer(default: 0, in: 0...1_000_000_000), help: "Use at most so many films; 0 = all."),
    ])

  private static let objective = SettingsTable(
    "objective", "How the terms of the loss add up.",
    [
      OptionDeclaration(
        "reduction", .choice(default: "auto", of: ["auto", "sum", "mean"]),
        help: "Add the supervisions' errors or average them; auto = sum for paper, mean for published.")
    ])

  private static let health = SettingsTable(
    "health", "Signs that features still carry something. Not from the paper.",
    [
      OptionDeclaration(
        "every_epochs", .integer(default: 10, in: 0...1_000_000),
        help: "Epochs between two looks; 0 = at the end only."),
      OptionDeclaration(
        "films", .integer(default: 256, in: 2...1_000_000),
        help: "Held-out films that are looked at, at most."),
      OptionDeclaration(
        "minimum_rank", .number(default: 3, in: 0...16384),
        help:
          "Effective rank (RankMe) below which features count as collapsed; 0 = never. Films that differ along"
          + " fewer than three directions are told apart by little more than exposure, whatever the width."),
      OptionDeclaration(
        "minimum_deviation", .number(default: 0.01, in: 0...1000),
        help: "Mean standard deviation of features over films below which they count as collapsed; 0 = never."
      ),
    ])

  private static let evaluation = SettingsTable(
    "evaluation", "What evaluations look at: findings, images and splits. Not from the paper.",
    [
      OptionDeclaration(
        "labels", .texts(default: []), help: "Findings to evaluate; empty = all that have enough cases."),
      OptionDeclaration(
        "filter", .texts(default: []),
        help: "Evaluate only on images where all of these hold, each column=value."),
      OptionDeclaration(
        "train_splits", .texts(default: ["pretrain", "train"]), help: "Splits to learn from."),
      OptionDeclaration(
        "validation_splits", .texts(default: ["val", "valid", "validation"]),
        help:
          "Splits that settings are chosen by. An image of them is tested on only where there is no other split "
          + "to test on."),
      OptionDeclaration("test_splits", .texts(default: ["val", "test"]), help: "Splits to test on."),
      OptionDeclaration(
        "films", .integer(default: 4000, in: 0...100_000_000),
        help: "Images to evaluate on, at most; 0 = all."),
    ])
}
