import Foundation
import Runs
import Training

/// A run to train or an evaluation to make, which a process of its own does.
struct AblationJob {
  enum Work: Equatable {
    case training
    /// Of the table's evaluations.
    case evaluation(Int)
  }

  let cell: AblationPlan.Cell
  let work: Work
  let name: String
  /// Holds what the work makes.
  let folder: String
  /// What the program prints.
  let log: String
  private let beginning: [String]
  private let resuming: [String]

  init(_ plan: AblationPlan, _ cell: AblationPlan.Cell, _ work: Work) throws {
    (self.cell, self.work) = (cell, work)
    resuming = ["resume", cell.run] + plan.plugins
    let row = FolderName.of(plan.table.rows[cell.row].name)
    switch work {
    case .training:
      (name, folder, beginning) = (plan.name(cell), cell.run, cell.words)
      log = "\(plan.out)/logs/\(row)-seed-\(cell.seed).log"
    case .evaluation(let number):
      let evaluation = plan.table.evaluations[number]
      name = "\(plan.name(cell)): \(evaluation.command)"
      folder = plan.folder(cell, evaluation)
      beginning = try plan.words(cell, evaluation)
      log = "\(plan.out)/logs/\(row)-seed-\(cell.seed)-\(FolderName.of(evaluation.command)).log"
    }
  }

  /// Whether all of it is there.
  var isDone: Bool {
    switch work {
    case .training: RunFolder(path: folder).has(.summary)
    case .evaluation: access(folder + "/metrics.json", F_OK) == 0
    }
  }

  /// What does the rest of it. An evaluation goes on by the same words; a run that was killed before it had anything
  /// begins by them too.
  func words(threads: Int) -> [String] {
    switch work {
    case .training:
      RunFolder(path: folder).has(.configuration) && !RunFolder(path: folder).has(.notBegun)
        ? resuming : Self.words(beginning, threads: threads)
    case .evaluation: Self.words(beginning, threads: threads)
    }
  }

  /// Words with a number of threads, where they give none themselves.
  static func words(_ words: [String], threads: Int) -> [String] {
    let isGiven = words.contains { $0 == "--threads" || $0.hasPrefix("--threads=") }
    return words + (isGiven ? [] : ["--threads=\(threads)"])
  }

  /// The process that works in its folder; nil where none does, 0 where it is not known.
  var owner: Int32? {
    guard access(folder + "/lock", F_OK) == 0 else { return nil }
    do {
      try RunFolder(path: folder).lock().release()
      return nil
    } catch StorageError.folderInUse(_, let process) {
      return process ?? 0
    } catch {
      return nil
    }
  }

  /// Optimiser steps that a run has done so far.
  var stepsDone: Int {
    guard case .training = work else { return 0 }
    return Self.lastStep(of: RunFolder(path: folder).path(of: .metrics)) ?? 0
  }

  /// The step of the last whole line of a file of metrics; nil where there is none.
  static func lastStep(of path: String) -> Int? {
    guard let handle = FileHandle(forReadingAtPath: path), let end = try? handle.seekToEnd() else {
      return nil
    }
    defer { try? handle.close() }
    try? handle.seek(toOffset: end > tailBytes ? end - tailBytes : 0)
    guard let data = try? handle.readToEnd() else { return nil }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n").reversed()
    for line in lines {
      let fields = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      if let step = fields?["step"] as? Int { return step }
    }
    return nil
  }

  /// The last line that says what a command printed, but for where its help is; nil where it printed nothing.
  static func lastWords(of log: String) -> String? {
    guard let data = try? DurableFile.read(log) else { return nil }
    return String(decoding: data.suffix(4096), as: UTF8.self).split { $0 == "\n" || $0 == "\r" }
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .last { !$0.isEmpty && !($0.hasPrefix("See chex-runner") && $0.hasSuffix("--help.")) }
  }

  private static let tailBytes: UInt64 = 16 << 10
}
