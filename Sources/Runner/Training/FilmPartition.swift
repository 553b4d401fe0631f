import CoreTensor
import WorldModel

/// Which films of a source train, and which are held out for the probe and for health.
struct FilmPartition: Sendable, Equatable {
  /// Indices into the source's records.
  var pretrain: [Int]
  var heldOut: [Int]
  /// Labelled films that the probe learns from and is tested on; empty where there are no labels.
  var probeTrain: [Int]
  var probeTest: [Int]
  /// Things the user should know: patients dropped, and so on.
  var notes: [String]

  /// - Throws: `PartitionError` where nothing is left to train on.
  init(_ records: [FilmRecord], hasLabels: Bool, _ configuration: RunConfiguration) throws {
    let data = configuration.data
    var chosen = records.indices.filter { index in
      data.filter.allSatisfy { records[index].matches($0) }
    }
    if data.limit > 0 { chosen = Array(chosen.prefix(data.limit)) }
    let isSplit = chosen.contains { records[$0].split != nil }
    notes = []
    if isSplit {
      heldOut = chosen.filter { !data.pretrainSplits.contains(records[$0].split ?? "") }
      let reserved = Set(heldOut.map { records[$0].patientKey })
      let wanted = chosen.filter { data.pretrainSplits.contains(records[$0].split ?? "") }
      pretrain = wanted.filter { !reserved.contains(records[$0].patientKey) }
      if pretrain.count < wanted.count {
        notes.append(
          "\(wanted.count - pretrain.count) films were left out of pre-training: their patients are held out too"
        )
      }
    } else {
      let held = Self.heldOutPatients(
        chosen.map { records[$0].patientKey }, data.holdoutFraction, configuration.run.seed)
      heldOut = chosen.filter { held.contains(records[$0].patientKey) }
      pretrain = chosen.filter { !held.contains(records[$0].patientKey) }
    }
    guard !pretrain.isEmpty else {
      throw PartitionError(
        found: Set(records.compactMap(\.split)).sorted(), wanted: data.pretrainSplits, chosen: chosen.count)
    }
    (probeTrain, probeTest) = ([], [])
    guard hasLabels else { return }
    let probe = configuration.probe
    let labelled = chosen.filter { index in probe.filter.allSatisfy { records[index].matches($0) } }
    if isSplit {
      probeTrain = labelled.filter { probe.trainSplits.contains(records[$0].split ?? "") }
      probeTest = labelled.filter { probe.testSplits.contains(records[$0].split ?? "") }
      let tested = Set(probeTest.map { records[$0].patientKey })
      probeTrain.removeAll { tested.contains(records[$0].patientKey) }
    } else {
      let held = Set(heldOut)
      probeTrain = labelled.filter { !held.contains($0) }
      probeTest = labelled.filter(held.contains)
    }
    if probe.films > 0 { limitProbe(to: probe.films) }
  }

  /// Keeps the share of training and test films; both are thinned evenly over their order.
  private mutating func limitProbe(to limit: Int) {
    let total = probeTrain.count + probeTest.count
    guard total > limit else { return }
    func thin(_ films: [Int]) -> [Int] {
      let count = films.count * limit / total
      return (0..<count).map { films[$0 * films.count / count] }
    }
    (probeTrain, probeTest) = (thin(probeTrain), thin(probeTest))
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
        "data: no film to pre-train on (\(chosen) left after filters and limit); relax data.filter or data.limit"
    }
    return
      "data: no film to pre-train on: splits named by data.pretrain_splits are \(wanted), the source has \(found); "
      + "set --pretrain-splits"
  }
}

extension FilmRecord {
  /// Films without a patient are each their own.
  var patientKey: String { patient.map { "patient " + $0 } ?? "film " + identifier }

  func matches(_ filter: ColumnFilter) -> Bool {
    switch filter.column {
    case "split": split == filter.value
    case "patient": patient == filter.value
    default: attributes[filter.column] == filter.value
    }
  }
}
