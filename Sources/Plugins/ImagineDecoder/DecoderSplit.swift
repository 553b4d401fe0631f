import CoreTensor
import WorldModel

/// Radiographs that the decoder learns from, and those of other patients that it is shown on.
struct DecoderSplit: Equatable {
  let train: [Int]
  let shown: [Int]

  /// - Throws: `DecoderError` where there are too few patients.
  init(_ settings: DecoderSettings, _ input: ModelEvaluationInput) throws {
    let records = input.radiographs.records
    if settings.learnsFromTest {
      let patients = Set(input.test.map { records[$0].patientKey }).sorted()
      var random = RandomStream(seed: input.seed &+ settings.seed, stream: "decoder.split")
      let drawn = random.permutation(patients.count)
      let learnt = Set(drawn.prefix(patients.count / 2).map { patients[$0] })
      train = input.test.filter { learnt.contains(records[$0].patientKey) }
      shown = input.test.filter { !learnt.contains(records[$0].patientKey) }
    } else {
      let others = Set(input.test.map { records[$0].patientKey })
      train = input.train.filter { !others.contains(records[$0].patientKey) }
      shown = input.test
    }
    guard train.count > 1, shown.count > 1 else {
      throw DecoderError(
        "expected two radiographs to learn from or more, and two of other patients to be shown on, found \(train.count) and "
          + "\(shown.count); raise data.holdout_fraction, or name more radiographs by --data")
    }
  }
}
