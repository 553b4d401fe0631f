import CoreTensor

/// Where a training is, after some of its steps.
public struct TrainingPosition: Sendable, Equatable {
  /// Optimiser steps done.
  public let step: Int
  /// Optimiser steps of the whole training.
  public let steps: Int
  public let stepsPerEpoch: Int

  public init(step: Int, steps: Int, stepsPerEpoch: Int) {
    require(stepsPerEpoch > 0, "TrainingPosition: \(stepsPerEpoch) steps an epoch")
    (self.step, self.steps, self.stepsPerEpoch) = (step, steps, stepsPerEpoch)
  }

  public var isLast: Bool { step >= steps }
  public var isEpochEnd: Bool { step > 0 && step % stepsPerEpoch == 0 }
  /// Whole epochs done.
  public var epoch: Int { step / stepsPerEpoch }
}

/// What happens around the steps of a training: logs, checkpoints, evaluations in between.
///
/// Every callback has a default that does nothing. Hooks are called in the order in which the loop lists them.
public protocol TrainingHook<Report> {
  /// What a step reports.
  associatedtype Report

  /// Before the first step of this process, at the position where it goes on.
  func willBegin(_ position: TrainingPosition) throws
  /// Right after a step.
  func didStep(_ position: TrainingPosition, _ report: Report) throws
  /// At the end of an epoch, before the state is saved, so that what is decided here is saved with it.
  /// - Returns: whether the training ends here.
  func didEndEpoch(_ position: TrainingPosition) throws -> Bool
  /// Keeps the state, so that a later process goes on from here to the same bits.
  func save(_ position: TrainingPosition) throws
  /// After a step and what was due to be saved, where the training is not about to stop: the place for what takes long.
  func observe(_ position: TrainingPosition) throws
}

extension TrainingHook {
  public func willBegin(_ position: TrainingPosition) throws {}
  public func didStep(_ position: TrainingPosition, _ report: Report) throws {}
  public func didEndEpoch(_ position: TrainingPosition) throws -> Bool { false }
  public func save(_ position: TrainingPosition) throws {}
  public func observe(_ position: TrainingPosition) throws {}
}

/// The loop of every training: steps in their order, epochs, saves, and the wish to stop.
///
/// It owns no model and no data. A step is a function of its number, so that a training which was stopped and goes on
/// takes the steps that it would have taken.
public struct TrainingLoop {
  /// When the state is saved, besides at the last step and where the user asks to stop.
  public enum Saving: Sendable, Equatable {
    case everySteps(Int)
    case everyEpoch
    /// No sooner than so many seconds after the last time, at any step.
    case everySeconds(Double)
  }

  public enum Outcome: Sendable, Equatable {
    /// All steps are done, or an epoch ended the training early.
    case finished(step: Int)
    /// The user asked to stop, and the state is saved.
    case interrupted(step: Int)
  }

  /// Optimiser steps of the whole training.
  public let steps: Int
  public let stepsPerEpoch: Int
  public let saving: Saving
  private let isStopRequested: () -> Bool

  /// - Parameters:
  ///   - steps: of the whole training.
  ///   - stepsPerEpoch: 1 or more.
  ///   - saving: when the state is saved.
  ///   - isStopRequested: asked after each step.
  public init(
    steps: Int, stepsPerEpoch: Int, saving: Saving, isStopRequested: @escaping () -> Bool = { false }
  ) {
    (self.steps, self.stepsPerEpoch, self.saving) = (steps, stepsPerEpoch, saving)
    self.isStopRequested = isStopRequested
  }

  /// Takes the steps `start..<steps`.
  /// - Parameters:
  ///   - start: steps that are done already.
  ///   - hooks: called in this order.
  ///   - perform: takes one step, of the number that it is given, from 0.
  /// - Throws: what a step or a hook throws; nothing is saved then.
  public func run<Report>(
    from start: Int, hooks: [any TrainingHook<Report>], perform: (Int) throws -> Report
  ) throws -> Outcome {
    var position = position(start)
    var lastSave = ContinuousClock.now
    for hook in hooks { try hook.willBegin(position) }
    while !position.isLast {
      let report = try perform(position.step)
      position = self.position(position.step + 1)
      for hook in hooks { try hook.didStep(position, report) }
      var isOver = position.isLast
      if position.isEpochEnd {
        for hook in hooks where try hook.didEndEpoch(position) { isOver = true }
      }
      let stops = !isOver && isStopRequested()
      if isOver || stops || isDue(position, since: lastSave) {
        for hook in hooks { try hook.save(position) }
        lastSave = .now
      }
      if stops { return .interrupted(step: position.step) }
      for hook in hooks { try hook.observe(position) }
      if isOver { break }
    }
    return .finished(step: position.step)
  }

  private func position(_ step: Int) -> TrainingPosition {
    TrainingPosition(step: step, steps: steps, stepsPerEpoch: stepsPerEpoch)
  }

  private func isDue(_ position: TrainingPosition, since lastSave: ContinuousClock.Instant) -> Bool {
    switch saving {
    case .everySteps(let count): position.step % count == 0
    case .everyEpoch: position.isEpochEnd
    case .everySeconds(let seconds): ContinuousClock.now - lastSave > .seconds(seconds)
    }
  }
}
