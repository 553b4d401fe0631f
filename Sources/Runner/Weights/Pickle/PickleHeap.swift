/// Far above what checkpoints need: one of ViT-L with its optimiser is a pickle of half a megabyte.
enum PickleLimits {
  static let bytes = 16 << 20
  static let stack = 1 << 20
  static let marks = 1 << 12
  static let memo = 1 << 20
  static let objects = 1 << 20
  /// Values copied from one container to another.
  static let copies = 1 << 22
  static let longestText = 1 << 20
}

/// Every container of a pickle, counted.
final class PickleHeap {
  private var objects: [PickleObject] = []
  private var copies = 0

  /// Takes in a new container.
  /// - Throws: `PickleProblem` where there are too many.
  func container(_ object: PickleObject) throws -> PickleValue {
    guard objects.count < PickleLimits.objects else {
      throw PickleProblem("holds more than \(PickleLimits.objects) containers")
    }
    objects.append(object)
    return .object(objects.count - 1)
  }

  /// The container that a value stands for; nil where it is none.
  func object(_ value: PickleValue) -> PickleObject? {
    if case .object(let index) = value { objects[index] } else { nil }
  }

  /// Counts values that are copied.
  /// - Throws: `PickleProblem` where there are too many.
  func charge(_ count: Int) throws {
    copies += count
    guard copies <= PickleLimits.copies else {
      throw PickleProblem("copies more than \(PickleLimits.copies) values")
    }
  }
}
