import Batches
import Console
import Radiographs
import Runs
import WorldModel

/// What `data splits` is asked for.
struct SplitPlan {
  var isExisting = false
  /// Shares of train, val and test.
  var fractions: [Double] = [1, 0, 0]
  /// 0 for none.
  var folds = 0
  var shots: [Int] = []
  var draws = 5
  var layout = SplitText.Layout.names

  /// Whether radiographs without findings cannot serve.
  var needsFindings: Bool { !shots.isEmpty || layout == .spaces || layout == .commas }
}

/// Splits, folds and shots of a source's radiographs.
struct MadeSplits {
  typealias File = (name: String, text: String)
  /// A k-shot list.
  struct Shots {
    let name: String
    let radiographs: [Int]
    /// Findings of which there were fewer, with how many.
    let short: [(finding: String, count: Int)]
  }

  let records: [RadiographRecord]
  let findings: [String]
  /// Radiographs that are on a side; those without a split of their own are left out.
  let chosen: [Int]
  /// The split and the fold of each of `chosen`.
  let splits: [String]
  let folds: [Int?]
  let shots: [Shots]
  let list: SplitList
  private let layout: SplitText.Layout

  init(_ records: [RadiographRecord], findings: [String], seed: UInt64, _ plan: SplitPlan) throws {
    (self.records, self.findings, layout) = (records, findings, plan.layout)
    let draw = SplitDraw(records, findings: findings, seed: seed)
    chosen = records.indices.filter { !plan.isExisting || records[$0].split != nil }.sorted {
      records[$0].identifier.utf8.lexicographicallyPrecedes(records[$1].identifier.utf8)
    }
    if chosen.isEmpty {
      throw UsageError(
        "--existing: none of the source's \(records.count) radiographs has a split; name a column or file of them "
          + "(--split-column, --split-file), or leave --existing out")
    }
    splits =
      plan.isExisting ? chosen.map { records[$0].split! } : try draw.splits(chosen, fractions: plan.fractions)
    let train = zip(chosen, splits).filter { $0.1 == "train" }.map(\.0)
    if train.isEmpty && (plan.folds > 0 || !plan.shots.isEmpty) {
      throw UsageError(
        "--folds and --shots: expected radiographs of the split \"train\" to draw from, found only "
          + Set(splits).sorted().joined(separator: ", "))
    }
    var folded: [Int: Int] = [:]
    if plan.folds > 0 {
      folded = Dictionary(uniqueKeysWithValues: zip(train, try draw.folds(train, count: plan.folds)))
    }
    folds = chosen.map { folded[$0] }
    shots = plan.shots.flatMap { count in
      (1...plan.draws).map { number in
        let drawn = draw.shots(train, count: count, draw: number)
        return Shots(
          name: "\(count)-shot_train_exp\(number)", radiographs: drawn.radiographs, short: drawn.short)
      }
    }
    list = SplitList(
      zip(chosen, zip(splits, folds)).map { radiograph, side in
        SplitList.Entry(
          name: records[radiograph].identifier, patient: records[radiograph].patient, split: side.0,
          fold: side.1)
      })
  }

  /// Everything that is written, but the report.
  func files() throws -> [File] {
    var files: [File] = [("splits.csv", SplitText.table(list))]
    guard layout != .none else { return files }
    func add(_ name: String, _ radiographs: [Int]) throws {
      let text = try SplitText.list(
        radiographs.map { records[$0] }, layout, findings: findings, path: name + ".txt")
      files.append((name + ".txt", text))
    }
    // A split's name becomes that of a file.
    let splits = Set(splits).sorted().filter { $0.allSatisfy { $0.isLetter || $0.isNumber } }
    for split in splits {
      try add(split, radiographs { self.splits[$0] == split })
    }
    for fold in Set(folds.compactMap { $0 }).sorted() {
      try add("fold-\(fold)_train", radiographs { folds[$0] != nil && folds[$0] != fold })
      try add("fold-\(fold)_test", radiographs { folds[$0] == fold })
    }
    for shots in shots { try add(shots.name, shots.radiographs) }
    return files
  }

