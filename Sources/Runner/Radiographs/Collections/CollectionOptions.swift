import PluginHost
import WorldModel

/// What the reader of a label that is neither present nor absent makes of it.
public enum UncertainLabel: String, Sendable, Equatable, Codable, CaseIterable {
  /// The finding counts as present.
  case ones
  /// The finding counts as absent.
  case zeros
  /// Nothing is known of the finding for this radiograph.
  case ignore
}

/// How the labels of a public collection, or of a table's label columns, are read.
public struct CollectionOptions: Sendable, Equatable, Codable {
  /// What -1 stands for in CheXpert, MIMIC-CXR-JPG and in label columns. Default: `ones`, as most of the field does.
  public var uncertain: UncertainLabel
  /// Exceptions by finding, each `Finding=ones`, `=zeros` or `=ignore`. Default: none.
  public var uncertainFindings: [String]
  /// VinDr-CXR: how many of an image's readers must have marked a finding for it to count. 1 to 3; default 2, the
  /// majority of three.
  public var agreement: Int
  /// ChestDR: radiographs for each finding in the training list, 1, 5 or 10; 0, the default: the whole training list.
  public var shots: Int
  /// ChestDR: which of the five draws of that many, 1 to 5. Default 1.
  public var draw: Int

  public init(
    uncertain: UncertainLabel = .ones, uncertainFindings: [String] = [], agreement: Int = 2, shots: Int = 0,
    draw: Int = 1
  ) {
    self.uncertain = uncertain
    self.uncertainFindings = uncertainFindings
    self.agreement = agreement
    self.shots = shots
    self.draw = draw
  }

  /// Its parts by name, as a collection says which of them it obeys.
  enum Part: String, CaseIterable, Sendable {
    case uncertain, agreement, shots, draw
    case uncertainFindings = "uncertain_findings"
  }

  /// Parts that differ from the default.
  var changed: [Part] {
    let usual = CollectionOptions()
    return Part.allCases.filter {
      switch $0 {
      case .uncertain: uncertain != usual.uncertain
      case .uncertainFindings: uncertainFindings != usual.uncertainFindings
      case .agreement: agreement != usual.agreement
      case .shots: shots != usual.shots
      case .draw: draw != usual.draw
      }
    }
  }

  /// The same options, those parts at their defaults for which `keeps` does not hold.
  func keeping(_ keeps: (Part) -> Bool) -> CollectionOptions {
    var kept = CollectionOptions()
    if keeps(.uncertain) { kept.uncertain = uncertain }
    if keeps(.uncertainFindings) { kept.uncertainFindings = uncertainFindings }
    if keeps(.agreement) { kept.agreement = agreement }
    if keeps(.shots) { kept.shots = shots }
    if keeps(.draw) { kept.draw = draw }
    return kept
  }

  /// The first problem with the values themselves, in words.
  var problem: String? {
    if !(1...3).contains(agreement) { return "agreement is \(agreement); 1, 2 or 3 readers are expected" }
    if ![0, 1, 5, 10].contains(shots) { return "shots is \(shots); 1, 5, 10 or 0 for all is expected" }
    if !(1...5).contains(draw) { return "draw is \(draw); 1 to 5 is expected" }
    return nil
  }
}

/// What a cell of a label column says.
enum LabelCell {
  case present, absent, uncertain, blank

  /// Reads 1, 0, -1, with or without decimals, and nothing, also as a program writes it; nil for anything else.
  init?(_ cell: String) {
    switch cell {
    case "": self = .blank
    case "1", "1.0": self = .present
    case "0", "0.0": self = .absent
    case "-1", "-1.0": self = .uncertain
    default:
      let text = cell.trimmingSpaces()
      if FindingList.saysNothing(text) {
        self = .blank
      } else {
        switch Double(text) {
        case 1: self = .present
        case 0: self = .absent
        case -1: self = .uncertain
        default: return nil
        }
      }
    }
  }
}

/// The options on uncertain labels, settled for a list of findings.
struct LabelPolicy: Sendable {
  private let general: UncertainLabel
  private let byFinding: [String: UncertainLabel]

  /// - Throws: the problem in words where an exception is malformed or names no finding.
  init(_ options: CollectionOptions, findings: [String]) throws(TableProblem) {
    general = options.uncertain
    var byFinding: [String: UncertainLabel] = [:]
    for entry in options.uncertainFindings {
      let expected = "Finding=ones, Finding=zeros or Finding=ignore is expected"
      guard let equals = entry.lastIndex(of: "=") else {
        throw TableProblem("uncertainty \"\(entry)\": \(expected)")
      }
      let finding = entry[..<equals].trimmingSpaces()
      guard let choice = UncertainLabel(rawValue: entry[entry.index(after: equals)...].trimmingSpaces())
      else {
        throw TableProblem("uncertainty \"\(entry)\": \(expected)")
      }
      guard findings.contains(finding) else {
        let remedy = NearMiss.remedy(for: finding, among: findings, kind: "finding")
        throw TableProblem("uncertainty \"\(entry)\": no finding \"\(finding)\"; \(remedy)")
      }
      if let other = byFinding.updateValue(choice, forKey: finding), other != choice {
        throw TableProblem("uncertainty: \"\(finding)\" is given twice, as \(other) and as \(choice)")
      }
    }
    self.byFinding = byFinding
  }

  /// Enters into a record what a cell says of a finding.
  /// - Parameter blankIsUnknown: whether nothing in a cell says nothing; else the finding is absent.
  func enter(_ cell: LabelCell, of finding: String, blankIsUnknown: Bool, into record: inout RadiographRecord)
  {
    switch cell {
    case .present: record.findings.insert(finding)
    case .absent: break
    case .blank: if blankIsUnknown { record.unknown.insert(finding) }
    case .uncertain:
      switch byFinding[finding] ?? general {
      case .ones: record.findings.insert(finding)
      case .zeros: break
      case .ignore: record.unknown.insert(finding)
      }
    }
  }

  /// For a summary: `-1 as ones (Edema zeros)`.
  var words: String {
    let exceptions = byFinding.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    return "-1 as \(general)" + (exceptions.isEmpty ? "" : " (\(exceptions.joined(separator: ", ")))")
  }
}
