import CoreTensor
import Foundation

/// The program `chex-runner`.
public enum CommandLineProgram {
  /// Its version, as `--version` prints it and a run's folder records it.
  public static let version = "0.2.0"

  /// The program with all its commands.
  public static let program = Program(
    name: "chex-runner", version: version,
    summary: "Trains world models of chest radiographs, by tasks that are loaded as plugins.",
    commands: allCommands, defaultCommand: "pretrain")

  /// Runs the command line of this process and exits with its status.
  public static func main() -> Never {
    PluginCode.reportCrashes(
      remedy: "A run that was going on resumes from its last checkpoint: chex-runner resume RUN.")
    StandardStream.prepare()
    let status = program.run(Array(CommandLine.arguments.dropFirst()))
    exit(StandardStream.status(status, program: program.name))
  }
}
