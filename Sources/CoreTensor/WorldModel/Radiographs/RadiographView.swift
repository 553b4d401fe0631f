/// The way of the rays through the patient.
public enum RadiographView: String, Sendable, Equatable, Codable, CaseIterable {
  case posteroanterior = "PA"
  case anteroposterior = "AP"
  /// Frontal, without a word on which.
  case frontal = "FRONTAL"
  case lateral = "LATERAL"
  /// Oblique, lordotic, of another part of the body …
  case other = "OTHER"

  /// Reads what tables and DICOM's View Position (0018,5101) write: words in any case, parted by anything that is no
  /// letter, in any order. A direction decides (`AP semi-erect`, `Portable AP`, `AP_SUPINE`, `left lateral`), unless a
  /// second one or a word such as "oblique" or "lordotic" stands beside it. Nil for nothing, and for words that say
  /// that nothing is known.
  public init?(code: String) {
    let words = code.uppercased().split { !$0.isLetter }.map(String.init)
    if words.isEmpty || Self.words(words, are: Self.silence) { return nil }
    let directions = Set((words + zip(words, words.dropFirst()).map { $0 + $1 }).compactMap(Self.direction))
    guard !words.contains(where: Self.exclusions.contains), directions.count <= 1 else {
      self = .other
      return
    }
    if let direction = directions.first {
      self = direction
    } else if Self.words(words, are: ["L", "R", "LL", "RL"]) && words != ["R"] {
      self = .lateral
    } else {
      self = words.contains("FRONTAL") ? .frontal : .other
    }
  }

  public var isFrontal: Bool { self == .posteroanterior || self == .anteroposterior || self == .frontal }

  private static let silence: Set = ["NAN", "NONE", "NULL", "UNKNOWN", "NA", "N", "A", "UNSPECIFIED"]

  /// What makes a radiograph of the chest none of the usual views, or one of another part of the body.
  private static let exclusions: Set = [
    "OBLIQUE", "LORDOTIC", "LINDBLOM", "AXIAL", "DECUBITUS", "LLD", "RLD", "LAO", "RAO", "LPO", "RPO", "LLO",
    "RLO",
    "TANGENTIAL", "ABDOMEN", "ABDOMINAL", "PELVIS", "SPINE", "RIB", "RIBS", "SHOULDER", "CLAVICLE", "KNEE",
    "HAND",
    "FOOT", "SKULL", "HIP",
  ]

  private static func words(_ words: [String], are known: Set<String>) -> Bool {
    words.allSatisfy(known.contains)
  }

  /// The direction that a word names, alone or with the patient's position written onto it (`APSUPINE`).
  private static func direction(_ word: String) -> RadiographView? {
    switch word {
    case "POSTEROANTERIOR", "POSTERIORANTERIOR": return .posteroanterior
    case "ANTEROPOSTERIOR", "ANTERIORPOSTERIOR": return .anteroposterior
    case "LAT", "LATERAL", "LLAT", "RLAT", "LATL", "LATR", "LLATERAL", "RLATERAL": return .lateral
    default: break
    }
    let position = word.dropFirst(2)
    guard position.isEmpty || positions.contains(String(position)) else { return nil }
    return word.hasPrefix("PA") ? .posteroanterior : word.hasPrefix("AP") ? .anteroposterior : nil
  }

  private static let positions: Set = [
    "SUPINE", "ERECT", "UPRIGHT", "SITTING", "STANDING", "SEMIERECT", "PORTABLE", "MOBILE", "HORIZONTAL",
    "BEDSIDE",
    "RECUMBENT", "CHEST", "VIEW",
  ]
}
