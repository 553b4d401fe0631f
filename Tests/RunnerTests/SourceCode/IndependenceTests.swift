import Foundation
import PluginHost
import TestSupport
import Testing

/// The program knows no plugin by name: what it does with one follows from what the plugin says of itself.
@Suite struct IndependenceTests {
  /// Files and folders below `Sources/Runner` that still name plugins and are being rebuilt. The list is to become
  /// empty; what is named in it is not looked at.
  static let stillNamingPlugins = [
    // Former names of settings and plugins, until definitions say themselves what they were called.
    "Training/Settings/Renames.swift"
  ]

  /// Words that are a plugin's name and something else in files of a folder, and what. A text that is the name alone,
  /// or names an option of the plugin, is refused there too.
  static let otherMeanings = [
    OtherMeaning("global", in: "Weights/Pickle/PickleOpcode.swift", "an instruction of pickles"),
    OtherMeaning("global", in: "Weights/Pickle/PickleMachine.swift", "an instruction of pickles"),
    OtherMeaning(
      "global", in: "Radiographs/Collections/Readers/VinDr.swift", "findings of whole radiographs"),
    OtherMeaning("dicom", in: "Radiographs/Collections/", "an ending of files", isWhole: true),
    OtherMeaning("torch", in: "Weights/", "PyTorch, whose files are read", isWhole: true),
    OtherMeaning("torch", in: "Commands/Exchange/", "PyTorch, whose files are read", isWhole: true),
    OtherMeaning("torch", in: "Commands/Verification/", "PyTorch, whose files are read", isWhole: true),
    OtherMeaning("visible", in: "Figures/Sheets/", "patches that a context shows"),
    OtherMeaning("visible", in: "Training/", "patches that a context shows"),
    OtherMeaning("visible", in: "Commands/Benchmarks/", "patches that a context shows"),
    OtherMeaning("visible", in: "Commands/Verification/", "patches that a context shows"),
    OtherMeaning("visible", in: "Pages/", "a value of style sheets", isWhole: true),
    OtherMeaning("probe", in: "Batches/", "the linear probe by which training watches features"),
    OtherMeaning("probe", in: "Training/", "the linear probe by which training watches features"),
    OtherMeaning("probe", in: "Commands/Reports/", "the linear probe of a run's summary"),
    OtherMeaning("probe", in: "Evaluations/EvaluatedRun.swift", "images that the linear probe learns from"),
    OtherMeaning("probe", in: "Evaluations/Folds/", "images that the linear probe learns from"),
  ]

  struct OtherMeaning {
    let word: String
    let folder: String
    let meaning: String
    /// Whether a text of the word alone has the other meaning too.
    let isWhole: Bool

    init(_ word: String, in folder: String, _ meaning: String, isWhole: Bool = false) {
      (self.word, self.folder, self.meaning) = (word, "Sources/Runner/" + folder, meaning)
      self.isWhole = isWhole
    }

    func covers(_ name: String, as word: SwiftSource.Word, in path: String) -> Bool {
      let isNamed =
        word.kind == .text
        && (word.text == name || word.text.contains("\(name).") || word.text.contains("--with \(name)"))
      return name == self.word && path.hasPrefix(folder) && (!isNamed || isWhole)
    }
  }

  /// Names of the registry's plugins, and of their libraries.
  private static func pluginNames() throws -> (plugins: Set<String>, libraries: Set<String>) {
    let entries = try PluginManifest(path: BuildFolder.repository + "/plugins.toml").entries
    return (Set(entries.map(\.name)), Set(entries.map(\.library)))
  }

  /// The plugins that a word names.
  private static func named(
    by word: SwiftSource.Word, _ names: (plugins: Set<String>, libraries: Set<String>)
  ) -> Set<String> {
    switch word.kind {
    case .text: return names.plugins.union(names.libraries).intersection(SwiftSource.parts(ofText: word.text))
    // A constant of a C library.
    case .identifier where word.text.allSatisfy { !$0.isLowercase }: return []
    case .identifier:
      let parts = SwiftSource.parts(ofIdentifier: word.text)
      let runs = Set(
        parts.indices.flatMap { first in
          (first..<parts.count).map { parts[first...$0].joined() }
        })
      let plain = names.plugins.filter { name in
        runs.contains(name.lowercased().filter { $0 != "-" && $0 != "_" })
      }
      return plain.union(names.libraries.contains(word.text) ? [word.text] : [])
    }
  }

  @Test func theProgramNamesNoPlugin() throws {
    let names = try Self.pluginNames()
    #expect(names.plugins.count >= 5)
    let files = try SourceFiles.below("Sources/Runner").filter { file in
      !Self.stillNamingPlugins.contains { file.path.hasPrefix("Sources/Runner/" + $0) }
    }
    #expect(files.count > 50)
    for file in files {
      for word in SwiftSource(file.text).words {
        for name in Self.named(by: word, names).sorted() {
          let isOther = Self.otherMeanings.contains { $0.covers(name, as: word, in: file.path) }
          let kind = word.kind == .text ? "text" : "identifier"
          if !isOther {
            Issue.record(
              "\(file.path):\(word.line): the \(kind) \"\(word.text)\" names the plugin \(name); ask its definition"
            )
          }
        }
      }
    }
  }

  /// The reader finds what it must, and nothing in comments.
  @Test func wordsOfASource() {
    let source = SwiftSource(
      """
      // phantom in a comment, "phantom" too
      /* phantom /* nested */ phantom */
      let fineTuneChart = "a \\(domainLatent ? "b" : "c") probes.radiographs"
      let long = #\"""
        --tasks local
        \"""#
      """)
    let names = (plugins: Set(["phantom", "finetune", "domain", "probes", "local"]), libraries: Set(["C"]))
    let found = source.words.flatMap { word in
      Self.named(by: word, names).map { "\(word.line) \($0)" }
    }
    #expect(found == ["3 finetune", "3 domain", "3 probes", "5 local"])
    #expect(SwiftSource.parts(ofIdentifier: "FineTuneChart_of2") == ["fine", "tune", "chart", "of2"])
  }
}

/// Swift files of the repository.
struct SourceFiles {
  let path: String
  let text: String

  /// Every Swift file below a folder, sorted by path; what was built is left out.
  static func below(_ folder: String) throws -> [SourceFiles] {
    let root = BuildFolder.repository + "/" + folder
    let names = try #require(FileManager.default.enumerator(atPath: root)?.allObjects as? [String])
    return try names.filter { $0.hasSuffix(".swift") && !$0.contains(".build/") }.sorted().map { name in
      SourceFiles(
        path: "\(folder)/\(name)", text: try String(contentsOfFile: "\(root)/\(name)", encoding: .utf8))
    }
  }
}
