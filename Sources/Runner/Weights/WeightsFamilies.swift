import CoreTensor
import WorldModel

/// The families of checkpoints that the registry's plugins bring.
package struct WeightsFamilies {
  package let all: [any WeightsFamily]

  package init(_ all: [any WeightsFamily]) { self.all = all }

  /// Names and what they hold, for messages: `a (…); b (…)`.
  package var listing: String {
    all.isEmpty
      ? "none: no plugin of kind weights is enabled"
      : all.map { "\($0.name) (\($0.summary))" }.joined(separator: "; ")
  }

  /// The family of a file, by the file.
  /// - Parameter name: of the family, where the user says it; nil asks each.
  /// - Throws: `WeightsFileError` where no family knows the file, or two do.
  package func family(of file: any WeightsContents, named name: String? = nil) throws -> any WeightsFamily {
    let knowing = all.filter { family in
      Self.code(family, "recognition").run { family.recognizes(file) }
    }
    if let name {
      guard let family = all.first(where: { $0.name == name }) else {
        throw WeightsFileError(
          file.path, nil, "expected a family for --family, found \"\(name)\"; families: \(listing)")
      }
      guard knowing.contains(where: { $0.name == name }) else {
        throw WeightsFileError(
          file.path, nil,
          "expected a file of --family \(name) (\(family.summary)), found \(Self.contents(of: file))"
            + (knowing.isEmpty ? "" : "; it is one of " + knowing.map(\.name).joined(separator: ", ")))
      }
      return family
    }
    guard knowing.count < 2 else {
      throw WeightsFileError(
        file.path, nil,
        "is known by \(knowing.count) families, \(knowing.map(\.name).joined(separator: ", ")); say which with --family NAME"
      )
    }
    if let family = knowing.first { return family }
    throw WeightsFileError(
      file.path, nil,
      "expected a checkpoint of a known family, found \(Self.contents(of: file)); families: \(listing)")
  }

  private static func contents(of file: any WeightsContents) -> String {
    guard !file.tensors.isEmpty else { return "no tensor" }
    let names = file.tensors.prefix(3).map { PickleCallable.printable($0.name, most: 100) }
    return "\(file.tensors.count) tensors: \(names.joined(separator: ", "))"
      + (file.tensors.count > 3 ? "…" : "")
  }

  /// A family's code, known by name where it crashes.
  static func code(_ family: any WeightsFamily, _ part: String) -> PluginCode {
    PluginCode("weights family \"\(family.name)\"", part)
  }
}

/// A file of a known family: its tensors under the model's names.
package struct RecognizedWeights {
  package let file: WeightsFile
  package let family: any WeightsFamily
  package let names: WeightsNames

  /// - Parameters:
  ///   - file: an opened file.
  ///   - families: those that may know it.
  ///   - name: of the family, where the user says it.
  /// - Throws: `WeightsFileError`.
  package init(_ file: WeightsFile, _ families: WeightsFamilies, named name: String? = nil) throws {
    let family = try families.family(of: file, named: name)
    self.init(
      file, family, try WeightsFamilies.code(family, "names").run { try family.names(of: file) })
  }

  private init(_ file: WeightsFile, _ family: any WeightsFamily, _ names: WeightsNames) {
    (self.file, self.family, self.names) = (file, family, names)
  }

  /// Without the predictor where both allowances let all of it be absent: it is then not asked for its sizes, which
  /// need not be such as ours can have.
  package func leavingOutPredictor(by allowances: WeightsAllowances) -> RecognizedWeights {
    let own = names.tensors.keys.filter { $0.hasPrefix("predictor.") }
    guard
      own.allSatisfy({ name in
        [allowances.missing, allowances.unexpected].allSatisfy { WeightsAllowances.matches(name, $0) }
      })
    else { return self }
    return RecognizedWeights(file, family, names.leavingOut(own.sorted()))
  }

  /// - Parameter heads: as the user says; nil = as the file and its width tell.
  /// - Throws: `WeightsFileError`.
  package func sizes(heads: Int?) throws -> WeightsSizes {
    try WeightsFamilies.code(family, "sizes").run { try family.sizes(of: names, in: file, heads: heads) }
  }

  /// What the family would have a run be, beside its sizes.
  /// - Parameter given: what the user set, as `table.key`.
  /// - Throws: `WeightsFileError`.
  package func settings(_ sizes: WeightsSizes, given: Set<String>) throws -> [WeightsSetting] {
    try WeightsFamilies.code(family, "settings").run {
      try family.settings(for: names, in: file, sizes: sizes, given: given)
    }
  }

  /// - Throws: `WeightsFileError`.
  package func conversion(heads: Int) throws -> WeightsConversion? {
    try WeightsFamilies.code(family, "conversion").run {
      try family.conversion(of: names, in: file, heads: heads)
    }
  }

  /// What the family says of a tensor that the model has no place for; nil where it says nothing.
  func remedy(forUnexpected parameter: String) -> String? {
    WeightsFamilies.code(family, "remedy").run { family.remedy(forUnexpected: parameter) }
  }
}
