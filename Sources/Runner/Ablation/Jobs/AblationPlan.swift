import Foundation
import Runs
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
  /// Path of the registry of plugins, for evaluations and runs that go on; nil for what the program takes.
  private let registry: String?

  /// - Parameters:
  ///   - table: what is compared.
  ///   - seeds: of the runs; the same for every row.
  ///   - common: words of settings that hold for every run, none of which is `--out` or `--seed`.
  ///   - registry: path of the registry of plugins where the command line names one, as `common` has it too.
  ///   - out: the ablation's folder.
  package init(
    _ table: AblationTable, seeds: [Int], common: [String], registry: String? = nil, out: String
  ) {
    (self.table, self.seeds, self.registry, self.out) = (table, seeds, registry, out)
    cells = seeds.flatMap { seed in
      table.rows.enumerated().map { index, row in
        let run = "\(out)/runs/\(FolderName.of(row.name))/seed-\(seed)"
        var words = ["pretrain"] + common
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
