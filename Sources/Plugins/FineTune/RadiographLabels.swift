import FineTuning
import WorldModel

/// What the radiographs of an evaluation's radiographs are, class by class.
struct RadiographLabels: Sendable {
  /// Radiographs without any of the findings, where each radiograph is of one class.
  static let noneOfThese = "none of these"

  let kind: LabelKind
  let classes: [String]
  /// Labelled radiographs and, for each class, whether they are of it; nil where that is not known.
  private let rows: [Int: [Bool?]]
  /// Radiographs without a label that could be used.
  let unlabelled: Int

  /// - Throws: `FineTuneError` where there is nothing to tell apart.
  init(_ input: ModelEvaluationInput, _ kind: LabelKind) throws {
    let (radiographs, names) = (input.train + input.validation + input.test, input.findingNames)
    let records = input.radiographs.records
    guard !names.isEmpty else {
      throw FineTuneError(
        "\(input.radiographs.summary): the radiographs have no findings; give labels (--label-column, or a collection)"
      )
    }
    var rows: [Int: [Bool?]] = [:]
    var classes = names
    switch kind {
    case .multi:
      for radiograph in radiographs {
        let row = names.map { records[radiograph].label(of: $0) }
        if row.contains(where: { $0 != nil }) { rows[radiograph] = row }
      }
    case .single:
      var ones: [Int: Int] = [:]
      for radiograph in radiographs {
        let known = names.map { records[radiograph].label(of: $0) }
        let own = names.indices.filter { known[$0] == true }
        if own.count == 1 { ones[radiograph] = own[0] }
        if own.isEmpty, !known.contains(where: { $0 == nil }) { ones[radiograph] = names.count }
      }
      if ones.values.contains(names.count) { classes.append(Self.noneOfThese) }
      guard classes.count > 1 else {
        throw FineTuneError(
          "\(input.radiographs.summary): every radiograph is of class \(classes[0]), so there is nothing to tell apart"
        )
      }
      rows = ones.mapValues { one in classes.indices.map { $0 == one } }
    }
    (self.kind, self.classes, self.rows) = (kind, classes, rows)
    unlabelled = radiographs.count - rows.count
  }

  /// - Precondition: the radiograph is labelled.
  subscript(radiograph: Int) -> [Bool?] { rows[radiograph]! }

  func labelled(_ radiographs: [Int]) -> [Int] { radiographs.filter { rows[$0] != nil } }

  /// The class of a radiograph that has one.
  func singleClass(of radiograph: Int) -> Int { self[radiograph].firstIndex(of: true)! }

  /// Positives of a class among radiographs.
  func positives(_ radiographs: [Int], _ number: Int) -> [Int] {
    radiographs.filter { self[$0][number] == true }
  }
}

extension RadiographLabels: DrawnLabels {
  var cases: [(name: String, isCase: (Int) -> Bool)] {
    let positives = classes.enumerated().map { number, name in
      (name: name, isCase: { (radiograph: Int) in self[radiograph][number] == true })
    }
    guard kind == .multi else { return positives }
    return positives + [("no finding", { !self[$0].contains { $0 != false } })]
  }

  func classesWithoutPositives(_ radiographs: [Int]) -> [String] {
    classes.indices.filter { positives(radiographs, $0).isEmpty }.map { classes[$0] }
  }
}
