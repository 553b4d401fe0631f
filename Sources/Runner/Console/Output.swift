import Foundation
import Runs

/// Text on standard output.
package enum Output {
  package static func print(_ text: String) {
    StandardStream.give(text.hasSuffix("\n") ? text : text + "\n")
  }

  /// A value as JSON on one line.
  package static func printJson(_ value: some Encodable) throws { print(try json(value)) }

  /// A value as JSON in one line, names in snake case.
  package static func json(_ value: some Encodable) throws -> String {
    try JsonText.encoded(value, .one, keys: .snakeCase)
  }
}
