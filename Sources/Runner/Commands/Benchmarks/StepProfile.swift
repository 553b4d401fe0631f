import Console
import CoreTensor
import Foundation

/// Where the time of a step goes: every kind of operation, in rows that add up to the step.
struct StepProfile: Codable {
  struct Row: Codable {
    let operation: String
    let calls: Double
    let milliseconds: Double
    let share: Double
    let gigaflopsPerSecond: Double
    let gigabytesPerSecond: Double
  }

  /// Means over the profiled steps; the last row is what lies between operations.
  let rows: [Row]
  let milliseconds: Double

  /// Makes one step that is not watched, and then `steps` that are.
  init(model: BenchModel, steps: Int) throws {
    _ = try model.step(try model.randomBatch(0))
    let profiler = ProfilingBackend(model.optimization.backend)
    var elapsed = 0.0
    for step in 1...steps {
      let batch = try model.randomBatch(step)
      let began = ProgressReporter.systemClock()
      _ = try model.watched(by: profiler) { try model.step(batch) }
      elapsed += ProgressReporter.systemClock() - began
    }
    let count = Double(steps)
    let whole = elapsed * 1e3 / count
    let entries = ProfilingBackend.Kind.allCases.compactMap { kind in
      profiler.entries[kind].map { (kind, $0) }
    }
    var rows = entries.map { kind, entry in
      let seconds = Double(entry.nanoseconds) * 1e-9
      return Row(
        operation: kind.rawValue, calls: Double(entry.calls) / count, milliseconds: seconds * 1e3 / count,
        share: seconds / elapsed, gigaflopsPerSecond: entry.operations / seconds * 1e-9,
        gigabytesPerSecond: entry.bytes / seconds * 1e-9)
    }
    let rest = whole - rows.reduce(0) { $0 + $1.milliseconds }
    rows.append(
      Row(
        operation: "between operations", calls: 0, milliseconds: rest, share: rest / whole,
        gigaflopsPerSecond: 0,
        gigabytesPerSecond: 0))
    self.rows = rows
    milliseconds = whole
  }

  func text(for terminal: Terminal) -> String {
    var table = TextTable(columns: [
      .init("operation"), .init("calls", .right), .init("ms", .right), .init("share", .right),
      .init("GFLOP/s", .right), .init("GB/s", .right),
    ])
    for row in rows {
      func rate(_ value: Double) -> String { value == 0 ? "" : String(format: "%.1f", value) }
      table.add([
        row.operation, row.calls == 0 ? "" : String(format: "%.0f", row.calls),
        String(format: "%.2f", row.milliseconds), String(format: "%.1f %%", 100 * row.share),
        rate(row.gigaflopsPerSecond), rate(row.gigabytesPerSecond),
      ])
    }
    table.add(["the step", "", String(format: "%.2f", milliseconds), "100.0 %", "", ""])
    return table.text(for: terminal)
  }
}
