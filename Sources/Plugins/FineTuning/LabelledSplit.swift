import CoreTensor
import WorldModel

/// The radiographs that one trial learns from, and those that choose its epoch.
package struct LabelledSplit: Sendable, Equatable {
  package var train: [Int]
  package var validation: [Int]
  /// What the user should know of it.
  package var notes: [String] = []
}

/// What draws of radiographs must know of their labels.
package protocol DrawnLabels {
  /// Those of the radiographs that have a label.
  func labelled(_ radiographs: [Int]) -> [Int]
  /// Kinds of radiograph of which shots take as many each, by name.
  var cases: [(name: String, isCase: (Int) -> Bool)] { get }
  /// Classes of which none of the radiographs has a positive.
  func classesWithoutPositives(_ radiographs: [Int]) -> [String]
}

/// Draws the radiographs of trials. One order of the patients for each seed decides all, so that of one seed a smaller
/// share is part of a larger, and every regime is judged by the same validation radiographs.
package struct RadiographDraw {
  let labels: any DrawnLabels
  let settings: TrainingSettings
  let input: ModelEvaluationInput

  package init(labels: any DrawnLabels, settings: TrainingSettings, input: ModelEvaluationInput) {
    (self.labels, self.settings, self.input) = (labels, settings, input)
  }

  /// Every trial of every regime, with its radiographs.
  /// - Throws: `FineTuneError` where nothing is left to learn from.
  package func plans() throws -> [TrialPlan] {
    try settings.regimes.flatMap { regime in
      try (0..<(regime.isDrawn ? settings.draws : settings.seeds)).map { number in
        let split = try split(regime, trial: number)
        return TrialPlan(
          regime: regime, number: number, split: split,
          schedule: TrialSchedule(radiographs: split.train.count, settings))
      }
    }
  }

  /// - Parameter trial: number of the seed or draw, from 0.
  /// - Throws: `FineTuneError` where nothing is left to learn from.
  package func split(_ regime: Regime, trial: Int) throws -> LabelledSplit {
    let records = input.radiographs.records
    let radiographs = labels.labelled(input.train)
    let own = Dictionary(grouping: radiographs) { records[$0].patientKey }
    var random = RandomStream(seed: input.seed, stream: "finetune.patients", step: trial)
    let sorted = own.keys.sorted()
    var patients = random.permutation(sorted.count).map { own[sorted[$0]]! }
    var validation = labels.labelled(input.validation)
    let isDrawn = validation.isEmpty && settings.validationFraction > 0
    if isDrawn, settings.validation == .train, patients.count > 1 {
      let count = max(1, Int((Double(patients.count) * settings.validationFraction).rounded()))
      validation = patients.prefix(count).flatMap { $0 }
      patients.removeFirst(count)
    }
    var notes: [String] = []
    patients = chosen(regime, patients, &notes)
    if isDrawn, settings.validation == .subset {
      // Spread evenly over the order, so that smaller shares stay parts of larger ones.
      let isHeld = patients.indices.map { place in
        Int(Double(place + 1) * settings.validationFraction)
          > Int(Double(place) * settings.validationFraction)
      }
      validation = zip(patients, isHeld).filter(\.1).flatMap(\.0)
      patients = zip(patients, isHeld).filter { !$0.1 }.map(\.0)
    }
    let train = patients.flatMap { $0 }
    guard !train.isEmpty else {
      throw FineTuneError("\(regime.name): no labelled radiograph is left to learn from")
    }
    return LabelledSplit(train: train, validation: validation, notes: notes + gaps(train))
  }

  /// The radiographs of each patient that is learnt from.
  private func chosen(_ regime: Regime, _ patients: [[Int]], _ notes: inout [String]) -> [[Int]] {
    switch regime {
    case .fraction(let share):
      return Array(patients.prefix(max(1, Int((Double(patients.count) * share).rounded()))))
    case .patients(let count):
      if patients.count < count {
        notes.append("only \(patients.count) of \(count) patients have labels to learn from")
      }
      return Array(patients.prefix(count))
    case .shots(let count):
      var kept: Set<Int> = []
      for (name, isCase) in labels.cases {
        let found = patients.compactMap { $0.first(where: isCase) }.prefix(count)
        kept.formUnion(found)
        if found.count < count { notes.append("\(name): only \(found.count) of \(count) cases") }
      }
      return patients.map { $0.filter(kept.contains) }.filter { !$0.isEmpty }
    }
  }

  private func gaps(_ train: [Int]) -> [String] {
    let names = labels.classesWithoutPositives(train)
    return names.isEmpty ? [] : ["no positive radiograph of \(names.joined(separator: ", ")) to learn from"]
  }
}