  private func radiographs(where holds: (Int) -> Bool) -> [Int] {
    chosen.indices.filter(holds).map { chosen[$0] }
  }
}

/// What `data splits` wrote: `splits.json`.
struct SplitsReport: Encodable {
  /// A split or a fold.
  struct Side: Encodable {
    let name: String
    let images: Int
    let patients: Int
    /// Images with each finding.
    let findings: [String: Int]
  }
  /// A k-shot list.
  struct Shots: Encodable {
    let name: String
    let images: Int
    let checksum: String
    /// Findings with fewer images than asked for.
    let short: [String: Int]
  }

  let out: String
  let source: String
  /// Nil where nothing was drawn.
  let seed: Int?
  /// Of `splits.csv`.
  let checksum: String
  /// Of the list that the splits were read from.
  let readChecksum: String?
  let sides: [Side]
  let shots: [Shots]
  /// Patients on more than one side, which only splits of others have.
  let sharedPatients: Int
  let files: [String]

  init(
    out: String, source: String, seed: Int?, files: [String], _ made: MadeSplits, readChecksum: String?
  ) {
    (self.out, self.source, self.seed, self.files) = (out, source, seed, files)
    (checksum, self.readChecksum) = (made.list.checksum, readChecksum)
    let records = made.records
    func side(_ name: String, _ radiographs: [Int]) -> Side {
      let counts = made.findings.map { finding in
        (finding, radiographs.count { records[$0].label(of: finding) == true })
      }
      return Side(
        name: name, images: radiographs.count,
        patients: Set(radiographs.map { records[$0].patientKey }).count,
        findings: Dictionary(uniqueKeysWithValues: counts))
    }
    let splits = Dictionary(grouping: made.chosen.indices) { made.splits[$0] }
    let folds = Dictionary(grouping: made.chosen.indices.filter { made.folds[$0] != nil }) { made.folds[$0]! }
    sides =
      splits.sorted { $0.key < $1.key }.map { side($0.key, $0.value.map { made.chosen[$0] }) }
      + folds.sorted { $0.key < $1.key }.map { side("fold \($0.key)", $0.value.map { made.chosen[$0] }) }
    shots = made.shots.map { shots in
      Shots(
        name: shots.name, images: shots.radiographs.count,
        checksum: SplitChecksum.of(shots.radiographs.map { [records[$0].identifier, "train"] }),
        short: Dictionary(uniqueKeysWithValues: shots.short.map { ($0.finding, $0.count) }))
    }
    let sidesOfPatients = Dictionary(grouping: made.chosen.indices) { records[made.chosen[$0]].patientKey }
    sharedPatients = sidesOfPatients.values.count { own in Set(own.map { made.splits[$0] }).count > 1 }
  }

  func text(for terminal: Terminal) -> String {
    let findings = sides.first?.findings.keys.sorted() ?? []
    var table = TextTable(
      columns: [.init("")] + sides.map { .init($0.name, .right) })
    table.add(["images"] + sides.map { "\($0.images)" })
    table.add(["patients"] + sides.map { "\($0.patients)" })
    for finding in findings { table.add([finding] + sides.map { "\($0.findings[finding] ?? 0)" }) }
    var lines = ["\(source)", table.text(for: terminal)]
    for shots in shots {
      let short = shots.short.sorted { $0.key < $1.key }.map { "\($0.key): only \($0.value)" }
      lines.append(
        "\(shots.name): \(shots.images) images" + (short.isEmpty ? "" : "; " + short.joined(separator: ", ")))
    }
    if sharedPatients > 0 {
      lines.append(
        "warning: \(sharedPatients) patients are on more than one side; runs leave their radiographs out of training"
      )
    }
    if let readChecksum, readChecksum != checksum { lines.append("checksum as it was read: \(readChecksum)") }
    lines.append("checksum: \(checksum)")
    lines.append("folder: \(out) (\(files.count) files: splits.csv, splits.json and lists)")
    return lines.joined(separator: "\n")
  }
}
