import CoreTensor
import FineTuning
import Imaging
import WorldModel

/// Which radiographs have masks, of which classes, and the masks themselves, which are read and drawn once.
struct MaskLabels: Sendable {
  let classes: [String]
  private let masks: [Int: KnownMasks]
  /// Labelled radiographs and, for each class, whether its mask has a pixel.
  private let rows: [Int: [Bool]]
  /// Radiographs without masks that could be used.
  let unlabelled: Int

  /// - Parameter leftOut: tells of radiographs that cannot be used.
  /// - Throws: `FineTuneError` where there is nothing to learn.
  init(_ input: ModelEvaluationInput, classes wanted: [String], _ leftOut: LeftOutRadiographs) throws {
    let radiographs = input.train + input.validation + input.test
    let source = input.radiographs
    let found = Compute.map(radiographs.count) { place in
      Result { (radiographs[place], try source.truth(at: radiographs[place]).map(KnownMasks.init)) }
    }
    let usable = try leftOut.usable(found)
    let masks = Dictionary(
      uniqueKeysWithValues: usable.compactMap { radiograph, own in own.map { (radiograph, $0) } })
    let known = Set(masks.values.flatMap(\.present.keys)).sorted()
    let classes =
      wanted.isEmpty ? Set(input.train.flatMap { masks[$0]?.present.keys.map { $0 } ?? [] }).sorted() : wanted
    guard !known.isEmpty else {
      guard usable.count == radiographs.count else {
        throw FineTuneError(
          "\(source.summary): expected masks of the radiographs, found none among the \(usable.count) that can be used; "
            + "\(radiographs.count - usable.count) are left out, each named above with its reason")
      }
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
          own.present[$0] ?? (source.records[radiograph].label(of: $0) == false ? false : nil)
        }
        return row.count < classes.count ? nil : (radiograph, row)
      })
    (self.classes, self.masks) = (classes, masks)
    unlabelled = usable.count - rows.count
  }

  /// The masks of a radiograph's classes in its pixels; a class that a labelled one has no mask of is known to be absent.
  func masks(of radiograph: Int, height: Int, width: Int) -> [GrayImage] {
    classes.map {
      masks[radiograph]?.mask(of: $0, height: height, width: width) ?? GrayImage(width: width, height: height)
    }
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
