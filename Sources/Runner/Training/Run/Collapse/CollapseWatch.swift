import Batches

/// Whether features are collapsing, by the history of glances at them: each quantity against the random encoder's and
/// against the best that the run itself had.
///
/// A JEPA loss does not tell: it falls while features collapse, since what is constant is easily predicted. Ranks fall
/// a little in every run that is well, so a quantity alarms only far below what a random encoder has, or what the run
/// had, and at two observations in a row. A value: the same observations give the same verdict, also in a resumed run.
package struct CollapseWatch: Sendable, Equatable {
  /// What was seen after some step.
  package struct Observation: Sendable, Equatable, Codable {
    package let step: Int
    package let glance: FeatureGlance
    /// Mean prediction error of the steps since the observation before; nil before the first step.
    package var error: Double?
    /// Mean AUROC of the linear probe, of the run's encoder and of the random one, where it was made at this step.
    package var probe: Double?
    package var randomProbe: Double?

    package init(
      step: Int, _ glance: FeatureGlance, error: Double? = nil, probe: Double? = nil,
      randomProbe: Double? = nil
    ) {
      (self.step, self.glance, self.error) = (step, glance, error)
      (self.probe, self.randomProbe) = (probe, randomProbe)
    }
  }

  package enum Verdict: Sendable, Equatable {
    case healthy
    /// Below what runs that are well have, not yet far enough or long enough for an alarm.
    case falling(since: Int)
    case collapsed(Collapse)
  }

  /// The random encoder's, where it is known.
  package let random: FeatureGlance?
  package private(set) var verdict = Verdict.healthy
  /// The alarms that rang, the last one last; one that the run recovered from says so.
  package private(set) var alarms: [Collapse] = []
  /// The last step at which nothing was falling; nil where there was none yet.
  package private(set) var lastHealthyStep: Int?
  package private(set) var observations = 0
  /// Observations at the beginning of a run that are compared with the random encoder alone.
  package static let unsettled = 20
  private var latest: [CollapseSign.Quantity: CollapseSign] = [:]
  private var best: [CollapseSign.Quantity: Double] = [:]
  /// How often in a row a quantity was low enough for an alarm.
  private var alarming: [CollapseSign.Quantity: Int] = [:]
  private var fallingSince: Int?
  private var errorBefore: Double?

  package init(random: FeatureGlance?) { self.random = random }

  /// - Parameter observation: of a later step than those before.
  package mutating func add(_ observation: Observation) {
    observations += 1
    for quantity in CollapseSign.Quantity.allCases {
      guard let value = quantity.value(observation) else { continue }
      let reference = quantity == .probe ? observation.randomProbe : random.flatMap(quantity.value)
      let sign = CollapseSign(quantity, value: value, random: reference, best: best[quantity])
      alarming[quantity] = sign.severity == .alarm ? alarming[quantity, default: 0] + 1 : 0
      // What two observations in a row have counts, once the run has settled: its first steps have peaks, and valleys
      // after them, that mean nothing.
      if let before = latest[quantity]?.value, quantity == .probe || observations > Self.unsettled {
        best[quantity] = max(best[quantity] ?? 0, min(before, value))
      }
      latest[quantity] = sign
    }
    let falling = CollapseSign.Quantity.allCases.compactMap { latest[$0] }.filter { $0.severity != .none }
    if falling.isEmpty { recover(observation) } else { decide(falling, observation) }
  }

  private mutating func recover(_ observation: Observation) {
    if case .collapsed = verdict { alarms[alarms.count - 1].recoveredAt = observation.step }
    (verdict, fallingSince, lastHealthyStep) = (.healthy, nil, observation.step)
    errorBefore = observation.error ?? errorBefore
  }

  private mutating func decide(_ falling: [CollapseSign], _ observation: Observation) {
    let since = fallingSince ?? observation.step
    fallingSince = since
    if case .collapsed = verdict { return }
    let signs = falling.filter { alarming[$0.quantity, default: 0] >= 2 }
    guard !signs.isEmpty else {
      verdict = .falling(since: since)
      return
    }
    let collapse = Collapse(
      since: since, seenAt: observation.step, lastHealthyStep: lastHealthyStep, signs: signs,
      errorBefore: errorBefore, error: observation.error)
    alarms.append(collapse)
    verdict = .collapsed(collapse)
  }
}

/// An alarm: what was seen, and when.
package struct Collapse: Sendable, Equatable, Codable {
  /// The first step at which something was falling without a stop until the alarm.
  package let since: Int
  package let seenAt: Int
  /// The last step before at which nothing was; nil where there was none.
  package let lastHealthyStep: Int?
  package let signs: [CollapseSign]
  /// Mean prediction error up to `lastHealthyStep`, and at the alarm.
  package let errorBefore: Double?
  package let error: Double?
  /// The first later step at which nothing was falling; nil where there was none.
  package var recoveredAt: Int?
}
