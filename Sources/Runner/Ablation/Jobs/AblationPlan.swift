import Foundation
import Runs
import Training
import WorldModel

/// Every run and evaluation that an ablation is made of, and where each lies.
package struct AblationPlan: Sendable {
  /// One row, trained with one seed.
  package struct Cell: Sendable, Equatable {
    package let row: Int
    package let seed: Int
    /// The run's folder.
    package let run: String
    /// The words after `chex-runner` that begin the run.
    package let words: [String]
  }

  package let table: AblationTable
  package let seeds: [Int]
  /// Where everything lies.
  package let out: String
  /// Seeds in the outer order and rows in the inner one, so that a first comparison of all rows comes early.
  package let cells: [Cell]
  /// Words of settings that hold for every run whose row does not set them itself.
  private let common: [String]
  /// Path of the registry of plugins, for evaluations and runs that go on; nil for what the program takes.
  private let registry: String?

  /// - Parameters:
  ///   - table: what is compared.
  ///   - seeds: of the runs; the same for every row.
  ///   - common: words of settings that hold for every run whose row does not set them itself, none of which is `--out`
  ///     or `--seed`.
  ///   - registry: path of the registry of plugins where the command line names one, as `common` has it too.
  ///   - out: the ablation's folder.
  package init(
    _ table: AblationTable, seeds: [Int], common: [String], registry: String? = nil, out: String
  ) {
    (self.table, self.seeds, self.common, self.registry, self.out) = (table, seeds, common, registry, out)
    cells = seeds.flatMap { seed in
      table.rows.enumerated().map { index, row in
        let run = "\(out)/runs/\(FolderName.of(row.name))/seed-\(seed)"
        var words = ["pretrain"] + Self.words(common, besides: row)
        if let tasks = row.tasks { words.append("--tasks=" + tasks.joined(separator: ",")) }
        if row.isNaive { words.append("--naive") }
        words += row.settings.flatMap { ["--set", "\($0.key)=\($0.value)"] }
        // What runs are judged by is the table's to say.
        if !words.contains(where: { $0.hasPrefix("run.evaluations=") }) {
          words += ["--set", "run.evaluations=none"]
        }
        words += ["--seed=\(seed)", "--out=\(run)"]
        return Cell(row: index, seed: seed, run: run, words: words)
      }
    }
  }

  /// The words that a row does not replace by a setting of its own.
  private static func words(_ common: [String], besides row: AblationTable.Row) -> [String] {
    let own = Set(row.assignments.map(\.key))
    var (kept, rest) = ([String](), common[...])
    while let word = rest.popFirst() {
      let name = word.split(separator: "=").first.map(String.init) ?? word
      if word == "--set", let setting = rest.popFirst() {
        let key = setting.split(separator: "=").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? ""
        if !own.contains(key) { kept += [word, setting] }
      } else if !own.contains(SettingFlag.all.first { $0.name == name }.map { "\($0.key)" } ?? "") {
        kept.append(word)
      }
    }
    return kept
  }

  /// The same with numbers of optimiser steps by a row's name, for rows that set none themselves.
  package func giving(steps: [String: Int]) -> AblationPlan {
    var own = table
    own.rows = table.rows.map { row in
      guard let count = steps[row.name], !row.setsSteps else { return row }
      return AblationTable.Row(
        row.name, tasks: row.tasks, isNaive: row.isNaive,
        settings: row.settings + [.init(AblationTable.Row.stepsKey, "\(count)")], reported: row.reported)
    }
    return AblationPlan(own, seeds: seeds, common: common, registry: registry, out: out)
  }

  /// What a cell is called in messages.
  package func name(_ cell: Cell) -> String { "\(table.rows[cell.row].name), seed \(cell.seed)" }

  /// Where an evaluation of a cell leaves what it found.
  package func folder(_ cell: Cell, _ evaluation: AblationTable.Evaluation) -> String {
    "\(cell.run)/evaluations/\(FolderName.of(evaluation.command))"
  }

  /// The words after `chex-runner` of an evaluation.
  package func words(_ cell: Cell, _ evaluation: AblationTable.Evaluation) throws -> [String] {
    let own = try ShellWords.split(evaluation.command)
    let namesRegistry = own.contains { $0 == "--plugins" || $0.hasPrefix("--plugins=") }
    return own + [cell.run, "--out=" + folder(cell, evaluation)] + (namesRegistry ? [] : plugins)
  }

  /// The flag that names the registry, where the command line does.
  var plugins: [String] { registry.map { ["--plugins=" + $0] } ?? [] }

  /// All command lines, as a shell or a scheduler takes them: of each run, and then of its evaluations.
  package func commandLines(program: String) throws -> [String] {
    try cells.flatMap { cell in
      try [cell.words] + table.evaluations.map { try words(cell, $0) }
    }.map { ([program] + $0).map(ShellWords.quoted).joined(separator: " ") }
  }
}

/// Words of a command line as a shell takes them.
package enum ShellWords {
  /// Words divided by blanks; quotes keep blanks, and a backslash keeps what follows.
  /// - Throws: `AblationError` where a quote is not closed.
  package static func split(_ text: String) throws -> [String] {
    var (words, word): ([String], String?) = ([], nil)
    var quote: Character?
    var rest = text[...]
    while let character = rest.popFirst() {
      if character == "\\", quote != "'", let next = rest.popFirst() {
        word = (word ?? "") + String(next)
      } else if let open = quote {
        if character == open { quote = nil } else { word = (word ?? "") + String(character) }
      } else if character == "'" || character == "\"" {
        (quote, word) = (character, word ?? "")
      } else if character.isWhitespace {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    guard quote == nil else {
      throw AblationError("\(text): expected quotes that are closed, found one that is not")
    }
    return words + [word].compactMap { $0 }
  }

  /// A word as a shell reads it back.
  package static func quoted(_ word: String) -> String {
    let plain = word.unicodeScalars.allSatisfy { scalar in
      scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "-_=./,:+@%".unicodeScalars.contains(scalar))
    }
    return plain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
