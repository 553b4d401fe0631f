import CoreTensor
import Foundation
import WorldModel

/// Makes batches ahead of the step on its own threads.
///
/// Threads take single samples in order, so that the first batch is ready soon; the batches are the same for any
/// number of threads. With none, `next()` makes the batch itself.
package final class BatchLoader: @unchecked Sendable {
  private let builder: BatchBuilder
  private let share: BatchShare
  private let device: any Device
  private let lastStep: Int
  private let ahead: Int
  private let condition = NSCondition()
  private var pending: [Int: Pending] = [:]
  private var ready: [Int: LoadedBatch] = [:]
  private var failure: (any Error)?
  private var taking: (step: Int, index: Int)
  private var nextStep: Int
  private var stopped = false
  private var running: Int
  private let isSynchronous: Bool

  private final class Pending {
    let plans: [BatchPlan]
    var samples: [BatchBuilder.Sample?]
    var left: Int
    init(plans: [BatchPlan], count: Int) {
      self.plans = plans
      samples = Array(repeating: nil, count: count)
      left = count
    }
  }

  /// - Parameters:
  ///   - steps: batches to make, in order, as `share` numbers them.
  ///   - share: which batches of the run these are; all, unless given.
  ///   - device: where the batches are wanted, which they reach while earlier ones are computed with.
  ///   - threads: 0 or more.
  ///   - ahead: batches that may be ready or in work.
  package init(
    _ builder: BatchBuilder, steps: Range<Int>, share: BatchShare = BatchShare(accumulation: 1),
    device: any Device = CPUDevice.shared, threads: Int, ahead: Int = 3
  ) {
    (self.builder, self.share, self.device) = (builder, share, device)
    self.ahead = ahead
    lastStep = steps.upperBound
    nextStep = steps.lowerBound
    taking = (steps.lowerBound, 0)
    running = threads
    isSynchronous = threads == 0
    for number in 0..<threads {
      let thread = Thread { [self] in work() }
      thread.name = "loader \(number + 1)"
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  /// The next batch in order; waits for it.
  package func next() throws -> LoadedBatch {
    condition.lock()
    defer { condition.unlock() }
    let step = nextStep
    require(step < lastStep, "BatchLoader: asked for batch \(step) of \(lastStep)")
    nextStep += 1
    if isSynchronous { return try builder.batch(step: share.batch(step)).moved(to: device) }
    condition.broadcast()
    while ready[step] == nil {
      if let failure { throw failure }
      condition.wait()
    }
    return ready.removeValue(forKey: step)!
  }

  /// Ends the threads and waits until they have left.
  package func stop() {
    condition.lock()
    stopped = true
    condition.broadcast()
    while running > 0 { condition.wait() }
    condition.unlock()
  }

  private func work() {
    while let job = take() {
      do {
        let sample = try builder.sample(
          step: share.batch(job.step), index: job.index, plans: job.pending.plans)
        try finish(job, sample)
      } catch { fail(error) }
    }
    condition.lock()
    running -= 1
    condition.broadcast()
    condition.unlock()
  }

  private func take() -> (step: Int, index: Int, pending: Pending)? {
    condition.lock()
    defer { condition.unlock() }
    while !stopped, failure == nil {
      guard taking.step < lastStep else { return nil }
      if taking.step < nextStep + ahead {
        let job = taking
        let pending =
          pending[job.step]
          ?? Pending(
            plans: builder.plans(step: share.batch(job.step)), count: builder.batchSize)
        self.pending[job.step] = pending
        taking = job.index + 1 < builder.batchSize ? (job.step, job.index + 1) : (job.step + 1, 0)
        return (job.step, job.index, pending)
      }
      condition.wait()
    }
    return nil
  }

  private func finish(_ job: (step: Int, index: Int, pending: Pending), _ sample: BatchBuilder.Sample) throws
  {
    condition.lock()
    job.pending.samples[job.index] = sample
    job.pending.left -= 1
    let isComplete = job.pending.left == 0
    if isComplete { pending[job.step] = nil }
    condition.unlock()
    guard isComplete else { return }
    let batch = try builder.collate(
      job.pending.samples.map { $0! }, step: share.batch(job.step), plans: job.pending.plans
    ).moved(to: device)
    condition.lock()
    ready[job.step] = batch
    condition.broadcast()
    condition.unlock()
  }

  private func fail(_ error: any Error) {
    condition.lock()
    if failure == nil { failure = error }
    condition.broadcast()
    condition.unlock()
  }
}
