/// Which batches of a run one of several processes makes: of each step's batches an equal part, side by side, the first
/// ones on rank 0. The batches themselves are the same for any number of processes.
package struct BatchShare: Sendable, Equatable {
  /// Batches of a step, which `size` divides.
  package let accumulation: Int
  package let rank: Int
  package let size: Int

  package init(accumulation: Int, rank: Int = 0, size: Int = 1) {
    (self.accumulation, self.rank, self.size) = (accumulation, rank, size)
  }

  /// Batches of a step that this process makes.
  package var perStep: Int { accumulation / size }

  /// The run's number of this process's batch `number`.
  func batch(_ number: Int) -> Int {
    number / perStep * accumulation + rank * perStep + number % perStep
  }
}
