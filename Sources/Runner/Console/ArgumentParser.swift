import WorldModel

/// Reads the words after a command by its declaration.
package struct ArgumentParser {
  let command: Command
  /// Names of all commands, so that one typed in the wrong place can be named.
  var otherCommands: [String] = []
  /// Flags that had another name, old to new.
  var renamedFlags: [String: String] = [:]

  package init(command: Command, otherCommands: [String] = [], renamedFlags: [String: String] = [:]) {
    (self.command, self.otherCommands, self.renamedFlags) = (command, otherCommands, renamedFlags)
  }

  /// Understands `--flag value`, `--flag=value`, switches, and `--` before words that start with a dash.
  /// - Throws: `UsageError`.
  package func parse(_ tokens: [String]) throws -> ParsedArguments {
    var occurrences: [ParsedArguments.Occurrence] = []
    var words: [String] = []
    var rest = tokens[...]
    while let token = rest.popFirst() {
      if token == "--" {
        words += rest
        break
      }
      guard Self.looksLikeFlag(token) else {
        words.append(token)
        continue
      }
      let found = try readFlag(token, &rest)
      try refuseSecond(found, after: occurrences)
      occurrences.append(found)
    }
    return ParsedArguments(command: command, occurrences: occurrences, words: try place(words))
  }

  /// A lone dash is a word (standard input, by custom), and so is a negative number.
  static func looksLikeFlag(_ token: String) -> Bool {
    token.hasPrefix("-") && token != "-" && Double(token) == nil
  }

  private func readFlag(
    _ token: String, _ rest: inout ArraySlice<String>
  ) throws -> ParsedArguments.Occurrence {
    let parts = token.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let spelling = parts[0]
    let attached = parts.count == 2 ? parts[1] : nil
    guard let option = command.option(spelt: spelling) else {
      if let current = renamedFlags[spelling], command.option(spelt: current) != nil {
        throw UsageError("\(spelling) has another name now: write \(current)")
      }
      throw UsageError(
        "\(command.name) has no flag \(spelling)"
          + Suggestions.clause(
            for: spelling, in: command.options.flatMap(\.spellings).filter { $0.hasPrefix("--") }))
    }
    guard let placeholder = option.placeholder else {
      guard let attached else { return .init(option: option.name, value: nil) }
      throw UsageError("\(spelling) is a switch and takes no value, found \"\(attached)\"; write \(spelling)")
    }
    if let attached {
      return .init(option: option.name, value: try filled(attached, option, spelling, placeholder))
    }
    guard let next = rest.first, next != "--", !Self.looksLikeFlag(next) else {
      let found = rest.first.map { "found \($0)" } ?? "found the end of the line"
      throw UsageError(
        "\(spelling) needs a value, \(found); write \(spelling) \(placeholder), or \(spelling)=\(placeholder)"
          + " for a value that starts with a dash")
    }
    rest.removeFirst()
    return .init(option: option.name, value: try filled(next, option, spelling, placeholder))
  }

  /// A file without a name is a slip, mostly of a variable of the shell that is not set.
  private func filled(_ value: String, _ option: CommandOption, _ spelling: String, _ placeholder: String)
    throws -> String
  {
    guard ["FILE", "FOLDER", "DIR", "RUN", "STORE"].contains(placeholder) else { return value }
    if value.isEmpty {
      throw UsageError("\(spelling) needs a value, found an empty one; write \(spelling) \(placeholder)")
    }
    // It would be printed, and would move the cursor or clear the screen of whoever reads it.
    if option.name == "--out" && value.printable != value {
      throw UsageError(
        "\(spelling): expected a path without control characters, found \"\(value.printable)\"")
    }
    return value
  }

  private func refuseSecond(
    _ found: ParsedArguments.Occurrence, after occurrences: [ParsedArguments.Occurrence]
  ) throws {
    if case .repeated? = command.option(spelt: found.option)?.arity { return }
    guard let earlier = occurrences.first(where: { $0.option == found.option }) else { return }
    let values = [earlier.value, found.value].compactMap { $0 }.map { "\"\($0)\"" }
    throw UsageError(
      "\(found.option) is given twice" + (values.isEmpty ? "" : " (\(values.joined(separator: ", ")))")
        + "; it may stand once")
  }

  private func place(_ words: [String]) throws -> [String: [String]] {
    var placed: [String: [String]] = [:]
    var rest = words[...]
    for argument in command.arguments {
      let taken = argument.isRepeated ? Array(rest) : Array(rest.prefix(1))
      rest = rest.dropFirst(taken.count)
      if taken.isEmpty && argument.isRequired {
        throw UsageError("\(command.name) needs \(argument.name): \(argument.help)")
      }
      placed[argument.name] = taken
    }
    guard let extra = rest.first else { return placed }
    if otherCommands.contains(extra) {
      throw UsageError("the command comes first: write chex-runner \(extra) and then its flags")
    }
    throw UsageError(
      "\(command.name) takes "
        + (command.arguments.isEmpty
          ? "no words" : "only " + command.arguments.map(\.name).joined(separator: " "))
        + " besides its flags, found \"\(extra)\"" + Suggestions.clause(for: extra, in: otherCommands))
  }
}
