import Console
import CoreTensor
import Foundation

/// Times single operations of a U-Net.
struct OperationsBench {
  struct Result: Codable {
    let precision: String
    let threads: Int
    let batch: Int
    let operations: [OperationTimings.Row]
  }

  let backend: any Backend
  let repeats: Int

  func run() -> Result {
    let timings = OperationTimings(backend: backend, repeats: repeats, clock: ProgressReporter.systemClock)
    return Result(
      precision: backend.activationType.rawValue, threads: Compute.threads, batch: OperationTimings.batch,
      operations: timings.run())
  }
}

extension OperationsBench.Result {
  func text(for terminal: Terminal) -> String {
    var table = TextTable(columns: [
      .init("operation, channels, side"), .init("forward, ms", .right), .init("with backward, ms", .right),
    ])
    for row in operations {
      table.add([
        row.name, String(format: "%.2f", row.forwardMilliseconds),
        String(format: "%.2f", row.bothMilliseconds),
      ])
    }
    return table.text(for: terminal) + "\n\(batch) images, \(precision), \(threads) threads"
  }
}
