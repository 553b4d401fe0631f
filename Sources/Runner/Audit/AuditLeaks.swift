/// Ways in which radiographs that a model is judged by can have been seen in training.
package enum AuditLeakKind: String, Codable, Sendable, CaseIterable {
  case patientsBySplits = "patients-shared-by-splits"
  case radiographsBySplits = "images-shared-by-splits"
  case nearRadiographsBySplits = "near-images-shared-by-splits"
  case patientsWithTest = "patients-shared-with-test"
  case radiographsWithTest = "images-shared-with-test"
  case nearRadiographsWithTest = "near-images-shared-with-test"
  /// No leak that was found, but one that could not be looked for.
  case patientsUnknown = "patients-not-known"

  var meaning: String {
    switch self {
    case .patientsBySplits: "patients with radiographs in more than one split"
    case .radiographsBySplits: "radiographs with equal pixels in more than one split"
    case .nearRadiographsBySplits: "radiographs with nearly equal pictures in more than one split"
    case .patientsWithTest: "patients that are in a test collection too"
    case .radiographsWithTest: "radiographs with equal pixels in a test collection"
    case .nearRadiographsWithTest: "radiographs with nearly equal pictures in a test collection"
    case .patientsUnknown: "radiographs whose patient is not known were not compared by patient"
    }
  }

  var advice: String {
    switch self {
    case .patientsBySplits: "give all radiographs of a patient one split"
    case .radiographsBySplits, .nearRadiographsBySplits:
      "keep each radiograph in one split and drop its copies"
    case .patientsWithTest:
      "drop these patients from training; allow it only where the two number patients independently"
    case .radiographsWithTest, .nearRadiographsWithTest: "drop these radiographs from training"
    case .patientsUnknown: "give tables a column of patients (patient_id, subject_id, or --patient-column)"
    }
  }
}

/// One thing that stands on both sides.
struct AuditLeak: Sendable, Equatable {
  let kind: AuditLeakKind
  /// The two splits, or the collection's name and that of a test collection.
  let sides: [String]
  /// The patient's number; nil for radiographs.
  let patient: String?
  /// The radiographs, as indices; one of each side where radiographs are what is shared.
  let radiographs: [Int]
}

extension AuditLeak {
  /// Every leak among radiographs of the collections.
  /// - Parameters:
  ///   - training: splits that train. What two of them share is no leak; what two others share is.
  ///   - names: of the collections.
  static func find(
    _ radiographs: [AuditRadiograph], _ duplicates: AuditDuplicates, training: [String], names: [String]
  ) -> [AuditLeak] {
    var leaks = patients(radiographs, training: training, names: names)
    for group in duplicates.exact {
      for (place, first) in group.enumerated() {
        for second in group.dropFirst(place + 1) {
          leaks += shared(first, second, of: radiographs, training, names, isNear: false)
        }
      }
    }
    let copies = Dictionary(uniqueKeysWithValues: duplicates.exact.map { ($0[0], $0) })
    for pair in duplicates.near {
      for first in copies[pair.first] ?? [pair.first] {
        for second in copies[pair.second] ?? [pair.second] {
          leaks += shared(first, second, of: radiographs, training, names, isNear: true)
        }
      }
    }
    return leaks
  }

  private static func shared(
    _ first: Int, _ second: Int, of radiographs: [AuditRadiograph], _ training: [String], _ names: [String],
    isNear: Bool
  ) -> [AuditLeak] {
    let (one, other) = (radiographs[min(first, second)], radiographs[max(first, second)])
    let both = [min(first, second), max(first, second)]
    if one.collection == 0 && other.collection > 0 {
      return [
        AuditLeak(
          kind: isNear ? .nearRadiographsWithTest : .radiographsWithTest,
          sides: [names[0], names[other.collection]],
          patient: nil, radiographs: both)
      ]
    }
    guard one.collection == 0, areApart(one.split, other.split, training) else { return [] }
    return [
      AuditLeak(
        kind: isNear ? .nearRadiographsBySplits : .radiographsBySplits, sides: [one.split, other.split],
        patient: nil,
        radiographs: both)
    ]
  }

  /// Whether two splits must share nothing.
  private static func areApart(_ one: String, _ other: String, _ training: [String]) -> Bool {
    one != other && !(training.contains(one) && training.contains(other))
  }

  /// Radiographs of unknown patients where patients would have to be compared, between splits or with a test
  /// collection, and whether nothing at all could be compared.
  static func withoutPatient(_ radiographs: [AuditRadiograph], training: [String]) -> (
    count: Int, isBlind: Bool
  ) {
    let sides = Dictionary(grouping: radiographs) { radiograph in
      radiograph.collection == 0
        ? (training.contains(radiograph.split) ? "training" : "split " + radiograph.split)
        : "\(radiograph.collection)"
    }
    guard sides.count > 1 else { return (0, false) }
    let known = sides.values.count { side in side.contains(where: \.hasPatient) }
    return (radiographs.count { !$0.hasPatient }, known < 2 || known < sides.count)
  }

  private static func patients(_ radiographs: [AuditRadiograph], training: [String], names: [String])
    -> [AuditLeak]
  {
    var byPatient: [String: [Int]] = [:]
    for (index, radiograph) in radiographs.enumerated() {
      // Two tables may write one number differently.
      if radiograph.hasPatient { byPatient[radiograph.record.patientKey, default: []].append(index) }
    }
    var leaks: [AuditLeak] = []
    for (_, own) in byPatient.sorted(by: { $0.key < $1.key }) {
      let patient = radiographs[own[0]].record.patient
      let trained = own.filter { radiographs[$0].collection == 0 }
      guard !trained.isEmpty else { continue }
      let splits = Set(trained.map { radiographs[$0].split }).sorted()
      let isSplit = splits.contains { one in splits.contains { areApart(one, $0, training) } }
      if isSplit {
        leaks.append(
          AuditLeak(kind: .patientsBySplits, sides: splits, patient: patient, radiographs: trained))
      }
      for number in names.indices.dropFirst() {
        let tested = own.filter { radiographs[$0].collection == number }
        guard !tested.isEmpty else { continue }
        leaks.append(
          AuditLeak(
            kind: .patientsWithTest, sides: [names[0], names[number]], patient: patient,
            radiographs: trained + tested))
      }
    }
    return leaks
  }
}
