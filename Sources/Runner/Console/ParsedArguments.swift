import CoreTensor

/// What was typed after a command, checked against its declaration.
///
/// Asking for an option or argument that the command does not declare is a programming error and stops.
public struct ParsedArguments: Sendable, Equatable {
  /// A flag as it stood on the command line.
  public struct Occurrence: Sendable, Equatable {
    /// The option's name, whatever spelling was typed.
    public let option: String
    /// Nil for a switch.
    public let value: String?
  }

  /// The command's name.
  public let command: String
  /// Flags in the order in which they were typed.
  public let occurrences: [Occurrence]
  private let declaredOptions: Set<String>
  private let words: [String: [String]]

  package init(command: Command, occurrences: [Occurrence], words: [String: [String]]) {
    self.command = command.name
    self.occurrences = occurrences
    self.declaredOptions = Set(command.options.map(\.name))
    self.words = words
  }

  /// Whether the command has such a flag.
  package func declares(_ option: String) -> Bool { declaredOptions.contains(option) }

  /// Whether the flag was typed.
  public func has(_ option: String) -> Bool { occurrences(of: option).isEmpty == false }

  /// The flag's value; nil where it was not typed.
  public func value(_ option: String) -> String? { occurrences(of: option).last?.value }

  /// All values of a repeated flag, in order.
  public func values(_ option: String) -> [String] { occurrences(of: option).compactMap(\.value) }

  /// The flag's value as a whole number.
  /// - Throws: `UsageError` where it is none, or outside `range`.
  public func integer(_ option: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = value(option) else { return nil }
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        "\(option): expected an integer from \(range.lowerBound) to \(range.upperBound), found \"\(text)\"")
    }
    return number
  }

  /// The flag's value as a number.
  /// - Throws: `UsageError` where it is none, or outside `range`.
  public func number(_ option: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let text = value(option) else { return nil }
    guard let number = Double(text), range.contains(number) else {
      throw UsageError(
        "\(option): expected a number from \(range.lowerBound) to \(range.upperBound), found \"\(text)\"")
    }
    return number
  }

  /// The flag's value as one of a list.
  /// - Throws: `UsageError`, with the nearest of `choices`.
  public func choice(_ option: String, of choices: [String]) throws -> String? {
    guard let text = value(option) else { return nil }
    guard choices.contains(text) else {
      throw UsageError(
        "\(option): expected one of \(choices.joined(separator: ", ")), found \"\(text)\""
          + Suggestions.clause(for: text, in: choices))
    }
    return text
  }

  /// A positional argument; nil where it is optional and was not given.
  public func argument(_ name: String) -> String? { arguments(name).first }

  /// All words of a positional argument that repeats.
  public func arguments(_ name: String) -> [String] {
    guard let found = words[name] else {
      fail("Command \(command) declares no argument \(name)")
    }
    return found
  }

  /// A positional argument that the command requires.
  public func required(_ name: String) -> String {
    guard let word = argument(name) else {
      fail("Command \(command): argument \(name) is not declared as required")
    }
    return word
  }

  private func occurrences(of option: String) -> [Occurrence] {
    require(declaredOptions.contains(option), "Command \(command) declares no option \(option)")
    return occurrences.filter { $0.option == option }
  }
}
