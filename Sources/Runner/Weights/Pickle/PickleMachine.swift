import Runs

/// Reads a pickle as torch.save writes it, of protocols 2 to 5, into plain values.
///
/// It knows no Python object: what a pickle may name is the list of `PickleCallable`, and each makes a value of
/// `PickleValue`. Everything that grows is bounded by `PickleLimits`, whatever the pickle says.
struct PickleMachine {
  private let bytes: [UInt8]
  private var place = 0
  private var start = 0
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  let heap = PickleHeap()
  private var lastText = ""
  /// Finds an entry's numbers: key, element type, count.
  private let storage: (String, SafetensorsType, Int) throws -> TorchStorage

  init(
    _ bytes: [UInt8],
    storage: @escaping (_ key: String, _ type: SafetensorsType, _ count: Int) throws -> TorchStorage
  ) {
    self.bytes = bytes
    self.storage = storage
  }

  /// Where the machine stands, for a message.
  var whereabouts: String {
    let near = lastText.isEmpty ? "" : ", after \(JsonText.quoted(PickleCallable.printable(lastText)))"
    return "data.pkl, byte \(start)\(near)"
  }

  /// The pickle's one value.
  /// - Throws: `PickleProblem`; `whereabouts` then says where.
  mutating func run() throws -> PickleValue {
    guard bytes.count <= PickleLimits.bytes else {
      throw PickleProblem("expected at most \(PickleLimits.bytes) bytes, found \(bytes.count)")
    }
    guard bytes.count >= 2, bytes[0] == PickleOpcode.proto.rawValue, (2...5).contains(bytes[1]) else {
      throw PickleProblem("expected a pickle of protocol 2 to 5, found \(bytes.prefix(2).map { $0 })")
    }
    place = 2
    while true {
      start = place
      let code = try UInt8(number(1))
      guard let operation = PickleOpcode(rawValue: code) else {
        throw PickleProblem("expected an operation of pickle, found byte \(code)")
      }
      if operation == .stop { break }
      try perform(operation)
    }
    let value = try pop()
    guard stack.isEmpty, marks.isEmpty, place == bytes.count else {
      throw PickleProblem("ends with \(stack.count) values and \(bytes.count - place) bytes left over")
    }
    return value
  }

  private mutating func perform(_ operation: PickleOpcode) throws {
    if operation.lengthWidth != nil { return try performData(operation) }
    switch operation {
    case .none: try push(.none)
    case .newTrue: try push(.boolean(true))
    case .newFalse: try push(.boolean(false))
    case .binInt1: try push(.integer(number(1)))
    case .binInt2: try push(.integer(number(2)))
    case .binInt: try push(.integer(Int(Int32(truncatingIfNeeded: number(4)))))
    case .binFloat:
      let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      try push(.number(Double(bitPattern: bits)))
    case .proto: throw PickleProblem("begins a second pickle")
    case .frame: _ = try take(8)
    case .mark, .pop, .popMark, .dup, .binGet, .longBinGet, .binPut, .longBinPut, .memoize:
      try performStack(operation)
    case .global, .stackGlobal, .reduce, .build, .newObj, .binPersId: try performNames(operation)
    case .emptyList, .emptyTuple, .emptyDict, .emptySet, .list, .tuple, .tuple1, .tuple2, .tuple3, .dict,
      .append,
      .appends, .setItem, .setItems, .addItems, .frozenSet:
      try performContainer(operation)
    default:
      throw PickleProblem("uses the operation \(operation), which torch.save does not write; it was not run")
    }
  }

