import CoreTensor
import Imaging
import WorldModel

/// A workspace that keeps everything in memory: for tests of an evaluation.
public final class MemoryWorkspace: EvaluationWorkspace {
  public private(set) var notes: [String] = []
  public private(set) var warnings: [String] = []
  public private(set) var pictures: [String: GrayImage] = [:]
  public private(set) var sheets: [String: PictureSheet] = [:]
  public private(set) var texts: [String: String] = [:]
  public private(set) var rows: [(series: String, step: Int, values: [(name: String, value: Double)])] = []
  public private(set) var states: [String: EvaluationState] = [:]
  /// Rows of the calls before, as files keep them.
  private var earlier: [(series: String, step: Int, values: [(name: String, value: Double)])] = []
  private var steps = 0
  private let stopAfter: Int

  /// - Parameter stopAfter: reports of progress after which the user asks to stop.
  public init(stopAfter: Int = .max) { self.stopAfter = stopAfter }

  /// A workspace with the same saved states and recorded rows, as a later process finds them.
  public func reopened() -> MemoryWorkspace {
    let workspace = MemoryWorkspace()
    workspace.states = states
    workspace.earlier = earlier + rows
    return workspace
  }

  public func note(_ text: String) { notes.append(text) }
  public func warn(_ text: String) { warnings.append(text) }
  public func progress(_ unit: String, _ done: Int, of total: Int, radiographs: Int, loss: Double?) {
    steps += 1
  }
  public func record(_ series: String, step: Int, _ values: [(name: String, value: Double)]) {
    rows.append((series, step, values))
  }
  public func recorded(_ series: String) -> [(step: Int, values: [String: Double])] {
    let own = rows.filter { $0.series == series }
    let first = own.first?.step ?? .max
    return (earlier.filter { $0.series == series && $0.step < first } + own).map { row in
      (row.step, Dictionary(row.values.map { ($0.name, $0.value) }) { _, last in last })
    }
  }
  public func write(_ picture: GrayImage, named name: String) { pictures[name] = picture }
  public func write(_ sheet: PictureSheet, named name: String) { sheets[name] = sheet }
  public func write(_ text: String, named name: String) { texts[name] = text }
  public func save(_ state: EvaluationState, named name: String) {
    // What is trained on goes on changing.
    states[name] = EvaluationState(
      tensors: state.tensors.map { ($0.name, $0.tensor.copied()) }, text: state.text)
  }
  public func restore(_ name: String) -> EvaluationState? { states[name] }
  public var isStopRequested: Bool { steps >= stopAfter }
}
