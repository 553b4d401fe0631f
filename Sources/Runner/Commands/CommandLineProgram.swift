import Console
import CoreTensor
import Foundation
import Synchronization
import Training
import WorldModel

/// The program `chex-runner`.
public enum CommandLineProgram {
  /// Its version, as `--version` prints it and a run's folder records it.
  public static let version = ProgramVersion.current

  /// The program with all its commands.
  public static let program = Program(
    name: "chex-runner", version: version,
    summary: "Trains world models of chest radiographs, by tasks that are loaded as plugins.",
    commands: allCommands, defaultCommand: "pretrain", renamedFlags: Renames.flags,
    search: PluginCommands.find)

  /// Runs a command line, silently but for failures where another process of the same run speaks.
  private static func run(_ words: [String]) -> Int32 {
    do {
      guard let launch = try ProcessGroup.launch() else { return program.run(words) }
      guard launch.rank > 0 else { return program.run(words, processes: launch.size) }
      StandardStream.silence()
      let complaint = Mutex("")
      let console = Program.Streams(
        write: { _ in },
        writeError: { text in complaint.withLock { $0 += "rank \(launch.rank) of \(launch.size): \(text)\n" }
        })
      let status = program.run(words, console: console, processes: launch.size)
      // What is wrong with the command line is wrong on every rank: the first says so, and ends this process meanwhile.
      if status == Program.usageFailure { sleep(2) }
      StandardStream.complain(complaint.withLock { $0 })
      return status
    } catch {
      StandardStream.complain("\(program.name): \(error)\n")
      return Program.usageFailure
    }
  }

  /// Runs the command line of this process and exits with its status.
  public static func main() -> Never {
    PluginCode.reportCrashes(
      remedy: "A run that was going on resumes from its last checkpoint: chex-runner resume RUN.")
    StandardStream.prepare()
    // Swift mends what is no UTF-8, and two paths that differ there would become one.
    let words = (0..<Int(CommandLine.argc)).map { place -> String? in
      CommandLine.unsafeArgv[place].flatMap { String(validatingCString: $0) }
    }
    if let place = words.firstIndex(of: nil) {
      StandardStream.error.show(
        "\(program.name): word \(place) of the command line: expected UTF-8 text, found "
          + "\"\(CommandLine.arguments[place].printable)\"; rename the file or folder\n")
      exit(Program.usageFailure)
    }
    let status = StandardStream.status(run(words.dropFirst().compactMap { $0 }), program: program.name)
    ProcessGroup.leave(status: status)
    exit(status)
  }
}
