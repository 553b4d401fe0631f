import CoreTensor

/// A command of the program as a value: what it is called, what it takes, and what it does.
public struct Command: Sendable {
  /// The word that selects it, or two: `"pretrain"`, `"data audit"`.
  public let name: String
  /// One line for the list of commands, without a full stop.
  public let summary: String
  /// What follows `chex-runner NAME` in its usage line; empty = made from its arguments.
  public let usage: String
  public let options: [CommandOption]
  public let arguments: [CommandArgument]
  public let examples: [CommandExample]
  /// Whether several processes may run it together, as `mpirun` starts them.
  public let sharesWork: Bool
  /// Does the work and returns the exit status. A thrown `UsageProblem` exits with 2, anything else with 1.
  public let run: @Sendable (ParsedArguments) throws -> Int32

  /// - Precondition: no two options share a name or alias, and only the last argument repeats.
  public init(
    name: String, summary: String, usage: String = "", options: [CommandOption] = [],
    arguments: [CommandArgument] = [], sharesWork: Bool = false, examples: [CommandExample] = [],
    run: @escaping @Sendable (ParsedArguments) throws -> Int32
  ) {
    var seen: Set<String> = ["--help", "-h"]
    for spelling in options.flatMap(\.spellings) {
      require(seen.insert(spelling).inserted, "Command \(name): \(spelling) is declared twice")
    }
    require(
      arguments.dropLast().allSatisfy { !$0.isRepeated },
      "Command \(name): only the last argument may repeat")
    self.name = name
    self.summary = summary
    self.usage = usage
    self.options = options
    self.arguments = arguments
    self.examples = examples
    self.sharesWork = sharesWork
    self.run = run
  }

  /// The option that is spelt so, alias or name.
  public func option(spelt spelling: String) -> CommandOption? {
    options.first { $0.spellings.contains(spelling) }
  }
}

/// A flag of a command. No option is ever read from the environment.
public struct CommandOption: Sendable, Equatable {
  /// What may follow a flag.
  public enum Arity: Sendable, Equatable {
    /// Nothing: the flag is there or not.
    case toggle
    /// One value, shown in help under this name; the flag may stand once.
    case value(String)
    /// One value each time, and the flag may stand any number of times.
    case repeated(String)
  }

  /// With its dashes: `"--learning-rate"`.
  public let name: String
  /// Other spellings, dashes included: `["-o"]`.
  public let aliases: [String]
  public let arity: Arity
  /// One sentence for the help.
  public let help: String
  /// Heading that it stands under in the help.
  public let group: String

  public init(
    _ name: String, aliases: [String] = [], _ arity: Arity = .toggle, group: String = "Options", help: String
  ) {
    require(
      ([name] + aliases).allSatisfy { $0.hasPrefix("-") && $0.count > 1 && !$0.contains("=") },
      "CommandOption \(name): every spelling starts with a dash and holds no \"=\"")
    self.name = name
    self.aliases = aliases
    self.arity = arity
    self.group = group
    self.help = help
  }

  /// Its name and aliases.
  public var spellings: [String] { [name] + aliases }

  /// What its value is called in help; nil for a switch.
  public var placeholder: String? {
    switch arity {
    case .toggle: nil
    case .value(let text), .repeated(let text): text
    }
  }
}

/// A word that a command takes without a flag.
public struct CommandArgument: Sendable, Equatable {
  /// In capitals, as help shows it: `"RUN"`.
  public let name: String
  public let help: String
  public let isRequired: Bool
  /// Whether it takes all remaining words.
  public let isRepeated: Bool

  public init(_ name: String, help: String, isRequired: Bool = true, isRepeated: Bool = false) {
    self.name = name
    self.help = help
    self.isRequired = isRequired
    self.isRepeated = isRepeated
  }

  /// As a usage line shows it: `RUN`, `[RUN]`, `CASE_DIR…`.
  package var usage: String {
    let text = isRepeated ? name + "…" : name
    return isRequired ? text : "[\(text)]"
  }
}

/// A command line that one could type, and what it does.
public struct CommandExample: Sendable, Equatable {
  public let line: String
  public let meaning: String

  public init(_ line: String, _ meaning: String) {
    self.line = line
    self.meaning = meaning
  }
}
