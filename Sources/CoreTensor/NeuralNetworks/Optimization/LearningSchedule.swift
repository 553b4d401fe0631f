import CoreTensor
import Foundation

/// Learning rate and target EMA decay of every optimiser step.
///
/// The learning rate rises linearly to its peak and falls on a cosine. With `scale` above 1 the schedules are
/// made for a longer run than the one that is made, which ends before they do.
public struct LearningSchedule: Schedule, Codable, Equatable {
  /// Optimiser steps that the run makes, 1 or more.
  public let totalSteps: Int
  /// Steps before the peak, fewer than `totalSteps`; step 0 already learns, at `peak / (warmupSteps + 1)`.
  public let warmupSteps: Int
  /// The peak, at step `warmupSteps`. Default of a run 2e-4, paper.
  public let learningRate: Double
  /// The learning rate of the schedule's last step. Default of a run 1e-6, paper.
  public let finalLearningRate: Double
  /// EMA decay `τ` of step 0 and of the schedule's last step. Default of a run 0.996 and 1, paper.
  public let emaDecayStart: Double
  public let emaDecayEnd: Double
  /// Length of the schedule in lengths of the run, 1 or more.
  public let scale: Double

  /// - Precondition: the bounds stated at each field.
  public init(
    totalSteps: Int, warmupSteps: Int, learningRate: Double, finalLearningRate: Double, emaDecayStart: Double,
    emaDecayEnd: Double, scale: Double = 1
  ) {
    require(totalSteps >= 1, "LearningSchedule: \(totalSteps) steps, expected 1 or more")
    require(
      (0..<totalSteps).contains(warmupSteps),
      "LearningSchedule: \(warmupSteps) steps of warm-up, expected 0 to \(totalSteps - 1)")
    require(scale >= 1, "LearningSchedule: scale \(scale), expected 1 or more")
    self.totalSteps = totalSteps
    self.warmupSteps = warmupSteps
    self.learningRate = learningRate
    self.finalLearningRate = finalLearningRate
    self.emaDecayStart = emaDecayStart
    self.emaDecayEnd = emaDecayEnd
    self.scale = scale
  }

  /// Steps that the schedules are made for; the run ends after `totalSteps` of them.
  public var scheduledSteps: Int { Int((Double(totalSteps) * scale).rounded()) }

  /// The learning rate of a step.
  /// - Parameter step: optimiser step, counted from 0.
  public func learningRate(at step: Int) -> Double {
    if step < warmupSteps { return learningRate * Double(step + 1) / Double(warmupSteps + 1) }
    return Self.cosine(
      from: learningRate, to: finalLearningRate, at: step - warmupSteps,
      last: scheduledSteps - 1 - warmupSteps)
  }

  /// The EMA decay `τ` of the update of the target encoder after a step.
  /// - Parameter step: optimiser step, counted from 0.
  public func emaDecay(at step: Int) -> Double {
    Self.cosine(from: emaDecayStart, to: emaDecayEnd, at: step, last: scheduledSteps - 1)
  }

  /// Half a cosine wave from `start` at 0 to `end` at `last` and beyond.
  private static func cosine(from start: Double, to end: Double, at step: Int, last: Int) -> Double {
    guard last > 0 else { return start }
    if step >= last { return end }
    let progress = Double(step) / Double(last)
    return end + (start - end) * 0.5 * (1 + cos(Double.pi * progress))
  }
}
