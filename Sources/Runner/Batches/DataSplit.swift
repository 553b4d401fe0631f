import CoreTensor
import Runs
import WorldModel

/// Which radiographs of a source train, and which are held out for the probe and for diagnostics.
package struct DataSplit: Sendable, Equatable {
  /// Indices into the source's records.
  package var pretrain: [Int]
  package var heldOut: [Int]
  /// Labelled radiographs that the probe learns from and is tested on; empty where there are no labels.
  package var probeTrain: [Int]
  package var probeTest: [Int]
  /// Labelled radiographs, of other patients than both, to choose settings by; empty where the source names no split
  /// for it.
  package var probeValidation: [Int]
  /// Things the user should know: patients dropped, and so on.
  package var notes: [String]

  /// - Parameter trains: whether radiographs to pre-train on are needed.
  /// - Throws: `SplitError` where nothing is left to train on.
  package init(_ records: [RadiographRecord], hasLabels: Bool, _ data: SplitSettings, trains: Bool = true)
    throws
  {
    let (chosen, note) = Self.chosen(records, data.radiographs)
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
        "\(wanted.count - pretrain.count) radiographs were left out of pre-training: their patients are held out too"
      )
    }
    if data.fraction < 1 { keepFraction(of: records, data) }
    guard !trains || !pretrain.isEmpty else {
      throw SplitError(
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
    if probe.images > 0 { limitProbe(to: probe.images) }
  }

  /// A remark where all radiographs name one patient, which no hold-out by patients can divide.
  private static func onlyPatient(_ radiographs: [RadiographRecord], _ fraction: Double) -> String? {
    guard fraction > 0, radiographs.count > 1, let first = radiographs.first, let patient = first.patient,
      radiographs.allSatisfy({ $0.patientKey == first.patientKey })
    else { return nil }
    return
      "all \(radiographs.count) radiographs name one patient, \"\(patient.printable)\", so that none can be held out; where that is no "
      + "person, name the right column (--patient-column)"
  }

  /// The radiographs that filters, views and limit leave, and what the user should know of it.
  package static func chosen(_ records: [RadiographRecord], _ data: RadiographChoice) -> (
    radiographs: [Int], note: String?
  ) {
    var radiographs = records.indices(matching: data.filter)
    let found = radiographs.count
    if data.views == .frontal { radiographs.removeAll { !(records[$0].view?.isFrontal ?? true) } }
    let others = found - radiographs.count
    if data.limit > 0 { radiographs = Array(radiographs.prefix(data.limit)) }
    return (
      radiographs,
      others > 0
        ? "\(others) radiographs are no frontal views and were left out; data.views = all keeps them" : nil
    )
  }

  /// Keeps whole patients in an order that depends on the seed alone, so that a smaller fraction is part of a larger.
  private mutating func keepFraction(of records: [RadiographRecord], _ data: SplitSettings) {
    let patients = Set(pretrain.map { records[$0].patientKey }).sorted()
    var random = RandomStream(seed: UInt64(data.fractionSeed), stream: "fraction")
    let count = max(1, Int((Double(patients.count) * data.fraction).rounded()))
    let kept = Set(random.permutation(patients.count).prefix(count).map { patients[$0] })
    pretrain.removeAll { !kept.contains(records[$0].patientKey) }
    notes.append(
      "data.fraction = \(data.fraction): \(count) of \(patients.count) patients, \(pretrain.count) radiographs, to pre-train on"
    )
  }

  /// Keeps the shares of training, validation and test radiographs; each is thinned evenly over its order.
  private mutating func limitProbe(to limit: Int) {
    let total = probeTrain.count + probeValidation.count + probeTest.count
    guard total > limit else { return }
    func thin(_ radiographs: [Int]) -> [Int] {
      radiographs.equallySpaced(radiographs.count * limit / total)
    }
    (probeTrain, probeValidation, probeTest) = (thin(probeTrain), thin(probeValidation), thin(probeTest))
  }

  /// Which radiographs are pre-trained on and which are held out.
  /// - Parameter list: checksum of the list that says so; nil where none does.
  package func record(_ records: [RadiographRecord], list: String?) -> SplitRecord {
    func names(_ radiographs: [Int]) -> [String] { radiographs.map { records[$0].identifier } }
    return SplitRecord(["pretrain": names(pretrain), "held-out": names(heldOut)], list: list)
  }

  private static func heldOutPatients(_ patients: [String], _ fraction: Double, _ seed: Int) -> Set<String> {
    let all = Set(patients).sorted()
    var random = RandomStream(seed: UInt64(seed), stream: "holdout")
    let count = fraction == 0 ? 0 : min(all.count - 1, max(1, Int((Double(all.count) * fraction).rounded())))
    return Set(random.permutation(all.count).prefix(max(count, 0)).map { all[$0] })
  }
}

/// Nothing to train on.
package struct SplitError: Error, CustomStringConvertible {
  let found: [String]
  let wanted: [String]
  let chosen: Int
  package var description: String {
    guard !found.isEmpty, chosen > 0 else {
      return
        "data: no radiograph to pre-train on (\(chosen) left after filters, views and limit); relax data.filter, data.views "
        + "or data.limit"
    }
    return
      "data: no radiograph to pre-train on: splits named by data.pretrain_splits are \(wanted), the source has \(found); "
      + "set --pretrain-splits"
  }
}
