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
    // The first step, which makes what later steps use again, is counted and not timed.
    let profiler = ProfilingBackend(model.optimization.backend)
    _ = try model.watched(by: profiler) { try model.step(try model.randomBatch(0)) }
    return Result(
      model.sizes, model.optimization.backend,
      try TimedSteps(steps, input: { try model.randomBatch($0) }) { try model.step($0) },
      operations: profiler.entries.values.reduce(0) { $0 + $1.productOperations })
  }
}

/// Steps, timed one by one.
struct TimedSteps {
  /// Of each step, seconds.
  private(set) var times: [Double] = []
  /// Of the last step.
  private(set) var loss = 0.0
  /// By the storage pool, after the first of these steps.
  let systemAllocations: Int

  /// - Parameters:
  ///   - count: 1 or more.
  ///   - input: makes what a step is given, which is not timed.
  ///   - step: gives its loss.
  init<Input>(_ count: Int, input: (Int) throws -> Input, step: (Input) throws -> Double) throws {
    var before = 0
    for number in 1...count {
      let input = try input(number)
      let began = ProgressReporter.systemClock()
      loss = try step(input)
      times.append(ProgressReporter.systemClock() - began)
      if number == 1 { before = StoragePool.shared.statistics.systemAllocations }
    }
    systemAllocations = count > 1 ? StoragePool.shared.statistics.systemAllocations - before : 0
  }
}

extension StepBench.Result {
  /// - Parameters:
  ///   - timed: whose median is taken.
  ///   - operations: floating-point operations of the matrix products of a step.
  init(_ sizes: BenchSizes, _ backend: any Backend, _ timed: TimedSteps, operations: Double) {
    let median = BenchFigures.median(timed.times)
    self.init(
      peer: "chex-runner " + CommandLineProgram.version, model: sizes.size.rawValue, image: sizes.image,
      batch: sizes.batch, precision: backend.activationType.rawValue, threads: Compute.threads,
      instructions: InstructionSet.current.rawValue, secondsPerStep: BenchFigures.rounded(median),
      imagesPerSecond: BenchFigures.rounded(Double(sizes.batch) / median),
      gigaflopsPerSecond: BenchFigures.rounded(operations / median * 1e-9),
      peakMib: BenchFigures.peakMebibytes, loss: BenchFigures.rounded(timed.loss),
      systemAllocations: timed.systemAllocations)
  }
}

extension StepBench.Result: CustomStringConvertible {
  var description: String {
    "\(model), \(image) px, batch \(batch), \(precision), \(threads) threads, \(instructions): "
      + "\(secondsPerStep) s a step, \(imagesPerSecond) images/s, \(gigaflopsPerSecond) GFLOP/s, "
      + "peak \(peakMib) MiB, \(systemAllocations) system allocations after the second step"
  }
}
