/// Learning rate and EMA decay of every step of a run.
///
/// `LearningSchedule` is the one that is shipped. A plugin registers another as a `ComponentDefinition`, and a run
/// takes it by `training.schedule`. It depends on the step alone, so that a run that goes on learns as one that never
/// stopped.
public protocol Schedule: Sendable {
  /// Optimiser steps that the run makes, 1 or more.
  var totalSteps: Int { get }
  /// - Parameter step: optimiser step, counted from 0.
  func learningRate(at step: Int) -> Double
  /// The share τ that the target encoder keeps of itself when it follows after a step.
  /// - Parameter step: optimiser step, counted from 0.
  func emaDecay(at step: Int) -> Double
}
