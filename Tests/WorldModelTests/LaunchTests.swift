import CoreTensor
import Testing
import WorldModel

/// What launchers say in the environment.
@Suite struct LaunchTests {
  @Test func oneProcessIsNoGroup() throws {
    #expect(try LaunchEnvironment([:]) == nil)
    #expect(try LaunchEnvironment(["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"]) == nil)
    // A batch script of SLURM is no step of it.
    #expect(try LaunchEnvironment(["SLURM_PROCID": "0", "SLURM_NTASKS": "8"]) == nil)
  }

  @Test(arguments: [
    ("mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE", "4"),
    ("torchrun", "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "4"),
    ("mpiexec", "PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS", "4"),
    ("srun", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_TASKS_PER_NODE", "4(x2)"),
  ]) func launchersNumberProcesses(name: String, rank: String, size: String, local: String, text: String)
    throws
  {
    let launch = try #require(try LaunchEnvironment([rank: "5", size: "8", local: text]))
    #expect(launch.launcher == name && launch.rank == 5 && launch.size == 8 && launch.machineSize == 4)
  }

  @Test(arguments: [("8", "8"), ("-1", "8"), ("x", "8"), ("0", "none"), ("0", "0")])
  func numbersThatAreNoneAreRefused(rank: String, size: String) {
    #expect(throws: CommunicationError.self) { try LaunchEnvironment(["RANK": rank, "WORLD_SIZE": size]) }
  }
}
