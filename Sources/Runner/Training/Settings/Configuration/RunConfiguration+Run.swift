import CoreTensor
import WorldModel

extension RunConfiguration {
  /// What the run is.
  public struct Run: Codable, Sendable, Equatable {
    /// Seed of every random draw, 0 or more.
    public var seed = 0
    /// Names of tasks in the order given; empty = those that `plugins.toml` enables.
    public var tasks: [String] = []
    /// Names of evaluations with which `chex-runner` ends the run; empty = those that `plugins.toml` marks as default,
    /// "none" alone = no evaluation.
    public var evaluations: [String] = []
    /// Whether each task has its own assembly and the losses are added.
    public var isNaive = false
    /// Paper's text or authors' released code.
    public var compatibility: Compatibility = .paper
    /// Threads that compute; 0 = all cores. Changes no result's meaning, only its speed.
    public var threads = 0
    /// What products multiply.
    public var precision: Precision = .auto
    /// As `--device` names it.
    public var device: String = DeviceChoice.cpu
    /// What moves tensors between processes: a plugin's name, "auto" or "none".
    public var communicator: String = CommunicatorChoice.automatic
    /// The most that kernels may use of the processor; nil = its best.
    public var instructions: InstructionSet? = nil
    /// Threads that read radiographs ahead; 0 = the step reads them itself. Changes no result.
    public var loaderThreads = 1
    /// Folder of the run; empty = a new one below `runs/`.
    public var out = ""
    /// Whether event files for TensorBoard are written beside `metrics.jsonl`.
    public var tensorBoard = false
  }
}

extension RunConfiguration.Run {
  /// `[run]` of the settings.
  static let table = ConfigurationTable("run", "What the run is.", Self()) {
    Setting("seed", \.seed, in: 0...Int.max, help: "Seed of every random draw.")
    Setting(
      "tasks", \.tasks, help: "Tasks to train on, by plugin name; empty = those enabled in plugins.toml.")
    Setting(
      "evaluations", \.evaluations,
      help:
        "Evaluations to end with, by plugin name; empty = those marked default = true in plugins.toml, \"none\" = no"
        + " evaluation.")
    Setting(
      "naive", \.isNaive,
      help:
        "Let each task build its own contexts and targets and add the losses, instead of the unified loss.")
    Setting(
      "compatibility", \.compatibility, help: "Follow the paper, or what the authors' released code does.")
    Setting(
      "threads", \.threads, in: 0...1024, help: "Threads that compute; 0 = as many as there are cores.")
    Setting(
      "precision", \.precision,
      help:
        "What products multiply; sums, weights and optimiser are float32 always. auto = bf16 where the processor"
        + " has it in hardware, else f32.")
    Setting(
      "device", \.device,
      help:
        "Where tensors live and are computed with: cpu, or a plugin of kind backend, NAME or NAME:PLACE.")
    Setting(
      "communicator", \.communicator,
      help:
        "What moves tensors between the processes of a run: a plugin of kind communicator; auto = the one that suits what"
        + " started the processes; none = each process is a run of its own.")
    Setting(
      "instructions", \.instructions, orNone: "best",
      help: "The most that kernels may use of the processor.")
    Setting(
      "loader_threads", \.loaderThreads, in: 0...64,
      help: "Threads that read radiographs ahead of the step; 0 = read them in the step itself.")
    Setting(
      "out", \.out, help: "Folder of the run; empty = a new one below runs/, named by date and time.")
    Setting(
      "tensorboard", \.tensorBoard,
      help: "Write event files for TensorBoard too, in the run's folder tensorboard/.")
  }
}
