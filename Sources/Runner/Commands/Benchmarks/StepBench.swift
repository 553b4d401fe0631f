import Console
import CoreTensor
import Foundation

/// Times one training step: forward, backward, clipping, AdamW, moving average.
struct StepBench {
  /// The peer's keys, so that one script reads both.
  struct Result: Codable {
    let peer: String
    let model: String
    let image: Int
    let batch: Int
    let precision: String
    let threads: Int
    let instructions: String
    let secondsPerStep: Double
    let imagesPerSecond: Double
    /// Of matrix products, those of attention included.
    let gigaflopsPerSecond: Double
    let peakMib: Int
    let loss: Double
    /// By the storage pool, after the second step.
    let systemAllocations: Int
  }

  let model: BenchModel
  let steps: Int

  func run() throws -> Result {
    var times: [Double] = []
    var loss = 0.0
    var before = 0
    // The first step, which makes what later steps use again, is counted and not timed.
    let profiler = ProfilingBackend(model.optimization.backend)
    _ = try model.watched(by: profiler) { try model.step(try model.randomBatch(0)) }
    for step in 1...steps {
      let input = try model.randomBatch(step)
      let began = ProgressReporter.systemClock()
      loss = try model.step(input)
      times.append(ProgressReporter.systemClock() - began)
      if step == 1 { before = StoragePool.shared.statistics.systemAllocations }
    }
    let allocations = steps > 1 ? StoragePool.shared.statistics.systemAllocations - before : 0
    return Result(
      model.sizes, model.optimization.backend, times: times, loss: loss,
      operations: profiler.entries.values.reduce(0) { $0 + $1.productOperations },
      systemAllocations: allocations)
  }
}

extension StepBench.Result {
  /// - Parameters:
  ///   - times: of each step, seconds; the median is taken.
  ///   - operations: floating-point operations of the matrix products of a step.
  init(
    _ sizes: BenchSizes, _ backend: any Backend, times: [Double], loss: Double, operations: Double,
    systemAllocations: Int
  ) {
    let median = BenchFigures.median(times)
    self.init(
      peer: "chex-runner " + CommandLineProgram.version, model: sizes.size.rawValue, image: sizes.image,
      batch: sizes.batch, precision: backend.activationType.rawValue, threads: Compute.threads,
      instructions: InstructionSet.current.rawValue, secondsPerStep: BenchFigures.rounded(median),
      imagesPerSecond: BenchFigures.rounded(Double(sizes.batch) / median),
      gigaflopsPerSecond: BenchFigures.rounded(operations / median * 1e-9),
      peakMib: BenchFigures.peakMebibytes, loss: BenchFigures.rounded(loss),
      systemAllocations: systemAllocations)
  }
}

extension StepBench.Result: CustomStringConvertible {
  var description: String {
    "\(model), \(image) px, batch \(batch), \(precision), \(threads) threads, \(instructions): "
      + "\(secondsPerStep) s a step, \(imagesPerSecond) images/s, \(gigaflopsPerSecond) GFLOP/s, "
      + "peak \(peakMib) MiB, \(systemAllocations) system allocations after the second step"
  }
}
