import CoreTensor

/// What moves tensors between the processes of one run, as a plugin registers it: `kind = "communicator"` in
/// `plugins.toml`. It is taken where a launcher started the program several times, or where `run.communicator` names it.
public struct CommunicatorDefinition: Sendable {
  public let name: String
  public let summary: String
  public let options: [OptionDeclaration]
  /// Whether it can join what this launcher started, and move what this device holds: then it is taken without being
  /// named.
  public let suits: @Sendable (LaunchEnvironment, any Device) -> Bool
  /// Joins the other processes. Called once in a process.
  public let join: @Sendable (Options, CommunicatorRequest) throws -> any Communicator

  /// - Parameters:
  ///   - name: as `run.communicator` takes it.
  ///   - summary: one line.
  ///   - options: that the plugin takes.
  ///   - suits: whether it is the one for a launcher and a device.
  ///   - join: throws a sentence where the others cannot be reached.
  public init(
    name: String, summary: String, options: [OptionDeclaration] = [],
    suits: @escaping @Sendable (LaunchEnvironment, any Device) -> Bool,
    join: @escaping @Sendable (Options, CommunicatorRequest) throws -> any Communicator
  ) {
    (self.name, self.summary, self.options) = (name, summary, options)
    (self.suits, self.join) = (suits, join)
  }
}

/// What a communicator is to join.
public struct CommunicatorRequest: Sendable {
  /// How the launcher numbers this process.
  public let launch: LaunchEnvironment
  /// Where this process computes.
  public let device: any Device

  public init(launch: LaunchEnvironment, device: any Device) { (self.launch, self.device) = (launch, device) }
}

/// What a launcher says of this process: `mpirun`, `srun` and `torchrun` start a program several times and number the
/// processes in variables of the environment.
public struct LaunchEnvironment: Sendable, Equatable {
  /// From 0.
  public let rank: Int
  public let size: Int
  /// Among the processes of this machine, where the launcher tells.
  public let machineRank: Int?
  public let machineSize: Int?
  /// Whose words these are.
  public let launcher: String

  /// Of a process that is the only one.
  public static let alone = LaunchEnvironment()

  private init() { (rank, size, machineRank, machineSize, launcher) = (0, 1, 0, 1, "") }

  /// A launcher, and its variables for rank, size, and the two among the processes of a machine.
  private static let launchers:
    [(name: String, rank: String, size: String, machineRank: String, machineSize: String)] = [
      (
        "mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
        "OMPI_COMM_WORLD_LOCAL_SIZE"
      ),
      ("torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"),
      ("mpiexec", "PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"),
      ("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"),
    ]

  /// Nil where no launcher started several processes.
  /// - Parameters:
  ///   - variables: of the environment.
  ///   - countsOne: whether one process that a launcher started is taken, too.
  /// - Throws: `CommunicationError` where a launcher's numbers are none.
  public init?(_ variables: [String: String], countsOne: Bool = false) throws {
    for launcher in Self.launchers {
      guard let size = variables[launcher.size], let rank = variables[launcher.rank] else { continue }
      guard let count = Int(size), let place = Int(rank), count > 0, (0..<count).contains(place) else {
        throw CommunicationError(
          "\(launcher.rank) and \(launcher.size) of the environment: expected a rank below a number of processes, found "
            + "\"\(rank)\" and \"\(size)\"; start the processes with \(launcher.name), or unset both")
      }
      guard count > 1 || countsOne else { continue }
      (self.rank, self.size, self.launcher) = (place, count, launcher.name)
      machineRank = variables[launcher.machineRank].flatMap { Int($0) }
      // SLURM writes "4(x2),3" for two machines of four and one of three.
      machineSize = variables[launcher.machineSize].flatMap { Int($0.prefix { $0.isNumber }) }
      return
    }
    return nil
  }
}
