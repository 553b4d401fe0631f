import Batches
import CoreTensor
import Radiographs
import WorldModel

/// Everything that decides a run, typed and checked: made from resolved settings, saved with the run.
///
/// Defaults named here are those of the settings' catalogue; "paper" means the published recipe.
public struct RunConfiguration: Codable, Sendable, Equatable {
  public var run: Run
  public var model: Model
  /// How views are cut from a film; defaults are the paper's.
  public var views: ViewSettings
  public var data: Data
  public var training: Training
  public var objective: Objective
  public var health: Health
  public var evaluation: Evaluation
  /// Resolved options of every loaded plugin: plugin's name → option's name → value.
  public var plugins: [String: [String: OptionValue]]

  /// The options of one plugin, with its declared defaults for those that were not saved.
  public func options(of plugin: String, declared declarations: [OptionDeclaration]) -> Options {
    Options(declarations, given: plugins[plugin] ?? [:])
  }

  /// What the run is.
  public struct Run: Codable, Sendable, Equatable {
    /// Seed of every random draw, 0 or more. Default 0.
    public var seed: Int
    /// Names of tasks in the order given; empty = those that `plugins.toml` enables.
    public var tasks: [String]
    /// Whether each task has its own assembly and the losses are added. Default false (paper: unified).
    public var isNaive: Bool
    /// Paper's text or authors' released code. Default paper.
    public var compatibility: Compatibility
    /// Threads that compute; 0 = all cores. Changes no result's meaning, only its speed.
    public var threads: Int
    /// What products multiply. Default auto.
    public var precision: Precision
    /// As `--device` names it.
    public var device: String
    /// The most that kernels may use of the processor; nil = its best.
    public var instructions: InstructionSet?
    /// Threads that read films ahead; 0 = the step reads them itself. Changes no result. Default 1.
    public var loaderThreads: Int
    /// Folder of the run; empty = a new one below `runs/`.
    public var out: String
  }

  /// Which films.
  public struct Data: Codable, Sendable, Equatable {
    /// Names of data plugins, paths of folders or CSV files, `COLLECTION:FOLDER`. Default: the data plugin that the
    /// registry marks.
    public var sources: [String]
    /// How often an epoch sees a film of each source; empty = once.
    public var weights: [Double]
    /// Which views are used. Default frontal.
    public var views: ViewChoice
    /// Share of patients to pre-train on, in (0, 1]. Default 1.
    public var fraction: Double
    /// Decides which patients. Default 0.
    public var fractionSeed: Int
    /// Columns of a CSV; empty = found by name.
    public var pathColumn: String
    public var labelColumn: String
    /// Columns that are a finding each.
    public var labelColumns: [String]
    /// How labels are read.
    public var labels: CollectionOptions
    public var patientColumn: String
    public var splitColumn: String
    /// `column=value`; all must hold.
    public var filter: [ColumnFilter]
    /// Splits to train on, where the source names splits.
    public var pretrainSplits: [String]
    /// Share of patients in [0, 0.9] held out, where the source names no splits. Default 0.1.
    public var holdoutFraction: Double
    /// Memory for decoded films, MiB; 0 = none. Default 2048.
    public var cacheMebibytes: Int
    /// Films at most; 0 = all.
    public var limit: Int
  }

  /// How the supervisions' errors add up.
  public struct Objective: Codable, Sendable, Equatable {
    /// `auto` of the settings is already resolved: paper → sum, published → mean.
    public var reduction: LossReduction
  }

  /// Signs of collapse.
  public struct Health: Codable, Sendable, Equatable {
    /// Epochs between two looks; 0 = only at the end. Default 10.
    public var everyEpochs: Int
    /// Held-out films looked at, at most. Default 256.
    public var films: Int
    /// RankMe (exponential of the entropy of normalised singular values) below this is collapse. Default 3.
    public var minimumRank: Double
    /// Mean over features of their standard deviation over films, below this is collapse. Default 0.01.
    public var minimumDeviation: Double
  }

  /// What evaluations look at.
  public struct Evaluation: Codable, Sendable, Equatable {
    /// Findings; empty = all with enough cases.
    public var labels: [String]
    public var filter: [ColumnFilter]
    public var trainSplits: [String]
    /// Splits to choose settings by: a penalty, the best epoch.
    public var validationSplits: [String]
    public var testSplits: [String]
    /// Films at most; 0 = all. Default 4000.
    public var films: Int
  }
}
