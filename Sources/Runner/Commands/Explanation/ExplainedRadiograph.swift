import Batches
import Console
import CoreTensor
import Evaluations
import Foundation
import Imaging
import Radiographs
import Runs
import Training
import WorldModel

/// The radiograph that a page is about, among those of a run: one of them, or a file beside them.
struct ExplainedRadiograph {
  let source: any RadiographSource
  let index: Int
  /// What the run had to do with the radiograph's patient; nil for a file of its own.
  let part: String?

  var record: RadiographRecord { source.records[index] }

  /// - Parameters:
  ///   - name: of a radiograph of the run's sources, with or without its folders, or the path of a file.
  /// - Throws: `EvaluationError` where it is neither, `UnusableRadiograph` where the file cannot be decoded.
  init(_ name: String, of run: EvaluatedRun) throws {
    let records = run.source.records
    let names = RadiographNames(records.map(\.identifier), bare: records.map(\.bareIdentifier))
    // A file that is there is meant, unless a radiograph has just its name: a part of a name may be that of another.
    let isFile =
      access(name, F_OK) == 0 && !Folder.exists(name) && !records.contains { $0.identifier == name }
    let found = isFile ? [] : names.indices(of: name)
    if found.count == 1 {
      source = run.source
      index = found[0]
      let key = records[found[0]].patientKey
      part =
        run.split.pretrain.contains { records[$0].patientKey == key }
        ? "A radiograph of a patient in the part of these radiographs that runs train on."
        : "A radiograph of a patient in the part of these radiographs that runs do not train on."
      return
    }
    if found.count > 1 {
      throw EvaluationError(
        "--radiograph \(name): it is the name of \(found.count) radiographs, \"\(records[found[0]].identifier)\" and "
          + "\"\(records[found[1]].identifier)\"; name it with its folders")
    }
    guard isFile else {
      throw EvaluationError(
        "--radiograph \(name): expected a file, or the name of one of \(records.count) radiographs"
          + Suggestions.clause(for: name, in: records.map(\.identifier))
          + "; found neither; chex-runner features lists the names of a run's radiographs")
    }
    let image = try run.setup.decoder().decode(path: name)
    source = OneMore(source: run.source, record: RadiographRecord(identifier: name), image: image)
    index = records.count
    part = nil
  }

  /// A source with a radiograph after its own.
  private struct OneMore: RadiographSource {
    let source: any RadiographSource
    let record: RadiographRecord
    let image: GrayImage

    var summary: String { source.summary }
    var records: [RadiographRecord] { source.records + [record] }
    var findingNames: [String] { source.findingNames }
    var radiographsAreCheap: Bool { source.radiographsAreCheap }

    private func isOwn(_ index: Int) -> Bool { index == source.records.count }

    func radiograph(at index: Int) throws -> GrayImage {
      isOwn(index) ? image : try source.radiograph(at: index)
    }
    func truth(at index: Int) throws -> RadiographTruth? {
      isOwn(index) ? nil : try source.truth(at: index)
    }
    func header(at index: Int) throws -> ImageHeader? {
      isOwn(index) ? nil : try source.header(at: index)
    }
  }
}

/// Shows what explanations say and keeps nothing: they are short work.
final class ExplanationWorkspace: EvaluationWorkspace {
  private let name: String

  /// - Parameter name: of the evaluation that works.
  init(_ name: String) { self.name = name }

  func note(_ text: String) { ProgressReporter.standardError("\(name): \(text)\n") }
  func warn(_ text: String) { ProgressReporter.standardError("\(name): warning: \(text)\n") }
  func progress(_ unit: String, _ done: Int, of total: Int, radiographs: Int, loss: Double?) {}
  func record(_ series: String, step: Int, _ values: [(name: String, value: Double)]) {}
  func recorded(_ series: String) -> [(step: Int, values: [String: Double])] { [] }
  func write(_ picture: GrayImage, named name: String) {}
  func write(_ sheet: PictureSheet, named name: String) {}
  func write(_ text: String, named name: String) {}
  func save(_ state: EvaluationState, named name: String) {}
  func restore(_ name: String) -> EvaluationState? { nil }
  var isStopRequested: Bool { false }
}
