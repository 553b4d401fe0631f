import CoreTensor

/// One value of an option or setting, as TOML or the command line gives it.
public enum OptionValue: Sendable, Equatable, Codable {
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case text(String)
  case list([OptionValue])
}

/// What an option may hold, with its default.
public enum OptionKind: Sendable, Equatable {
  case integer(default: Int, in: ClosedRange<Int>)
  case number(default: Double, in: ClosedRange<Double>)
  case boolean(default: Bool)
  case choice(default: String, of: [String])
  /// Free text; empty means "not given".
  case text(default: String)
  /// Two ascending numbers `[low, high]`, both within `in`.
  case interval(default: ClosedRange<Double>, in: ClosedRange<Double>)
  /// A list of texts; one text alone is a list of one.
  case texts(default: [String])
  /// A list of numbers.
  case numbers(default: [Double], in: ClosedRange<Double>)
}

/// An option as its owner declares it: once, with default, range and one line of help.
public struct OptionDeclaration: Sendable, Equatable {
  public let name: String
  public let kind: OptionKind
  public let help: String

  public init(_ name: String, _ kind: OptionKind, help: String) {
    self.name = name
    self.kind = kind
    self.help = help
  }

  /// The default as a value.
  public var defaultValue: OptionValue {
    switch kind {
    case .integer(let value, _): .integer(value)
    case .number(let value, _): .number(value)
    case .boolean(let value): .boolean(value)
    case .choice(let value, _), .text(let value): .text(value)
    case .interval(let range, _): .list([.number(range.lowerBound), .number(range.upperBound)])
    case .texts(let values): .list(values.map(OptionValue.text))
    case .numbers(let values, _): .list(values.map(OptionValue.number))
    }
  }

  /// What is allowed, in words: `"integer from 1 to 64"`.
  public var allowed: String {
    switch kind {
    case .integer(_, let range): "integer from \(range.lowerBound) to \(range.upperBound)"
    case .number(_, let range): "number from \(range.lowerBound) to \(range.upperBound)"
    case .boolean: "true or false"
    case .choice(_, let choices): "one of " + choices.map { "\"\($0)\"" }.joined(separator: ", ")
    case .text: "text"
    case .interval(_, let range):
      "two ascending numbers [low, high] from \(range.lowerBound) to \(range.upperBound)"
    case .texts: "a list of texts"
    case .numbers(_, let range): "a list of numbers from \(range.lowerBound) to \(range.upperBound)"
    }
  }

  /// Checks `value` and brings it to the declared type (an integer where a number is asked for, say).
  /// - Returns: the value in the declared type, or nil where it is of another type or out of range.
  public func accept(_ value: OptionValue) -> OptionValue? {
    switch (kind, value) {
    case (.integer(_, let range), .integer(let integer)) where range.contains(integer): return value
    case (.number(_, let range), _):
      guard let number = value.asNumber, range.contains(number) else { return nil }
      return .number(number)
    case (.boolean, .boolean), (.text, .text): return value
    case (.choice(_, let choices), .text(let text)) where choices.contains(text): return value
    case (.interval(_, let range), .list(let items)):
      let numbers = items.compactMap(\.asNumber)
      guard items.count == 2, numbers.count == 2, numbers[0] <= numbers[1],
        numbers.allSatisfy(range.contains)
      else { return nil }
      return .list(numbers.map(OptionValue.number))
    case (.texts, .list(let items)):
      return items.allSatisfy { if case .text = $0 { true } else { false } } ? value : nil
    case (.texts, .text(let text)): return .list(text.isEmpty ? [] : [value])
    case (.numbers(_, let range), .list(let items)):
      let numbers = items.compactMap(\.asNumber)
      guard numbers.count == items.count, numbers.allSatisfy(range.contains) else { return nil }
      return .list(numbers.map(OptionValue.number))
    default: return nil
    }
  }
}

extension OptionValue {
  /// The value as a finite number, where it is one.
  public var asNumber: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    default: nil
    }
  }

  /// The value as TOML would write it.
  public var tomlText: String {
    switch self {
    case .integer(let value): return "\(value)"
    case .number(let value): return "\(value)"
    case .boolean(let value): return "\(value)"
    case .text(let value):
      let escaped = value.unicodeScalars.map { scalar -> String in
        switch scalar {
        case "\\": "\\\\"
        case "\"": "\\\""
        case "\n": "\\n"
        case "\t": "\\t"
        default:
          if scalar.value < 0x20 || scalar.value == 0x7f {
            "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
              + String(scalar.value, radix: 16)
          } else {
            String(scalar)
          }
        }
      }
      return "\"" + escaped.joined() + "\""
    case .list(let items): return "[" + items.map(\.tomlText).joined(separator: ", ") + "]"
    }
  }
}

/// Resolved options: every declared option has a checked value.
public struct Options: Sendable, Equatable {
  /// Every option's value, by name.
  public let values: [String: OptionValue]

  /// - Parameters:
  ///   - declarations: what the owner declares.
  ///   - given: values that were set; each must already be accepted by its declaration.
  public init(_ declarations: [OptionDeclaration], given: [String: OptionValue] = [:]) {
    var values: [String: OptionValue] = [:]
    for declaration in declarations {
      values[declaration.name] = declaration.defaultValue
      guard let value = given[declaration.name] else { continue }
      guard let accepted = declaration.accept(value) else {
        fail(
          "Options: \(declaration.name) = \(value.tomlText), allowed: \(declaration.allowed)")
      }
      values[declaration.name] = accepted
    }
    self.values = values
  }

  public subscript(name: String) -> OptionValue? { values[name] }

  public func integer(_ name: String) -> Int {
    guard case .integer(let value)? = values[name] else { undeclared(name, "integer") }
    return value
  }
  public func number(_ name: String) -> Double {
    guard case .number(let value)? = values[name] else { undeclared(name, "number") }
    return value
  }
  public func boolean(_ name: String) -> Bool {
    guard case .boolean(let value)? = values[name] else { undeclared(name, "boolean") }
    return value
  }
  public func text(_ name: String) -> String {
    guard case .text(let value)? = values[name] else { undeclared(name, "text") }
    return value
  }
  public func interval(_ name: String) -> ClosedRange<Double> {
    guard case .list(let items)? = values[name], items.count == 2, let low = items[0].asNumber,
      let high = items[1].asNumber
    else { undeclared(name, "interval") }
    return low...high
  }
  public func texts(_ name: String) -> [String] {
    guard case .list(let items)? = values[name] else { undeclared(name, "list of texts") }
    return items.map { if case .text(let text) = $0 { text } else { undeclared(name, "list of texts") } }
  }

  public func numbers(_ name: String) -> [Double] {
    guard case .list(let items)? = values[name] else { undeclared(name, "list of numbers") }
    return items.compactMap(\.asNumber)
  }

  private func undeclared(_ name: String, _ kind: String) -> Never {
    fail("Options: no \(kind) option named \"\(name)\" was declared")
  }
}