  // MARK: Bytes

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - place else {
      throw PickleProblem("ends after \(bytes.count) bytes, in the middle of an operation")
    }
    defer { place += count }
    return bytes[place..<place + count]
  }

  /// An unsigned number of up to 4 bytes.
  private mutating func number(_ width: Int) throws -> Int {
    try take(width).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private mutating func line() throws -> String {
    guard let end = bytes[place...].prefix(512).firstIndex(of: 0x0a) else {
      throw PickleProblem("a name without an end")
    }
    let text = bytes[place..<end]
    place = end + 1
    return try Self.text(text)
  }

  private static func text(_ bytes: ArraySlice<UInt8>) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw PickleProblem("text that is not UTF-8")
    }
    return text
  }

  private mutating func performData(_ operation: PickleOpcode) throws {
    let announced = try take(operation.lengthWidth!).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard announced <= UInt64(bytes.count - place) else {
      throw PickleProblem("announces \(announced) bytes, \(bytes.count - place) are left")
    }
    let data = try take(Int(announced))
    switch operation {
    case .long1, .long4:
      guard data.count <= 8 else { throw PickleProblem("a whole number of \(data.count) bytes; 8 at most") }
      let bits = data.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      let shift = 64 - 8 * data.count
      try push(.integer(data.isEmpty ? 0 : Int(bitPattern: UInt(bits << UInt64(shift))) >> shift))
    case .binBytes, .shortBinBytes, .binBytes8, .byteArray8: try push(.bytes(Array(data)))
    default:
      guard data.count <= PickleLimits.longestText else {
        throw PickleProblem("a text of \(data.count) bytes")
      }
      let text = try Self.text(data)
      if text.utf8.count < 200 { lastText = text }
      try push(.text(text))
    }
  }

  // MARK: Stack and memo

  private mutating func push(_ value: PickleValue) throws {
    guard stack.count < PickleLimits.stack else {
      throw PickleProblem("keeps more than \(PickleLimits.stack) values at a time")
    }
    stack.append(value)
  }

  private mutating func pop() throws -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw PickleProblem("takes a value where none is") }
    return stack.removeLast()
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else {
      throw PickleProblem("takes values up to a mark that was not set")
    }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private func top() throws -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw PickleProblem("needs a value where none is") }
    return stack[stack.count - 1]
  }

  private mutating func performStack(_ operation: PickleOpcode) throws {
    switch operation {
    case .mark:
      guard marks.count < PickleLimits.marks else {
        throw PickleProblem("nests deeper than \(PickleLimits.marks)")
      }
      marks.append(stack.count)
    case .pop:
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popToMark()
    case .dup: try push(try top())
    case .binGet, .longBinGet:
      let key = try number(operation == .binGet ? 1 : 4)
      guard let value = memo[key] else { throw PickleProblem("asks for note \(key), which was not taken") }
      try push(value)
    case .binPut, .longBinPut: try note(try number(operation == .binPut ? 1 : 4))
    default: try note(memo.count)
    }
  }

  private mutating func note(_ key: Int) throws {
    guard memo.count < PickleLimits.memo else {
      throw PickleProblem("takes more than \(PickleLimits.memo) notes")
    }
    memo[key] = try top()
  }

  // MARK: Containers

  private func object(_ value: PickleValue, _ kind: PickleObject.Kind, _ what: String) throws -> PickleObject
  {
    guard let found = heap.object(value), found.kind == kind else {
      throw PickleProblem("\(what) \(heap.object(value).map { "a \($0.kind)" } ?? value.kind)")
    }
    return found
  }

  private mutating func performContainer(_ operation: PickleOpcode) throws {
    switch operation {
    case .emptyList: try push(heap.container(PickleObject(.list)))
    case .emptyTuple: try push(heap.container(PickleObject(.tuple)))
    case .emptyDict: try push(heap.container(PickleObject(.dictionary)))
    case .emptySet: try push(heap.container(PickleObject(.set)))
    case .list: try push(heap.container(PickleObject(.list, popToMark())))
    case .tuple: try push(heap.container(PickleObject(.tuple, popToMark())))
    case .frozenSet: try push(heap.container(PickleObject(.set, popToMark())))
    case .tuple1, .tuple2, .tuple3:
      let count = operation == .tuple1 ? 1 : operation == .tuple2 ? 2 : 3
      let items = try (0..<count).map { _ in try pop() }
      try push(heap.container(PickleObject(.tuple, items.reversed())))
    case .append:
      let value = try pop()
      try object(top(), .list, "appends to").append(CollectionOfOne(value))
    case .appends:
      let values = try popToMark()
      try object(top(), .list, "appends to").append(values)
    case .addItems:
      let values = try popToMark()
      try object(top(), .set, "adds to").append(values)
    case .setItem:
      let value = try pop()
      let key = try pop()
      try set([key, value], of: object(top(), .dictionary, "sets an item of"))
    case .setItems:
      let values = try popToMark()
      try set(values, of: object(top(), .dictionary, "sets items of"))
    default:
      let made = PickleObject(.dictionary)
      try set(popToMark(), of: made)
      try push(heap.container(made))
    }
  }

  private func set(_ values: [PickleValue], of object: PickleObject) throws {
    guard values.count % 2 == 0 else { throw PickleProblem("sets a key without a value") }
    for index in stride(from: 0, to: values.count, by: 2) { object.set(values[index], values[index + 1]) }
  }

  // MARK: Names

  private mutating func performNames(_ operation: PickleOpcode) throws {
    switch operation {
    case .global:
      let module = try line()
      try push(PickleCallable.named(module, try line()))
    case .stackGlobal:
      guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
        throw PickleProblem("names something by what is no text")
      }
      try push(PickleCallable.named(module, name))
    case .reduce, .newObj:
      let arguments = try object(pop(), .tuple, "calls with").items
      let called = try pop()
      guard case .callable(let callable) = called, operation == .reduce || callable == .namespace else {
        throw PickleProblem("calls \(called.kind), which is not called so")
      }
      try push(PickleConstruction(heap: heap).call(callable, arguments))
    case .build: try build()
    default: try push(.storage(persistent(pop())))
    }
  }

  /// Sets the attributes of a namespace, which are data; those of an OrderedDict (`_metadata`) say nothing of weights.
  private mutating func build() throws {
    let state = try object(pop(), .dictionary, "gives attributes in")
    guard let target = heap.object(try top()), target.kind == .dictionary || target.kind == .namespace else {
      throw PickleProblem("gives attributes to \(try top().kind)")
    }
    guard target.kind == .namespace else { return }
    try heap.charge(state.items.count)
    let pairs = Array(zip(state.keys, state.items))
    for (key, value) in pairs { target.set(key, value) }
  }

  /// `("storage", type, key, device, count)`
  private func persistent(_ value: PickleValue) throws -> TorchStorage {
    let items = heap.object(value).map(\.items) ?? []
    guard items.count == 5, case .text("storage") = items[0], case .callable(.storage(let type)) = items[1],
      case .text(let key) = items[2], case .text = items[3], case .integer(let count) = items[4]
    else { throw PickleProblem("refers to something outside that is no storage of torch.save") }
    return try storage(key, type, count)
  }
}
