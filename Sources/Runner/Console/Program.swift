import CoreTensor
import Foundation

/// A program of several commands: chooses one, reads its arguments, runs it, and reports what went wrong.
public struct Program: Sendable {
  /// Exit status of a command line, setting or file that cannot be understood.
  public static let usageFailure: Int32 = 2
  /// Exit status of a run that failed.
  public static let runFailure: Int32 = 1

  /// Where the program's own text goes.
  public struct Streams: Sendable {
    public let write: @Sendable (String) -> Void
    public let writeError: @Sendable (String) -> Void

    public init(write: @escaping @Sendable (String) -> Void, writeError: @escaping @Sendable (String) -> Void)
    {
      self.write = write
      self.writeError = writeError
    }

    /// Standard output and standard error.
    public static let standard = Streams(
      write: { StandardStream.give($0 + "\n") }, writeError: { StandardStream.error.show($0 + "\n") })
  }

  public let name: String
  public let version: String
  public let summary: String
  public let commands: [Command]
  /// The command that is meant when only flags are typed.
  public let defaultCommand: String
  /// Names of flags that were called otherwise, old to new.
  public let renamedFlags: [String: String]
  /// Finds the commands that plugins bring: those that begin with a word, or all where there is none.
  public typealias CommandSearch = @Sendable (_ words: [String], _ name: String?) throws -> [Command]
  private let search: CommandSearch

  /// - Parameter search: asked where `commands` has none of the name, and for the help; default: there are no others.
  /// - Precondition: command names differ.
  public init(
    name: String, version: String, summary: String, commands: [Command], defaultCommand: String,
    renamedFlags: [String: String] = [:],
    search: @escaping CommandSearch = { _, _ in [] }
  ) {
    require(
      Set(commands.map(\.name)).count == commands.count, "Program \(name): a command is listed twice")
    self.name = name
    self.version = version
    self.summary = summary
    self.commands = commands
    self.defaultCommand = defaultCommand
    (self.renamedFlags, self.search) = (renamedFlags, search)
  }

  /// Runs one command line.
  /// - Parameters:
  ///   - words: without the program's own name.
  ///   - processes: started together with this one, itself included.
  /// - Returns: 0 for success, 2 for what cannot be understood, 1 for a run that failed, or what the command says.
  public func run(_ words: [String], console: Streams = .standard, processes: Int = 1) -> Int32 {
    var chosen: Command?
    do {
      let (selection, rest) = try select(words)
      switch selection {
      case .help(let command):
        console.write(command.map(help(for:)) ?? help(others: (try? search(words, nil)) ?? []))
        return 0
      case .version:
        console.write("\(name) \(version)")
        return 0
      case .command(let command):
        chosen = command
        guard processes == 1 || command.sharesWork else {
          throw UsageError(
            "\(command.name): \(processes) processes were started, each of which would do all of the work; start one, "
              + "without mpirun, srun or torchrun before it")
        }
        let parser = ArgumentParser(
          command: command, otherCommands: commands.map(\.name), renamedFlags: renamedFlags)
        return try command.run(try parser.parse(rest))
      }
    } catch let problem as any UsageProblem {
      let command = chosen.map { " \($0.name)" } ?? ""
      console.writeError("\(name): \(problem)\nSee \(name)\(command) --help.")
      return Self.usageFailure
    } catch {
      console.writeError("\(name): \(error)")
      return Self.runFailure
    }
  }

  private enum Selection {
    case help(Command?)
    case version
    case command(Command)
  }

  private func select(_ words: [String]) throws -> (Selection, [String]) {
    guard let first = words.first else { return (.help(nil), []) }
    if first == "--help" || first == "-h" { return (.help(nil), []) }
    if first == "--version" { return (.version, []) }
    if first == "help" {
      return (.help(try words.count > 1 ? command(at: words.dropFirst(), of: words).chosen : nil), [])
    }
    let isFlag = ArgumentParser.looksLikeFlag(first)
    let (chosen, taken) =
      isFlag ? (try command(named: defaultCommand), 0) : try command(at: words[...], of: words)
    let rest = Array(words.dropFirst(taken))
    if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
      return (.help(chosen), [])
    }
    return (.command(chosen), rest)
  }

  /// The command that the words begin with; its name may be of two words.
  private func command(
    at words: ArraySlice<String>, of line: [String]
  ) throws -> (chosen: Command, taken: Int) {
    if let found = try Self.command(at: words, in: commands) { return found }
    let name = words.first ?? ""
    let others: [Command]
    do { others = try search(line, name) } catch let problem as UsageError { throw problem } catch {
      throw UsageError(
        "there is no command \"\(name)\" of the program's own, and those of plugins could not be read:\n\(error)"
      )
    }
    if let found = try Self.command(at: words, in: others) { return found }
    return (try command(named: name), 1)
  }

  private static func command(
    at words: ArraySlice<String>, in commands: [Command]
  ) throws -> (chosen: Command, taken: Int)? {
    let two = words.prefix(2).joined(separator: " ")
    if let command = commands.first(where: { $0.name == two }) { return (command, 2) }
    // A command of one word may stand beside those that begin with it.
    if let command = commands.first(where: { $0.name == words.first }) { return (command, 1) }
    let family = commands.map(\.name).filter { $0.hasPrefix((words.first ?? "") + " ") }
    guard family.isEmpty else {
      throw UsageError("\(two): one of these is meant: \(family.joined(separator: ", "))")
    }
    return nil
  }

  private func command(named name: String) throws -> Command {
    if let command = commands.first(where: { $0.name == name }) { return command }
    let names = (commands + ((try? search([], nil)) ?? [])).map(\.name)
    throw UsageError(
      "there is no command \"\(name)\"" + Suggestions.clause(for: name, in: names)
        + "\nCommands: \(names.joined(separator: ", "))")
  }
}
