import Foundation
import TestSupport
import Testing

/// One word for one thing: `docs/glossary.md` has the list, and words that it replaced do not come back.
@Suite struct WordsTests {
  /// Former words, as regular expressions that ignore case, and what is written in their place.
  static let former = [
    ("film", "radiograph for the record, image for its pixels"),
    (#"\bmomentum"#, "EMA decay"),
    (#"\bfollowers?\b"#, "average"),
    (#"\bupstream\b"#, "gradient of the output"),
    (#"\bhealth\b|Health(Monitor|Report)"#, "diagnostics"),
    (#"\bcrossings?\b"#, "supervision"),
    (#"ObjectiveScene|\bscenes?\b"#, "input"),
    (#"\bjudgement"#, "evaluation, metrics"),
    ("ProcessorBackend", "CPUBackend"),
    ("Partition(Settings|Error)", "DataSplit, SplitSettings, SplitError"),
    ("EpochOrders", "Sampler"),
    (#"(Model|Transformer|Predictor|Trial)Shape\b"#, "Configuration"),
    ("is it any good", "Evaluation"),
    (#"\bthe house\b"#, "Architecture"),
  ]

  /// Files that say what was called so before, or have the word from elsewhere; with what, and only there.
  static let allowed: [(path: String, word: String, why: String)] = [
    ("CHANGELOG.md", "", "tells what changed"),
    ("Tests/RunnerTests/SourceCode/WordsTests.swift", "", "lists the words"),
    ("Sources/Runner/Training/Settings/Renames.swift", "", "answers former names"),
    ("Sources/Runner/Runs/FormerKeys.swift", "", "reads files of earlier versions"),
    ("Tests/RunnerTests/Configuration/FormerNamesTests.swift", "", "reads files of earlier versions"),
    ("Tests/EndToEndTests/FormerRunTests.swift", "", "reads files of earlier versions"),
    (
      "Sources/Plugins/Phantom/PhantomRadiograph.swift", "phantom.film",
      "a stream's name, which decides the bits"
    ),
    (
      "Sources/CoreTensor/PluginChecks/Tasks/TaskTrial.swift", "\"film\"",
      "a stream's name, which decides the bits"
    ),
    ("Tests/DicomTests/SharedCaseTests.swift", "film", "files of shared cases"),
    ("Tests/RadiographsTests/Formats/NarrowPngTests.swift", "12-bits/films", "a folder of shared cases"),
    ("Tests/EndToEndTests/Data/ReportedCaseTests.swift", "10-film-endings", "a folder of shared cases"),
    (
      "Sources/CoreTensor/CoreTensor/Operations/NeuralNetworks/Operations+Norms.swift", "momentum",
      "batch norm's"
    ),
    ("Sources/CoreTensor/NeuralNetworks/ImageNorms.swift", "momentum", "batch norm's"),
    ("", "momentumContrast", "the name of a method, MoCo"),
    ("", "Momentum contrast", "the same"),
  ]

  static let folders = ["Sources", "Tests", "Examples", "Benchmarks", "docs", "scripts"]
  static let files = [
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "plugins.toml", "Package.swift", "Makefile",
  ]

  /// Text files of the repository, without what is built.
  private static func paths() -> [String] {
    let ends = [".swift", ".md", ".toml", ".h", ".c", ".cpp", ".hpp", ".py", ".svg"]
    let below = folders.flatMap { folder -> [String] in
      let all = FileManager.default.enumerator(atPath: BuildFolder.repository + "/" + folder)
      return (all?.compactMap { $0 as? String } ?? []).map { folder + "/" + $0 }
    }
    return files
      + below.filter { path in
        !path.contains("/.build/") && (ends.contains { path.hasSuffix($0) } || path.hasPrefix("scripts/"))
      }
  }

  private static func isAllowed(_ line: Substring, in path: String) -> Bool {
    allowed.contains { ($0.path.isEmpty || path == $0.path) && ($0.word.isEmpty || line.contains($0.word)) }
  }

  @Test func noFormerWordIsWritten() throws {
    let words = try Self.former.map { former in
      (try Regex(former.0).ignoresCase(), former)
    }
    let paths = Self.paths()
    #expect(paths.count > 400)
    for path in paths {
      let text = try String(contentsOfFile: BuildFolder.repository + "/" + path, encoding: .utf8)
      for (pattern, former) in words where text.contains(pattern) {
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where line.contains(pattern) && !Self.isAllowed(line, in: path) {
          Issue.record("\(path):\(number + 1): a former word (\(former.0)); write \(former.1)")
        }
      }
    }
  }
}
