import Foundation
import Runs

/// What `finetune classify` prints, from the plugin's `classification.json`.
struct FineTuneReport: Codable {
  struct Spread: Codable {
    let mean: Double
    /// Over seeds or draws; nil of one.
    let deviation: Double?

    var text: String {
      deviation.map { String(format: "%.4f ± %.4f", mean, $0) } ?? String(format: "%.4f", mean)
    }
  }
  struct Class: Codable {
    let name: String
    let auroc: Spread
    let auprc: Spread
    let positives: Int
    let films: Int
  }
  struct Regime: Codable {
    let name: String
    let trials: Int
    let trainFilms: [Int]
    let auroc: Spread?
    let auprc: Spread?
    let accuracy: Spread?
    let classes: [Class]
    let undefined: [String]
  }
  /// As the plugin writes it.
  struct Document: Codable {
    let from: String
    let loss: String
    let regimes: [Regime]
  }
  let run: String
  let step: Int
  let films: String
  let from: String
  let loss: String
  let validationFilms: Int
  let testFilms: Int
  let out: String
  let regimes: [Regime]

  /// - Throws: `EvaluationError` where the plugin left no such table.
  init(_ report: EvaluationReport) throws {
    guard let folder = report.out else {
      throw EvaluationError("finetune: expected a plugin that judges whole models, found one of features")
    }
    let file = folder + "/classification.json"
    do {
      let document = try JSONDecoder().decode(Document.self, from: try DurableFile.read(file))
      (from, loss, regimes) = (document.from, document.loss, document.regimes)
    } catch let error as DecodingError {
      throw EvaluationError(
        "\(file): expected the table that the plugin finetune writes, found other JSON: \(error)")
    }
    (run, step, films, out) = (report.run, report.step, report.films, folder)
    (validationFilms, testFilms) = (report.validationFilms, report.testFilms)
  }

  func text(for terminal: Terminal) -> String {
    var text =
      "\(run) at step \(step), fine-tuned from \(from == "scratch" ? "scratch" : "its \(from) encoder"); \(films): "
      + "tested on \(testFilms) films\n"
    for regime in regimes {
      text += "\n\(heading(regime))\n\n\(table(regime).text(for: terminal))"
      if !regime.undefined.isEmpty {
        text +=
          "left out, without positives or without negatives to test on: \(regime.undefined.joined(separator: ", "))\n"
      }
    }
    return text + "\nfolder: \(out)"
  }

  private func heading(_ regime: Regime) -> String {
    let (fewest, most) = (regime.trainFilms.min() ?? 0, regime.trainFilms.max() ?? 0)
    return "\(regime.name): \(fewest == most ? "\(most)" : "\(fewest) to \(most)") films to learn from, "
      + (regime.trials == 1 ? "1 trial" : "\(regime.trials) trials")
  }

  private func table(_ regime: Regime) -> TextTable {
    var table = TextTable(columns: [
      .init("class"), .init("AUROC", .right), .init("AUPRC", .right), .init("positives", .right),
      .init("test films", .right),
    ])
    for own in regime.classes {
      table.add([own.name, own.auroc.text, own.auprc.text, "\(own.positives)", "\(own.films)"])
    }
    if let auroc = regime.auroc, let auprc = regime.auprc {
      table.add(["mean", auroc.text, auprc.text, "", ""])
    }
    if let accuracy = regime.accuracy { table.add(["accuracy", accuracy.text, "", "", ""]) }
    return table
  }
}
