extension Program {
  /// The help of the whole program: every command with its line, and how to see more.
  /// - Parameter others: commands that plugins bring.
  public func help(others: [Command] = []) -> String {
    var lines = ["\(name) \(version)", summary, "", "Usage: \(name) [COMMAND] [FLAGS]", "", "Commands:"]
    let width = ((commands + others).map(\.name.count).max() ?? 0) + 2
    func list(_ commands: [Command]) -> [String] {
      commands.map { "  " + HelpLayout.padded($0.name, to: width) + $0.summary }
    }
    lines += list(commands)
    if !others.isEmpty { lines += ["", "Commands of plugins:"] + list(others) }
    lines += [
      "",
      "Flags without a command mean \(defaultCommand): \(name) --preset quick",
      "Help on a command:          \(name) COMMAND --help",
      "Version:                    \(name) --version",
    ]
    return lines.joined(separator: "\n")
  }

  /// The help of one command: usage, arguments, every flag, examples.
  public func help(for command: Command) -> String {
    let words = command.arguments.map(\.usage)
    let flags = command.options.isEmpty ? [] : ["[FLAGS]"]
    let usage = command.usage.isEmpty ? (flags + words).joined(separator: " ") : command.usage
    let title = command.name == defaultCommand ? "[\(command.name)]" : command.name
    var lines = ["\(name) \(command.name): \(command.summary)", "", "Usage: \(name) \(title) \(usage)"]
    if !command.arguments.isEmpty {
      lines += ["", "Arguments:"]
      lines += command.arguments.flatMap { HelpLayout.entry(label: $0.usage, text: $0.help) }
    }
    for group in HelpLayout.groups(of: command.options) {
      lines += ["", "\(group.name):"]
      lines += group.options.flatMap { HelpLayout.entry(label: HelpLayout.label($0), text: $0.help) }
    }
    if !command.examples.isEmpty {
      lines += ["", "Examples:"]
      lines += command.examples.flatMap { ["  # \($0.meaning)", "  \($0.line)"] }
    }
    return lines.joined(separator: "\n")
  }
}

/// How help is set: two columns, wrapped.
package enum HelpLayout {
  static let lineWidth = 100
  static let labelWidth = 28

  package static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// `--out, -o DIR`, with an ellipsis where the flag repeats.
  package static func label(_ option: CommandOption) -> String {
    let spellings = option.spellings.joined(separator: ", ")
    guard let placeholder = option.placeholder else { return spellings }
    if case .repeated = option.arity { return "\(spellings) \(placeholder) …" }
    return "\(spellings) \(placeholder)"
  }

  /// Options under their headings, both in the order of declaration.
  package static func groups(of options: [CommandOption]) -> [(name: String, options: [CommandOption])] {
    var names: [String] = []
    for option in options where !names.contains(option.group) { names.append(option.group) }
    return names.map { name in (name, options.filter { $0.group == name }) }
  }

  package static func entry(label: String, text: String) -> [String] {
    let column = labelWidth + 2
    let wrapped = wrap(text, width: lineWidth - column)
    let indent = String(repeating: " ", count: column)
    let head = "  " + label
    if head.count + 2 > column { return [head] + wrapped.map { indent + $0 } }
    return [padded(head, to: column) + (wrapped.first ?? "")] + wrapped.dropFirst().map { indent + $0 }
  }

  package static func wrap(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
