import WorldModel

/// What the films of a input are, class by class.
struct FilmLabels: Sendable {
  /// Films without any of the findings, where each film is of one class.
  static let noneOfThese = "none of these"

  let kind: LabelKind
  let classes: [String]
  /// Labelled films and, for each class, whether they are of it; nil where that is not known.
  private let rows: [Int: [Bool?]]
  /// Films without a label that could be used.
  let unlabelled: Int

  /// - Throws: `FineTuneError` where there is nothing to tell apart.
  init(_ input: ModelEvaluationInput, _ kind: LabelKind) throws {
    let (films, names) = (input.train + input.validation + input.test, input.findingNames)
    let records = input.films.records
    guard !names.isEmpty else {
      throw FineTuneError(
        "\(input.films.summary): the films have no findings; give labels (--label-column, or a collection)")
    }
    var rows: [Int: [Bool?]] = [:]
    var classes = names
    switch kind {
    case .multi:
      for film in films {
        let row = names.map { records[film].label(of: $0) }
        if row.contains(where: { $0 != nil }) { rows[film] = row }
      }
    case .single:
      var ones: [Int: Int] = [:]
      for film in films {
        let known = names.map { records[film].label(of: $0) }
        let own = names.indices.filter { known[$0] == true }
        if own.count == 1 { ones[film] = own[0] }
        if own.isEmpty, !known.contains(where: { $0 == nil }) { ones[film] = names.count }
      }
      if ones.values.contains(names.count) { classes.append(Self.noneOfThese) }
      guard classes.count > 1 else {
        throw FineTuneError(
          "\(input.films.summary): every film is of class \(classes[0]), so there is nothing to tell apart")
      }
      rows = ones.mapValues { one in classes.indices.map { $0 == one } }
    }
    (self.kind, self.classes, self.rows) = (kind, classes, rows)
    unlabelled = films.count - rows.count
  }

  /// - Precondition: the film is labelled.
  subscript(film: Int) -> [Bool?] { rows[film]! }

  func labelled(_ films: [Int]) -> [Int] { films.filter { rows[$0] != nil } }

  /// The class of a film that has one.
  func singleClass(of film: Int) -> Int { self[film].firstIndex(of: true)! }

  /// Positives of a class among films.
  func positives(_ films: [Int], _ number: Int) -> [Int] { films.filter { self[$0][number] == true } }
}
