import CoreTensor
import FineTuning
import Imaging
import WorldModel

/// Which radiographs have masks, of which classes.
struct MaskLabels: Sendable {
  let classes: [String]
  /// Labelled radiographs and, for each class, whether its mask has a pixel.
  private let rows: [Int: [Bool]]
  /// Radiographs without masks that could be used.
  let unlabelled: Int

  /// - Throws: `FineTuneError` where there is nothing to learn.
  init(_ input: ModelEvaluationInput, classes wanted: [String]) throws {
    let radiographs = input.train + input.validation + input.test
    let source = input.radiographs
    let found = Compute.map(radiographs.count) { place in
      Result { try source.truth(at: radiographs[place])?.present }
    }
    var masks: [Int: [String: Bool]] = [:]
    for (radiograph, result) in zip(radiographs, found) {
      do { masks[radiograph] = try result.get() } catch is UnusableRadiograph { continue }
    }
    let known = Set(masks.values.flatMap(\.keys)).sorted()
    let classes =
      wanted.isEmpty ? Set(input.train.flatMap { masks[$0]?.keys.map { $0 } ?? [] }).sorted() : wanted
    guard !known.isEmpty else {
      throw FineTuneError(
        "\(source.summary): expected masks of the radiographs, found none; a collection such as siim:FOLDER or "
          + "montgomery:FOLDER has them, a table names their files in a column mask")
    }
    if let unknown = classes.first(where: { !known.contains($0) }) {
      throw FineTuneError(
        "option masks: expected some of \(known.joined(separator: ", ")), found \"\(unknown)\"")
    }
    // Where a finding is known to be absent its mask is empty; what else lacks a mask is not labelled.
    rows = Dictionary(
      uniqueKeysWithValues: masks.compactMap { radiograph, own in
        let row = classes.compactMap {
          own[$0] ?? (source.records[radiograph].label(of: $0) == false ? false : nil)
        }
        return row.count < classes.count ? nil : (radiograph, row)
      })
    self.classes = classes
    unlabelled = radiographs.count - rows.count
  }

  /// Whether a labelled radiograph's mask of a class has a pixel.
  func isPresent(_ radiograph: Int, _ number: Int) -> Bool { rows[radiograph]![number] }
}

extension MaskLabels: DrawnLabels {
  func labelled(_ radiographs: [Int]) -> [Int] { radiographs.filter { rows[$0] != nil } }

  var cases: [(name: String, isCase: (Int) -> Bool)] {
    classes.enumerated().map { number, name in (name, { isPresent($0, number) }) }
  }

  func classesWithoutPositives(_ radiographs: [Int]) -> [String] {
    classes.indices.filter { number in !radiographs.contains { isPresent($0, number) } }.map { classes[$0] }
  }
}

extension RadiographTruth {
  /// Whether each mask has a pixel; where a finding has boxes, their union is its mask.
  fileprivate var present: [String: Bool] {
    masks.mapValues { $0.pixels.contains { $0 > 0.5 } }
      .merging(boxes.map { ($0.finding, true) }, uniquingKeysWith: { own, _ in own })
  }

  /// The mask of a class in the pixels of its radiograph; nil where nothing is known of it.
  func mask(of name: String, height: Int, width: Int) -> GrayImage? {
    if let mask = masks[name] { return mask }
    let own = boxes.filter { $0.finding == name }
    guard !own.isEmpty else { return nil }
    var mask = GrayImage(width: width, height: height)
    for box in own {
      // Pixels whose middle lies within.
      func places(_ start: Double, _ length: Double, _ count: Int) -> Range<Int> {
        let first = min(max(Int((start - 0.5).rounded(.up)), 0), count)
        return first..<min(max(Int((start + length - 0.5).rounded(.up)), first), count)
      }
      for row in places(box.row, box.height, height) {
        for column in places(box.column, box.width, width) { mask[row, column] = 1 }
      }
    }
    return mask
  }
}
