import Foundation
import Testing
import WorldModel

@testable import Evaluations
@testable import Runs

@Suite struct PredictionFileTests {
  private let folder = FileManager.default.temporaryDirectory
    .appendingPathComponent("chex-predictions-\(UUID().uuidString)")

  /// Two trials of other columns; a truth and a measure that are not known; a score that no short decimal writes.
  private static let tables = [
    PredictionTable(
      subject: "linear probe",
      radiographs: [
        .init(identifier: "a/1.png", patientKey: "patient 7"),
        .init(identifier: "a/\"2\", b.png", patientKey: "radiograph a/2"),
      ],
      columns: [.scores(of: "effusion", truth: [true, nil], scores: [0.1 + 0.2, -1e-300])]),
    PredictionTable(
      subject: "with a", trial: "seed 1",
      radiographs: [.init(identifier: "3", patientKey: "patient 8")],
      columns: [
        .measure("recall@1", values: [0.25]), .scores(of: "nodule", truth: [false], scores: [4]),
      ]),
  ]

  private func file(_ text: String) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent("predictions.csv").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func whatIsWrittenIsReadToTheBit() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = PredictionFile.text(Self.tables)
    #expect(
      text.hasPrefix(
        "subject,trial,radiograph,patient,truth of effusion,score of effusion,recall@1,truth of nodule,score of nodule\n"
      ))
    #expect(text.split(separator: "\n").count == 4)
    let read = try PredictionFile.read(try file(text))
    #expect(read == [Self.tables[0], Self.table(Self.tables[1], ordered: [0, 1])])
  }

  /// A table with its columns in another order.
  private static func table(_ table: PredictionTable, ordered: [Int]) -> PredictionTable {
    PredictionTable(
      subject: table.subject, trial: table.trial, radiographs: table.radiographs,
      columns: ordered.map { table.columns[$0] })
  }

  @Test(arguments: [
    ("", "found line 1: nothing"),
    ("a,b\n", "found line 1: a, b"),
    ("subject,trial,radiograph,patient,recall@1\np,,1,2\n", "line 2: 4 cells"),
    ("subject,trial,radiograph,patient,recall@1\np,,1,2,much\n", "line 2: \"much\""),
    ("subject,trial,radiograph,patient,recall@1\np,,1,2,nan\n", "line 2: \"nan\""),
    ("subject,trial,radiograph,patient,recall@1\np,,1,2,\n", "line 2: a trial without any"),
    ("subject,trial,radiograph,patient,score of x\np,,1,2,0.5\n", "line 1: none"),
    (
      "subject,trial,radiograph,patient,truth of x,score of x\np,,1,2,1,0.5\np,,2,2,1,\n",
      "line 3: nothing"
    ),
    ("subject,trial,radiograph,patient,recall@1\n\"p,,1,2,1\n", "line 2"),
  ])
  func damagedFilesAreNamedWithTheLine(text: String, says: String) throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = try file(text)
    let error = #expect(throws: StorageError.self) { try PredictionFile.read(path) }
    let words = error.map { "\($0)" } ?? ""
    #expect(words.contains(says) && words.contains(path), "\(words)")
  }
}
