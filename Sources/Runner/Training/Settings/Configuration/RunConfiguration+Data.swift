import Batches
import Radiographs

extension RunConfiguration {
  /// Which radiographs.
  public struct Data: Codable, Sendable, Equatable {
    /// Names of data plugins, paths of folders or CSV files, `COLLECTION:FOLDER`. Default: the data plugin that the
    /// registry marks.
    public var sources: [String] = []
    /// How often an epoch sees a radiograph of each source; empty = once.
    public var samplingWeights: [Double] = []
    /// Which views are used.
    public var views: ViewChoice = .frontal
    /// Share of patients to pre-train on, in (0, 1].
    public var fraction: Double = 1
    /// Decides which patients.
    public var fractionSeed = 0
    /// Columns of a CSV; empty = found by name.
    public var pathColumn = ""
    public var labelColumn = ""
    /// Columns that are a finding each.
    public var labelColumns: [String] = []
    /// How labels are read.
    public var labels: CollectionOptions = CollectionOptions()
    public var patientColumn = ""
    public var splitColumn = ""
    /// Files of splits in place of the source's own splits: a CSV, or lists. Nil where none is set, so that what earlier
    /// versions wrote of these settings reads and compares as it did; so are the next three.
    public var splitFile: [String]?
    /// Which fold of those files is set apart, from 1.
    public var splitFold: Int?
    /// Checksum that those files must have.
    public var splitChecksum: String?
    /// A table of points in radiographs, beside what the source knows of them.
    public var landmarks: String?
    /// `column=value`; all must hold.
    public var filter: [ColumnFilter] = []
    /// Splits to train on, where the source names splits.
    public var pretrainSplits: [String] = ["pretrain", "train"]
    /// Share of patients in [0, 0.9] held out, where the source names no splits.
    public var holdoutFraction: Double = 0.1
    /// Memory for decoded radiographs, MiB; 0 = none.
    public var cacheMebibytes = 2048
    /// Radiographs at most; 0 = all.
    public var limit = 0
  }
}

extension RunConfiguration.Data {
  fileprivate var splitFiles: [String] {
    get { splitFile ?? [] }
    set { splitFile = newValue.isEmpty ? nil : newValue }
  }
  fileprivate var fold: Int {
    get { splitFold ?? 0 }
    set { splitFold = newValue == 0 ? nil : newValue }
  }
  fileprivate var checksum: String {
    get { splitChecksum ?? "" }
    set { splitChecksum = newValue.isEmpty ? nil : newValue }
  }
  fileprivate var landmarkFile: String {
    get { landmarks ?? "" }
    set { landmarks = newValue.isEmpty ? nil : newValue }
  }
}

extension RunConfiguration.Data {
  /// `[data]` of the settings.
  static let table = ConfigurationTable("data", "Which radiographs, and which of them for training.", Self())
  {
    Setting(
      "source", \.sources,
      help:
        "Radiographs: the name of a data plugin, the path of a folder, CSV file or packed store, or COLLECTION:FOLDER"
        + " (see chex-runner data collections). Several make one run; empty = the data plugin that plugins.toml"
        + " marks as the default.")
    Setting(
      "sampling_weights", \.samplingWeights, in: 0.001...1000,
      help:
        "How often an epoch sees a radiograph of each source: 0.5 = half of them, anew each epoch; empty = once."
    )
    Setting(
      "views", \.views, help: "Leave out radiographs that are known to be lateral or oblique, or keep them."
    )
    Setting(
      "fraction", \.fraction, in: 0.00001...1,
      help: "Share of the patients to pre-train on; a smaller share is part of a larger.")
    Setting("fraction_seed", \.fractionSeed, in: 0...Int.max, help: "Which patients that share takes.")
    Setting("path_column", \.pathColumn, help: "CSV column of the file's path; empty = found by name.")
    Setting("label_column", \.labelColumn, help: "CSV column of the findings; empty = found by name.")
    Setting("patient_column", \.patientColumn, help: "CSV column of the patient; empty = found by name.")
    Setting("split_column", \.splitColumn, help: "CSV column of the split; empty = found by name.")
    Setting(
      "label_columns", \.labelColumns,
      help: "CSV columns that are a finding each: 1, 0, -1 = uncertain, empty = not known.")
    Setting(
      "uncertain", \.labels.uncertain,
      help: "What an uncertain label (-1) counts as: present, absent, or as not known.")
    Setting(
      "uncertain_findings", \.labels.uncertainFindings,
      help: "Exceptions to that, each Finding=ones, zeros or ignore.")
    Setting(
      "agreement", \.labels.agreement, in: 1...3,
      help: "VinDr-CXR: how many of an image's three readers a finding takes.")
    Setting(
      "shots", \.labels.shots, in: 0...10,
      help: "ChestDR: training radiographs for each finding, 1, 5 or 10; 0 = all.")
    Setting("draw", \.labels.draw, in: 1...5, help: "ChestDR: which draw of that many.")
    Setting(
      "split_file", \.splitFiles,
      help:
        "Splits by the names of radiographs, in place of the source's: a CSV file,patient,split[,fold], or lists whose"
        + " names tell their split (or SPLIT=PATH); radiographs that are not listed are left out.")
    Setting(
      "split_fold", \.fold, in: 0...1000,
      help: "Which fold of split_file is tested on, the others being trained on; 0 = splits as they are.")
    Setting("split_checksum", \.checksum, help: "Checksum that split_file must have; empty = any.")
    Setting(
      "landmarks", \.landmarkFile,
      help:
        "Points that are known in radiographs, for evaluations that look for them: a CSV file,landmark,x,y in pixels of the"
        + " files; empty = what the source itself knows.")
    Setting("filter", \.filter, help: "Use only radiographs where all of these hold, each column=value.")
    Setting(
      "pretrain_splits", \.pretrainSplits, help: "Splits to train on, where the source names splits.")
    Setting(
      "holdout_fraction", \.holdoutFraction, in: 0...0.9,
      help: "Share of patients held out, where the source names no splits.")
    Setting(
      "cache_mib", \.cacheMebibytes, in: 0...1_048_576,
      help: "Memory for decoded radiographs, in MiB; 0 = decode every time.")
    Setting("limit", \.limit, in: 0...1_000_000_000, help: "Use at most so many radiographs; 0 = all.")
  }
}
