import CoreTensor
import WorldModel

/// Which films of a source train, and which are held out for the probe and for health.
package struct FilmPartition: Sendable, Equatable {
  /// Indices into the source's records.
  package var pretrain: [Int]
  package var heldOut: [Int]
  /// Labelled films that the probe learns from and is tested on; empty where there are no labels.
  package var probeTrain: [Int]
  package var probeTest: [Int]
  /// Labelled films, of other patients than both, to choose settings by; empty where the source names no split for it.
  package var probeValidation: [Int]
  /// Things the user should know: patients dropped, and so on.
  package var notes: [String]

  /// - Parameter trains: whether films to pre-train on are needed.
  /// - Throws: `PartitionError` where nothing is left to train on.
  package init(_ records: [FilmRecord], hasLabels: Bool, _ data: PartitionSettings, trains: Bool = true)
    throws
  {
    let (chosen, note) = Self.chosen(records, data.films)
    (probeTrain, probeTest, probeValidation, notes) = ([], [], [], note.map { [$0] } ?? [])
    // A collection that names splits is split so, another by holding patients out.
    let split = Set(chosen.filter { records[$0].split != nil }.map { records[$0].collection })
    func isSplit(_ index: Int) -> Bool { split.contains(records[index].collection) }
    let drawn = Self.heldOutPatients(
      chosen.filter { !isSplit($0) }.map { records[$0].patientKey }, data.holdoutFraction,
      data.seed)
    func isHeldOut(_ index: Int) -> Bool {
      isSplit(index)
        ? !data.pretrainSplits.contains(records[index].split ?? "")
        : drawn.contains(records[index].patientKey)
    }
    heldOut = chosen.filter(isHeldOut)
    if let note = Self.onlyPatient(chosen.filter { !isSplit($0) }.map { records[$0] }, data.holdoutFraction) {
      notes.append(note)
    }
    let reserved = Set(heldOut.map { records[$0].patientKey })
    let wanted = chosen.filter { !isHeldOut($0) }
    pretrain = wanted.filter { !reserved.contains(records[$0].patientKey) }
    if pretrain.count < wanted.count {
      notes.append(
        "\(wanted.count - pretrain.count) films were left out of pre-training: their patients are held out too"
      )
    }
    if data.fraction < 1 { keepFraction(of: records, data) }
    guard !trains || !pretrain.isEmpty else {
      throw PartitionError(
        found: Set(records.compactMap(\.split)).sorted(), wanted: data.pretrainSplits, chosen: chosen.count)
    }
    guard hasLabels else { return }
    let probe = data.probe
    let held = Set(heldOut)
    let labelled = chosen.filter { index in probe.filter.allSatisfy { records[index].matches($0) } }
    func serves(_ index: Int, _ splits: [String], heldOut: Bool) -> Bool {
      isSplit(index) ? splits.contains(records[index].split ?? "") : held.contains(index) == heldOut
    }
    probeTest = labelled.filter { serves($0, probe.testSplits, heldOut: true) }
    let choosing = Set(probeTest.filter { probe.validationSplits.contains(records[$0].split ?? "") })
    if choosing.count < probeTest.count { probeTest.removeAll(where: choosing.contains) }
    let tested = Set(probeTest.map { records[$0].patientKey })
    probeValidation = labelled.filter {
      isSplit($0) && probe.validationSplits.contains(records[$0].split ?? "")
        && !tested.contains(records[$0].patientKey)
    }
    let others = tested.union(probeValidation.map { records[$0].patientKey })
    probeTrain = labelled.filter {
      serves($0, probe.trainSplits, heldOut: false) && !others.contains(records[$0].patientKey)
    }
    if probe.films > 0 { limitProbe(to: probe.films) }
  }

  /// A remark where all films name one patient, which no hold-out by patients can divide.
  private static func onlyPatient(_ films: [FilmRecord], _ fraction: Double) -> String? {
    guard fraction > 0, films.count > 1, let first = films.first, let patient = first.patient,
      films.allSatisfy({ $0.patientKey == first.patientKey })
    else { return nil }
    return
      "all \(films.count) films name one patient, \"\(patient.printable)\", so that none can be held out; where that is no "
      + "person, name the right column (--patient-column)"
  }

  /// The films that filters, views and limit leave, and what the user should know of it.
  package static func chosen(_ records: [FilmRecord], _ data: FilmChoice) -> (films: [Int], note: String?) {
    var films = records.indices(matching: data.filter)
    let found = films.count
    if data.views == .frontal { films.removeAll { !(records[$0].view?.isFrontal ?? true) } }
    let others = found - films.count
    if data.limit > 0 { films = Array(films.prefix(data.limit)) }
    return (
      films,
      others > 0
        ? "\(others) films are no frontal views and were left out; data.views = all keeps them" : nil
    )
  }

  /// Keeps whole patients in an order that depends on the seed alone, so that a smaller fraction is part of a larger.
  private mutating func keepFraction(of records: [FilmRecord], _ data: PartitionSettings) {
    let patients = Set(pretrain.map { records[$0].patientKey }).sorted()
    var random = RandomStream(seed: UInt64(data.fractionSeed), stream: "fraction")
    let count = max(1, Int((Double(patients.count) * data.fraction).rounded()))
    let kept = Set(random.permutation(patients.count).prefix(count).map { patients[$0] })
    pretrain.removeAll { !kept.contains(records[$0].patientKey) }
    notes.append(
      "data.fraction = \(data.fraction): \(count) of \(patients.count) patients, \(pretrain.count) films, to pre-train on"
    )
  }

  /// Keeps the shares of training, validation and test films; each is thinned evenly over its order.
  private mutating func limitProbe(to limit: Int) {
    let total = probeTrain.count + probeValidation.count + probeTest.count
    guard total > limit else { return }
    func thin(_ films: [Int]) -> [Int] {
      let count = films.count * limit / total
      return (0..<count).map { films[$0 * films.count / count] }
    }
    (probeTrain, probeValidation, probeTest) = (thin(probeTrain), thin(probeValidation), thin(probeTest))
  }

  private static func heldOutPatients(_ patients: [String], _ fraction: Double, _ seed: Int) -> Set<String> {
    let all = Set(patients).sorted()
    var random = RandomStream(seed: UInt64(seed), stream: "holdout")
    let count = fraction == 0 ? 0 : min(all.count - 1, max(1, Int((Double(all.count) * fraction).rounded())))
    return Set(random.permutation(all.count).prefix(max(count, 0)).map { all[$0] })
  }
}

/// Nothing to train on.
struct PartitionError: Error, CustomStringConvertible {
  let found: [String]
  let wanted: [String]
  let chosen: Int
  var description: String {
    guard !found.isEmpty, chosen > 0 else {
      return
        "data: no film to pre-train on (\(chosen) left after filters, views and limit); relax data.filter, data.views "
        + "or data.limit"
    }
    return
      "data: no film to pre-train on: splits named by data.pretrain_splits are \(wanted), the source has \(found); "
      + "set --pretrain-splits"
  }
}
