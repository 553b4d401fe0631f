import Runs

/// Numbers that lie in one entry of a checkpoint.
final class TorchStorage: Sendable {
  /// The entry's name without its folder: `"17"`.
  let key: String
  let elementType: SafetensorsType
  let count: Int

  init(key: String, elementType: SafetensorsType, count: Int) {
    self.key = key
    self.elementType = elementType
    self.count = count
  }
}

/// A view of a storage.
final class TorchTensor: Sendable {
  let storage: TorchStorage
  /// In elements, as the strides are.
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  /// - Throws: a `PickleProblem` where the view does not lie within the storage, or repeats elements.
  init(_ storage: TorchStorage, offset: Int, shape: [Int], strides: [Int]) throws {
    func refuse(_ text: String) -> PickleProblem {
      PickleProblem("a tensor of shape \(shape), strides \(strides), \(text)")
    }
    guard shape.count == strides.count, shape.count <= 16 else {
      throw PickleProblem(
        "a tensor of \(shape.count) sizes and \(strides.count) strides; at most 16, as many of both")
    }
    guard offset >= 0, (shape + strides).allSatisfy({ $0 >= 0 }) else {
      throw refuse("offset \(offset): none of them may be negative")
    }
    var (count, last, overflow) = (1, offset, offset > storage.count)
    for (size, stride) in zip(shape, strides) {
      let product = count.multipliedReportingOverflow(by: size)
      let reach = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let sum = last.addingReportingOverflow(reach.partialValue)
      overflow = overflow || product.overflow || reach.overflow || sum.overflow
      (count, last) = (product.partialValue, sum.partialValue)
    }
    guard !overflow, count <= storage.count, count == 0 || last < storage.count else {
      throw refuse(
        "offset \(offset) does not fit its storage \(storage.key) of \(storage.count) elements; an expanded view "
          + "must be made .contiguous() before it is saved")
    }
    (self.storage, self.offset, self.shape, self.strides) = (storage, offset, shape, strides)
  }

  var count: Int { shape.contains(0) ? 0 : shape.reduce(1, *) }
}

/// A value of a pickle. Containers are numbers of `PickleObject`s, so that no value owns another: a container may
/// hold itself, and however deep they lie in one another, nothing recurses to release them.
enum PickleValue {
  case none
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case bytes([UInt8])
  case object(Int)
  case storage(TorchStorage)
  case tensor(TorchTensor)
  case callable(PickleCallable)

  /// In the words of Python.
  var kind: String {
    switch self {
    case .none: "None"
    case .boolean: "a bool"
    case .integer: "an int"
    case .number: "a float"
    case .text: "a str"
    case .bytes: "bytes"
    case .object: "a container"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .callable(let callable): callable.name
    }
  }
}

/// A container of a pickle.
final class PickleObject {
  enum Kind { case list, tuple, set, dictionary, namespace }

  let kind: Kind
  /// Keys of a dictionary, one for each item.
  private(set) var keys: [PickleValue] = []
  private(set) var items: [PickleValue]
  private var places: [Key: Int] = [:]

  private enum Key: Hashable {
    case text(String)
    case integer(Int)
  }

  init(_ kind: Kind, _ items: [PickleValue] = []) {
    self.kind = kind
    self.items = items
  }

  func append(_ values: some Sequence<PickleValue>) { items.append(contentsOf: values) }

  /// Sets a dictionary's item; a key that comes again replaces it, in its place.
  func set(_ key: PickleValue, _ value: PickleValue) {
    let known: Key?
    switch key {
    case .text(let text): known = .text(text)
    case .integer(let number): known = .integer(number)
    default: known = nil
    }
    if let known, let place = places[known] {
      items[place] = value
      return
    }
    if let known { places[known] = items.count }
    keys.append(key)
    items.append(value)
  }
}

/// What is wrong with a pickle; the machine adds where.
struct PickleProblem: Error {
  let text: String
  init(_ text: String) { self.text = text }
}
