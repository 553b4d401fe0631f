import Foundation
import Testing
import WorldModel

@testable import Runner

/// What `finetune classify` chooses and prints.
@Suite struct FineTuneReportTests {
  private func names(_ sources: [String], depth: Int = 12, width: Int = 768, chosen: String? = nil)
    -> [String]
  {
    FineTunePreset.presets(sources: sources, depth: depth, width: width, chosen: chosen).map(\.name)
  }

  @Test func presetsAreChosenByCollection() {
    #expect(names(["chexpert:/data/c"]) == ["chexpert"])
    #expect(names(["rsna:/data/a", "rsna:/data/b"]) == ["rsna"])
    #expect(names(["rsna:/data/a", "nih:/data/b"]).isEmpty)
    #expect(names(["rsna"]).isEmpty && names(["phantom"]).isEmpty)
    #expect(names(["folder"], chosen: "chexpert") == ["chexpert"])
    #expect(names(["chexpert:/data/c"], depth: 4, chosen: "none").isEmpty)
    #expect(names(["phantom"], depth: 4, width: 128) == ["small encoder"])
    #expect(names(["chexpert:/c"], depth: 4, width: 128) == ["small encoder", "chexpert"])
  }

  private func report(_ text: String) throws -> FineTuneReport {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("chex-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(text.utf8).write(to: folder.appendingPathComponent("classification.json"))
    return try FineTuneReport(
      EvaluationReport(
        run: "runs/a", evaluation: "finetune", step: 7, films: "films", trainFilms: 10, validationFilms: 0,
        testFilms: 5, out: folder.path, figures: []))
  }

  @Test func theTableHasEachClassAndTheMean() throws {
    let text = """
      {"from": "target", "loss": "binary", "regimes": [{"name": "1% of labels", "trials": 2, "trainFilms": [3, 4],
       "auroc": {"mean": 0.75, "deviation": 0.05}, "auprc": {"mean": 0.5, "deviation": 0.25},
       "classes": [{"name": "mass", "auroc": {"mean": 0.75, "deviation": 0.05}, "auprc": {"mean": 0.5},
        "positives": 2, "films": 5}], "undefined": ["hernia"]}], "trials": []}
      """
    let table = try report(text).text(for: Terminal(isInteractive: false, width: 100))
    for words in [
      "1% of labels: 3 to 4 films to learn from, 2 trials", "0.7500 ± 0.0500", "left out", "hernia",
    ] {
      #expect(table.contains(words), "\(table)")
    }
  }

  @Test func otherTextIsRefused() {
    #expect { _ = try report("{\"from\": 3}") } throws: { "\($0)".contains("expected the table") }
    #expect(throws: (any Error).self) { _ = try report("not JSON") }
  }
}
