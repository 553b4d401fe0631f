import Foundation

/// One trial among all.
package struct TrialPlan {
  package let regime: Regime
  /// Of the seed or draw, from 0.
  package let number: Int
  package let split: LabelledSplit
  package let schedule: TrialSchedule
  /// Begins the names of what it leaves: `fraction-0.01-seed-0`.
  package var name: String { "\(regime.key)-\(regime.isDrawn ? "draw" : "seed")-\(number)" }
  /// Whether its model is kept: that of the first trial of each regime.
  package var isKept: Bool { number == 0 }
  /// Which of the regime's: `seed 0`.
  package var trial: String { "\(regime.isDrawn ? "draw" : "seed") \(number)" }
  /// As notes call it.
  package var title: String { "\(regime.name), \(trial)" }
}

/// Steps of a trial, and the learning rate of each: linear to its peak, then a cosine to a hundredth of it.
package struct TrialSchedule: Equatable {
  /// Steps of a pass over the radiographs, and of an epoch, which of few radiographs takes several passes.
  package let stepsPerPass: Int
  package let stepsPerEpoch: Int
  package let epochs: Int
  private let warmupSteps: Int
  private let peak: Double
  private static let finalShare = 0.01

  package init(radiographs: Int, _ settings: TrainingSettings) {
    stepsPerPass = max(1, (radiographs + settings.batchSize - 1) / settings.batchSize)
    epochs = settings.epochs
    stepsPerEpoch = max(stepsPerPass, (settings.minimumSteps + epochs - 1) / epochs)
    let warmup = Int((settings.warmupEpochs * Double(stepsPerEpoch)).rounded())
    warmupSteps = min(warmup, stepsPerEpoch * epochs / 2)
    peak = settings.learningRate
  }

  package var steps: Int { stepsPerEpoch * epochs }

  /// - Parameter step: from 0.
  package func learningRate(at step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps + 1) }
    let progress = Double(step - warmupSteps) / Double(max(steps - 1 - warmupSteps, 1))
    return peak * (Self.finalShare + (1 - Self.finalShare) * 0.5 * (1 + cos(.pi * progress)))
  }

  /// The places of a step's radiographs in the order of its pass; batches of a pass differ by one radiograph at most.
  package func places(at step: Int, radiographs: Int) -> Range<Int> {
    let place = step % stepsPerPass
    return radiographs * place / stepsPerPass..<radiographs * (place + 1) / stepsPerPass
  }
}
