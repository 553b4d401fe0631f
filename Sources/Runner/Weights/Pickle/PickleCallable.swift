import Runs

/// The names that a checkpoint may refer to. Nothing of them is Python's: each is a case of this list, and a name that
/// is not here is refused where it is met, called or not.
package enum PickleCallable: Equatable {
  case orderedDictionary, namespace, set, frozenSet, bytes, byteArray, encode
  case tensor, tensorOfTwo, parameter, size, device
  case storage(SafetensorsType)

  private static let known: [String: PickleCallable] = [
    "collections.OrderedDict": .orderedDictionary, "argparse.Namespace": .namespace, "builtins.set": .set,
    "__builtin__.set": .set, "builtins.frozenset": .frozenSet, "__builtin__.frozenset": .frozenSet,
    "builtins.bytes": .bytes, "__builtin__.bytes": .bytes, "builtins.bytearray": .byteArray,
    "__builtin__.bytearray": .byteArray, "_codecs.encode": .encode, "torch._utils._rebuild_tensor": .tensor,
    "torch._utils._rebuild_tensor_v2": .tensorOfTwo, "torch._utils._rebuild_parameter": .parameter,
    "torch.Size": .size, "torch.device": .device, "torch.FloatStorage": .storage(.float32),
    "torch.DoubleStorage": .storage(.float64), "torch.HalfStorage": .storage(.float16),
    "torch.BFloat16Storage": .storage(.bfloat16), "torch.LongStorage": .storage(.int64),
    "torch.IntStorage": .storage(.int32), "torch.ShortStorage": .storage(.int16),
    "torch.CharStorage": .storage(.int8), "torch.ByteStorage": .storage(.uint8),
    "torch.BoolStorage": .storage(.boolean),
  ]

  private static let elementTypes = [
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool",
  ]

  var name: String { Self.known.first { $0.value == self }?.key ?? "a name" }

  /// What a name stands for: one of the list, or the name of an element type as text.
  /// - Throws: for every other name.
  static func named(_ module: String, _ name: String) throws -> PickleValue {
    if let callable = known[module + "." + name] { return .callable(callable) }
    if module == "torch", elementTypes.contains(name) { return .text("torch." + name) }
    throw PickleProblem(
      "refers to \(printable(module)).\(printable(name)), which is neither a tensor nor a plain container; nothing "
        + "of it was run. Save the weights alone: torch.save({\"model\": model.state_dict()}, path)")
  }

  /// A name for a message, without control characters and not endless.
  package static func printable(_ text: String, most: Int = 80) -> String {
    String(text.unicodeScalars.prefix(most).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0) })
  }
}

/// What the callables of the list make of their arguments.
struct PickleConstruction {
  let heap: PickleHeap

  func call(_ callable: PickleCallable, _ arguments: [PickleValue]) throws -> PickleValue {
    switch callable {
    case .namespace where arguments.isEmpty: return try heap.container(PickleObject(.namespace))
    case .orderedDictionary: return try dictionary(arguments)
    case .set, .frozenSet: return try heap.container(PickleObject(.set, try items(arguments)))
    case .bytes where arguments.isEmpty: return .bytes([])
    case .byteArray, .encode: return try bytes(arguments)
    case .tensor, .tensorOfTwo: return try tensor(arguments)
    case .parameter:
      if arguments.count == 3, case .tensor = arguments[0] { return arguments[0] }
    case .size:
      let sizes = arguments.count == 1 ? integers(arguments[0]) : nil
      if let sizes { return try heap.container(PickleObject(.tuple, sizes.map(PickleValue.integer))) }
    case .device:
      if case .text(let name)? = arguments.first { return .text(name) }
    default: break
    }
    throw PickleProblem(
      "calls \(callable.name) with (\(arguments.prefix(8).map(\.kind).joined(separator: ", "))), which torch.save never does"
    )
  }

  private func items(_ arguments: [PickleValue]) throws -> [PickleValue] {
    guard let first = arguments.first else { return [] }
    guard arguments.count == 1, let source = heap.object(first), source.kind != .dictionary,
      source.kind != .namespace
    else { throw PickleProblem("makes a set of \(first.kind)") }
    try heap.charge(source.items.count)
    return source.items
  }

  private func dictionary(_ arguments: [PickleValue]) throws -> PickleValue {
    let made = PickleObject(.dictionary)
    for pair in try arguments.isEmpty ? [] : items(arguments) {
      guard let pair = heap.object(pair), pair.items.count == 2, pair.kind == .list || pair.kind == .tuple
      else {
        throw PickleProblem("makes an OrderedDict of something else than pairs")
      }
      made.set(pair.items[0], pair.items[1])
    }
    return try heap.container(made)
  }

  /// Bytes as protocols 2 and below write them: text of which each character is a byte.
  private func bytes(_ arguments: [PickleValue]) throws -> PickleValue {
    guard let first = arguments.first else { return .bytes([]) }
    if case .bytes = first, arguments.count == 1 { return first }
    guard case .text(let text) = first, arguments.count == 2, case .text(let encoding) = arguments[1],
      ["latin1", "latin-1"].contains(encoding)
    else { throw PickleProblem("encodes \(first.kind) in another way than torch.save does") }
    try heap.charge(text.utf8.count / 16)
    return .bytes(
      try text.unicodeScalars.map {
        guard let byte = UInt8(exactly: $0.value) else {
          throw PickleProblem("encodes text that is not Latin-1")
        }
        return byte
      })
  }

  private func integers(_ value: PickleValue) -> [Int]? {
    guard let object = heap.object(value), object.kind == .tuple || object.kind == .list,
      object.items.count <= 64
    else {
      return nil
    }
    let numbers = object.items.compactMap { item -> Int? in
      if case .integer(let number) = item { number } else { nil }
    }
    return numbers.count == object.items.count ? numbers : nil
  }

  /// (storage, offset, sizes, strides), then gradient, hooks and metadata, which must say nothing.
  private func tensor(_ arguments: [PickleValue]) throws -> PickleValue {
    guard (4...7).contains(arguments.count), case .storage(let storage) = arguments[0],
      case .integer(let offset) = arguments[1], let shape = integers(arguments[2]),
      let strides = integers(arguments[3])
    else {
      throw PickleProblem("makes a tensor of (\(arguments.prefix(8).map(\.kind).joined(separator: ", ")))")
    }
    for (index, what) in [(5, "hooks"), (6, "metadata")] where arguments.count > index {
      if let object = heap.object(arguments[index]), !object.items.isEmpty {
        throw PickleProblem("a tensor with \(what), which would change what it holds")
      }
    }
    return .tensor(try TorchTensor(storage, offset: offset, shape: shape, strides: strides))
  }
}
