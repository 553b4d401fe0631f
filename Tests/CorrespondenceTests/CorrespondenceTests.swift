import CoreTensor
import Imaging
import Metrics
import PluginChecks
import Testing
import WorldModel

@testable import CorrespondenceEvaluation

@Suite struct CorrespondenceTests {
  @Test func keepsEveryPromise() {
    let checks = checkEvaluation(CorrespondenceEvaluation.definition, tasks: [WholeTask.definition])
    #expect(checks.filter { !$0.isKept } == [])
  }

  @Test func aSpotIsFoundByPixelsAndNotByItsPlace() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation(["searched": .integer(4)])(Trial.input(workspace))
    #expect(try #require(value(result, "PCK@5%, windows of pixels")) == 1)
    #expect(try #require(value(result, "median error, windows of pixels")) < 2)
    #expect(try #require(value(result, "PCK@5%, same place")) < 0.5)
    #expect(
      try #require(value(result, "mean error, mean place"))
        < (try #require(value(result, "mean error, same place"))))
    #expect(result.summary.description == "PCK@5%, trained, best reading")
    #expect(workspace.texts["search.csv"]?.split(separator: "\n").count ?? 0 > 8)
  }

  @Test func withoutASearchEncodersAreReadAsInThePaper() throws {
    let result = try Trial.evaluation(["searched": .integer(0)])(Trial.input())
    #expect(value(result, "PCK@5%, trained, best reading") == nil)
    #expect(result.summary.description == "PCK@5%, trained, as in the paper")
    #expect(Set(result.sheets.keys) == ["trained", "random"])
  }

  @Test func whereNoOtherRadiographHasLandmarksThatIsSaid() throws {
    let workspace = MemoryWorkspace()
    let result = try Trial.evaluation([:])(Trial.input(workspace, train: [14, 15], validation: []))
    #expect(workspace.warnings.contains { $0.contains("no reading is searched") })
    #expect(value(result, "PCK@5%, trained, best reading") == nil)
  }

  @Test func aStoppedSearchGoesOnToTheSameFigures() throws {
    let whole = try Trial.evaluation([:])(Trial.input())
    let stopped = MemoryWorkspace(stopAfter: 1)
    #expect(throws: EvaluationStopped.self) { try Trial.evaluation([:])(Trial.input(stopped)) }
    let resumed = try Trial.evaluation([:])(Trial.input(stopped.reopened()))
    #expect(resumed.metrics == whole.metrics)
  }

  @Test func whatCannotBeDoneIsRefused() throws {
    #expect { try Trial.evaluation([:])(Trial.input(test: [14, 15])) } throws: {
      "\($0)".contains("two test radiographs with landmarks or more, found 0 of 2")
        && "\($0)".contains("--landmarks FILE")
    }
    #expect { try Trial.evaluation(["layers": .list([.integer(9)])])(Trial.input()) } throws: {
      "\($0)".contains("0 to 1, found 9")
    }
    #expect { try Trial.evaluation(["enlargements": .list([.number(1.5)])]) } throws: {
      "\($0)".contains("enlargements: expected whole numbers, found 1.5")
    }
    #expect { try Trial.evaluation(["penalties": .list([])]) } throws: { "\($0)".contains("penalties = []") }
    #expect { try Trial.evaluation([:])(Trial.input(train: [])) } throws: {
      "\($0)".contains("expected a training radiograph or more")
    }
  }

  @Test func mapsMarkTheTruthAndWhatWasFound() throws {
    let sheet = try #require(
      try Trial.evaluation(["searched": .integer(0)])(Trial.input()).sheets["trained"])
    #expect(sheet.rows.map(\.label) == ["spot"])
    let row = sheet.rows[0].groups
    #expect(row[0][0].marks.map(\.shape) == [.ring])
    #expect(row[1].allSatisfy { $0.marks.map(\.shape) == [.ring, .cross] })
    guard case .color = row[1][0].image else { return #expect(Bool(false), "expected colours") }
  }

  private func value(_ result: EvaluationResult, _ key: String) -> Double? {
    result.metrics.first { $0.key.description == key }?.value
  }
}
