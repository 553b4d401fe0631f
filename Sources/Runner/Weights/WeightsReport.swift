import Foundation
import WorldModel

/// What of a file went where: every tensor of the file and every parameter of the model is in one of the lists.
package struct WeightsReport: Codable {
  /// A tensor that was brought to another shape.
  package struct Reshaped: Codable, Equatable {
    package let name: String
    package let from: [Int]
    package let to: [Int]
    package let how: String
  }
  /// An encoder that the file lacks, taken from the other.
  package struct Copied: Codable, Equatable {
    package let from: String
    package let to: String
    package let tensors: Int
  }
  package struct Group: Codable, Equatable {
    package let name: String
    package let tensors: Int
  }

  package let file: String
  package let format: String
  /// Of names, as the family calls it.
  package let layout: String
  /// Who wrote such files, by the family's name.
  package let family: String
  package var loaded: [String] = []
  var reshaped: [Reshaped] = []
  var copied: [Copied] = []
  /// Allowed, and initialised from the seed.
  package var missing: [String] = []
  /// Allowed, and left out.
  package var unexpected: [String] = []
  /// Left out because no model here has such a thing.
  package var dropped: [WeightsNames.Dropped] = []
  /// Groups of tensors that are no model.
  package var beside: [Group] = []
  package var notes: [String] = []

  /// The report as lines.
  package var lines: [String] {
    var lines = [
      "weights: \(file), \(format), \(layout) names: \(loaded.count) parameters and tables loaded"
    ]
    lines += copied.map {
      "copied: \($0.to).* from \($0.from).*, \($0.tensors) tensors, as the file has one encoder"
    }
    lines += reshaped.map { "reshaped: \($0.name) \($0.from) → \($0.to), \($0.how)" }
    lines += dropped.map { "left out: \(PickleCallable.printable($0.name, most: 300)), \($0.reason)" }
    lines += Self.list("left out, allowed by --allow-unexpected", unexpected)
    lines += Self.list("missing, allowed by --allow-missing, initialised from the seed", missing)
    if !beside.isEmpty {
      lines.append(
        "not weights of the model: "
          + beside.map { "\(PickleCallable.printable($0.name)) (\($0.tensors) tensors)" }.joined(
            separator: ", "))
    }
    return lines + notes
  }

  private static func list(_ title: String, _ names: [String]) -> [String] {
    names.isEmpty
      ? []
      : ["\(title): \(names.count) tensors"] + names.map { "  " + PickleCallable.printable($0, most: 300) }
  }
}

/// Which names may be absent on either side.
package struct WeightsAllowances {
  /// Patterns of the shell: `predictor.*`.
  package var missing: [String] = []
  package var unexpected: [String] = []

  package init(missing: [String] = [], unexpected: [String] = []) {
    (self.missing, self.unexpected) = (missing, unexpected)
  }

  package static func matches(_ name: String, _ patterns: [String]) -> Bool {
    patterns.contains { fnmatch($0, name, 0) == 0 }
  }
}

/// A file that does not fill a model: all that does not fit, at once.
struct WeightsMismatch: Error, CustomStringConvertible {
  let file: String
  var missing: [String] = []
  var unexpected: [String] = []
  /// What the family says of one of them, in place of the usual remedy.
  var unexpectedRemedy: String?
  var misshapen: [String] = []

  var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }

  var description: String {
    var lines = ["\(file): does not fit the model"]
    lines += Self.list("missing in the file", missing)
    if !missing.isEmpty { lines.append("  \(missingRemedy)") }
    lines += Self.list("unexpected in the file", unexpected)
    if !unexpected.isEmpty {
      lines.append(
        "  "
          + (unexpectedRemedy
            ?? "leave them out with --allow-unexpected PATTERN, where you know that features do not depend on them")
      )
    }
    lines += Self.list("of another shape", misshapen)
    return lines.joined(separator: "\n")
  }

  private var missingRemedy: String {
    missing.contains { $0.hasPrefix("predictor.") }
      && missing.allSatisfy { $0.hasPrefix("predictor.") || $0.hasPrefix("tasks.") }
      ? "the file has an encoder alone: --allow-missing 'predictor.*' initialises the predictor from the seed"
      : "initialise them from the seed with --allow-missing PATTERN, where that is meant"
  }

  private static func list(_ title: String, _ names: [String]) -> [String] {
    guard !names.isEmpty else { return [] }
    let shown = names.prefix(12).map { "  " + PickleCallable.printable($0, most: 300) }
    return ["\(title), \(names.count):"] + shown
      + (names.count > 12 ? ["  … and \(names.count - 12) more"] : [])
  }
}
