import Console
import CoreTensor
import Radiographs
import WorldModel

/// A run as all of its processes but the first see it: they take its steps and write nothing.
enum Worker {
  /// The group of a process that follows; nil for the first one, and where there are no others. Compares all processes.
  /// - Throws: `CommunicationError` where they differ.
  static func group(_ parts: RunParts) throws -> CommunicationQueue? {
    parts.optimization.communication = parts.setup.communication
    if parts.setup.configuration.training.halvedGradients { parts.optimization.gradientsSentAs = .bfloat16 }
    guard let group = parts.setup.communication else { return nil }
    try MicroBatches.check(parts.setup.configuration.training, among: group.size)
    try SharedState.compare(
      parts.setup, radiographs: RadiographList.fingerprint(parts.source.records), group)
    return group.isFirst ? nil : group
  }

  /// Takes the run's steps together with the first process.
  static func run(_ parts: RunParts, _ group: CommunicationQueue) throws -> Pretraining.Result {
    let start = try SharedState.share(parts.optimization, start: 0, group)
    guard start < parts.schedule.totalSteps else { return Pretraining.Result(isFinished: true) }
    Interruption.watch()
    let taker = StepTaker(parts, start: start)
    defer { taker.stop() }
    let hooks: [any TrainingHook<PretrainingStep>] = [AgreementCheck(parts, start: start)].compactMap { $0 }
    do {
      let outcome = try TrainingLoop(parts, taker).run(from: start, hooks: hooks, perform: taker.take)
      if case .finished = outcome { return Pretraining.Result(isFinished: true) }
      return Pretraining.Result(isFinished: false)
    } catch is BrokenStep {
      // The first process says what broke.
      try ProcessGroup.waitForEnd(group)
    }
  }
}
