import Foundation
import Testing

@testable import Runner

/// What pickles make, and above all what they do not.
@Suite struct WeightsPickleTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/checkpoint.pth" }

  init() throws { folder = try TemporaryFolder() }

  /// A checkpoint of that pickle, with storage 0 of six float32 numbers, 0 to 5.
  private func open(_ pickle: [UInt8]) throws -> WeightsFile {
    let storage = CheckpointMaker.bytes((0..<6).map(Float.init))
    try Bytes.write(Zip.archive(CheckpointMaker.parts(pickle, [storage])), to: path)
    return try WeightsFile(path: path)
  }

  private func tensor(_ pickle: [UInt8]) throws -> [Float] {
    let file = try open(Pickle.program(pickle))
    return try file.floats(of: try #require(file.tensors.first))
  }

  @Test func viewsBecomeContiguous() throws {
    #expect(try tensor(Pickle.tensor("0", count: 6, shape: [2, 3])) == [0, 1, 2, 3, 4, 5])
    #expect(try tensor(Pickle.tensor("0", count: 6, shape: [3, 2], strides: [1, 3])) == [0, 3, 1, 4, 2, 5])
    #expect(try tensor(Pickle.tensor("0", count: 6, offset: 1, shape: [3], strides: [2])) == [1, 3, 5])
    #expect(try tensor(Pickle.tensor("0", count: 6, offset: 4, shape: [], strides: [])) == [4])
    #expect(try tensor(Pickle.tensor("0", count: 6, shape: [0, 7], strides: [7, 1])) == [])
    let parameter = Pickle.call(
      Pickle.global("torch._utils", "_rebuild_parameter"),
      [Pickle.tensor("0", count: 6, shape: [6]), [0x88], Pickle.emptyOrdered])
    #expect(try tensor(parameter) == [0, 1, 2, 3, 4, 5])
  }

  @Test func halvesAndDoublesBecomeFloats() throws {
    let kinds: [(String, Int)] = [("HalfStorage", 12), ("BFloat16Storage", 12), ("DoubleStorage", 3)]
    let bytes: [[UInt8]] = [[0, 0x3c], [0x80, 0x3f], withUnsafeBytes(of: 1.0, Array.init)]
    for ((type, count), one) in zip(kinds, bytes) {
      let pickle = Pickle.program(Pickle.tensor("0", type: type, count: count, shape: [count]))
      let storage = (0..<count).flatMap { _ in one }
      try Bytes.write(Zip.archive(CheckpointMaker.parts(pickle, [storage])), to: path)
      let file = try WeightsFile(path: path)
      #expect(try file.floats(of: file.tensors[0]) == [Float](repeating: 1, count: count))
    }
  }

  @Test func numbersThatAreNoneAreRefused() throws {
    let pickle = Pickle.program(Pickle.tensor("0", count: 2, shape: [2]))
    try Bytes.write(Zip.archive(CheckpointMaker.parts(pickle, [CheckpointMaker.bytes([1, .nan])])), to: path)
    let file = try WeightsFile(path: path)
    let error = #expect(throws: WeightsFileError.self) { try file.floats(of: file.tensors[0]) }
    #expect("\(error!)".contains("nan"))
    let whole = try open(Pickle.program(Pickle.tensor("0", type: "IntStorage", count: 6, shape: [6])))
    let other = #expect(throws: WeightsFileError.self) { try whole.floats(of: whole.tensors[0]) }
    #expect("\(other!)".contains("found I32"))
  }

  @Test func plainValuesOfEveryProtocol() throws {
    let namespace =
      Pickle.global("argparse", "Namespace") + [0x29, 0x81]
      + Pickle.dictionary([("lr", [0x47, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0])])
      + [0x62]
    let set = Pickle.call(Pickle.global("__builtin__", "set"), [Pickle.list([Pickle.integer(3)])])
    let file = try open(
      Pickle.program(
        Pickle.dictionary([
          ("args", namespace), ("none", [0x4e]), ("yes", [0x88]), ("small", [0x4b, 9]),
          ("negative", [0x4a, 0xff, 0xff, 0xff, 0xff]),
          ("long", [0x8a, 1, 0x80]), ("list", Pickle.list([Pickle.integer(1), Pickle.text("x")])),
          ("set", set),
          ("bytes", [0x43, 2, 1, 2]), ("short", [0x8c, 1, 0x79]),
          ("dtype", Pickle.global("torch", "float32")),
          ("framed", [0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x89]), ("memo", [0x4b, 5, 0x94, 0x30, 0x68, 0]),
        ]), version: 4))
    let found = Dictionary(uniqueKeysWithValues: file.remarks.map { ($0.name, $0.text) })
    #expect(
      found == [
        "args.lr": "0.5", "none": "None", "yes": "True", "small": "9", "negative": "-1", "long": "-128",
        "list": "[1, x]",
        "set": "[3]", "bytes": "2 bytes", "short": "y", "dtype": "torch.float32", "framed": "False",
        "memo": "5",
      ])
  }

  private static let view = { (offset: Int, shape: [Int], strides: [Int]) in
    Pickle.tensor("0", count: 6, offset: offset, shape: shape, strides: strides)
  }
  private static let system =
    Pickle.call(Pickle.global("os", "system"), [Pickle.text("touch /tmp/never")])
  private static let empty: [UInt8] = []

  /// Pickles, and what the refusal must name.
  static let hostile: [(String, [UInt8], String)] = [
    ("os.system", system, "os.system"),
    ("posix.system", Pickle.call(Pickle.global("posix", "system"), [Pickle.text("ls")]), "posix.system"),
    ("eval", Pickle.call(Pickle.global("builtins", "eval"), [Pickle.text("1")]), "builtins.eval"),
    ("never called", Pickle.global("subprocess", "Popen"), "subprocess.Popen"),
    ("stack global", Pickle.text("os") + Pickle.text("system") + [0x93], "os.system"),
    (
      "nested name", Pickle.text("torch") + Pickle.text("load.__globals__") + [0x93], "torch.load.__globals__"
    ),
    ("stack global of numbers", [0x4b, 1, 0x4b, 2, 0x93], "names something"),
    ("call of text", Pickle.call(Pickle.text("os.system"), []), "calls a str"),
    ("call of a tensor", Pickle.call(view(0, [6], [1]), []), "calls a tensor"),
    ("call without tuple", Pickle.global("torch", "Size") + [0x4b, 1, 0x52], "calls with an int"),
    ("new object", Pickle.global("collections", "OrderedDict") + [0x29, 0x81], "not called so"),
    (
      "namespace of values", Pickle.call(Pickle.global("argparse", "Namespace"), [Pickle.integer(1)]),
      "argparse.Namespace"
    ),
    ("build on a list", [0x5d] + Pickle.dictionary([]) + [0x62], "gives attributes to"),
    ("build on a tensor", view(0, [6], [1]) + Pickle.dictionary([]) + [0x62], "gives attributes to a tensor"),
    ("build with text", Pickle.emptyOrdered + Pickle.text("x") + [0x62], "gives attributes in a str"),
    ("inst", Array("(ios\nsystem\n".utf8), "operation inst"), ("obj", [0x28, 0x4e, 0x6f], "operation obj"),
    ("extension", [0x82, 1], "operation ext1"), ("text float", Array("F1.0\n".utf8), "operation float"),
    ("named persistent", Array("Pabc\n".utf8), "operation persId"), ("unknown", [0x01], "byte 1"),
    ("persistent text", Pickle.text("x") + [0x51], "no storage"),
    ("other storage", Pickle.storage("../../etc/passwd", "FloatStorage", 6), "which is not there"),
    ("storage of another length", Pickle.storage("0", "FloatStorage", 7), "it has 24 bytes"),
    ("storage of huge length", Pickle.storage("0", "FloatStorage", 1 << 62), "it has 24 bytes"),
    ("storage of negative length", Pickle.storage("0", "FloatStorage", -6), "it has 24 bytes"),
    ("negative offset", view(-1, [2], [1]), "negative"), ("negative stride", view(5, [2], [-1]), "negative"),
    ("negative size", view(0, [-2], [1]), "negative"), ("beyond", view(3, [4], [1]), "does not fit"),
    ("beyond by stride", view(0, [3], [3]), "does not fit"),
    ("expanded", view(0, [1000], [0]), "contiguous()"),
    ("huge", view(0, [1 << 40, 1 << 40], [1 << 40, 1]), "does not fit"),
    ("overflowing reach", view(1 << 62, [2], [1 << 62]), "does not fit"),
    ("sizes without strides", view(0, [2, 3], [1]), "as many of both"),
    ("many axes", view(0, [Int](repeating: 1, count: 20), [Int](repeating: 1, count: 20)), "at most 16"),
    ("no memo", [0x68, 7], "note 7"), ("no value", [0x30], "where none is"),
    ("no mark", [0x74], "was not set"),
    ("below the mark", [0x4b, 1, 0x28, 0x85, 0x30], "where none is"), ("nothing", empty, "where none is"),
    ("odd items", [0x7d, 0x28, 0x4b, 1, 0x75], "without a value"),
    ("item of a list", [0x5d, 0x4b, 1, 0x4b, 1, 0x73], "sets an item of"),
    ("append to a dictionary", [0x7d, 0x4b, 1, 0x61], "appends to"),
    ("left over", [0x4b, 1, 0x4b, 2], "left over"),
    ("two programs", [0x80, 2, 0x4b, 1], "second pickle"),
    ("long text", [0x58, 0xff, 0xff, 0xff, 0xff], "announces"),
    ("long text of 8", [0x8d] + [UInt8](repeating: 0xff, count: 8), "announces"),
    ("great number", [0x8a, 9] + [UInt8](repeating: 1, count: 9), "8 at most"),
    ("text of no encoding", [0x58, 2, 0, 0, 0, 0xff, 0xfe], "UTF-8"),
    ("endless name", [0x63] + [UInt8](repeating: 0x61, count: 600), "without an end"),
    ("deep", [UInt8](repeating: 0x28, count: 5000), "nests deeper"),
    (
      "deep lists",
      [0x5d] + (0..<40).flatMap { _ -> [UInt8] in [0x5d] } + [UInt8](repeating: 0x61, count: 40),
      "nested deeper"
    ),
    ("itself", [0x5d, 0x94, 0x68, 0, 0x61], "a container in itself"),
    ("itself by key", [0x7d, 0x94] + Pickle.text("a") + [0x68, 0, 0x73], "a container in itself"),
    // Each list holds the one before it twice: 2^28 values in a hundred bytes.
    (
      "doubling",
      [0x5d]
        + (0..<28).flatMap { _ -> [UInt8] in [0x94, 0x30, 0x5d, 0x28, 0x68, UInt8($0), 0x68, UInt8($0), 0x65]
        }, "holds more than"
    ),
    ("copies", copies, "copies more than"),
  ]

  /// A set of 60,000 values, made 200 times.
  private static let copies: [UInt8] = {
    let list = [0x5d, 0x28] + [UInt8](repeating: 0x4e, count: 60_000) + [0x65, 0x94]
    let made = Pickle.global("builtins", "set") + [0x68, 0, 0x85, 0x52, 0x30]
    return list + (0..<200).flatMap { _ in made }
  }()

  @Test(arguments: hostile.indices) func hostilePickleIsRefused(index: Int) throws {
    let (what, body, expected) = Self.hostile[index]
    let error = #expect(throws: WeightsFileError.self, "\(what)") {
      try open(Pickle.program(body, version: 4))
    }
    let text = "\(error!)"
    #expect(text.contains(expected), "\(what): \(text)")
    #expect(text.hasPrefix(path) && !text.contains("\n"))
    #expect(!FileManager.default.fileExists(atPath: "/tmp/never"))
  }

  @Test func refusalSaysWhere() throws {
    let body = Pickle.dictionary([("model", Pickle.dictionary([])), ("scheduler", Self.system)])
    let error = #expect(throws: WeightsFileError.self) { try open(Pickle.program(body)) }
    #expect("\(error!)".contains("data.pkl, byte 42, after \"scheduler\": refers to os.system"), "\(error!)")
  }

  @Test func otherProtocolsAreRefused() throws {
    for version in [UInt8(0), 1, 6, 255] {
      #expect(throws: WeightsFileError.self) { try open(Pickle.program([0x4e], version: version)) }
    }
    for bytes in [[], [0x80], [0x4e, 0x2e], [0x80, 2]] as [[UInt8]] {
      #expect(throws: WeightsFileError.self) { try open(bytes) }
    }
  }

  /// Thousands of damaged files: each is refused or read, none stops the program.
  @Test func mutatedFilesNeverCrash() throws {
    var random = RandomBits(state: 7)
    let pickle = Pickle.program(
      Pickle.dictionary([
        ("model", Pickle.dictionary([("a", Pickle.tensor("0", count: 6, shape: [3, 2], strides: [1, 3]))])),
        (
          "args",
          Pickle.global("argparse", "Namespace") + [0x29, 0x81] + Pickle.dictionary([("n", [0x4b, 3])]) + [
            0x62
          ]
        ),
        ("list", Pickle.list([Pickle.tuple([1, 2]), [0x94, 0x68, 0]])),
      ]))
    let storage = CheckpointMaker.bytes((0..<6).map(Float.init))
    let whole = Zip.archive(CheckpointMaker.parts(pickle, [storage]), large: true)
    var (read, refused) = (0, 0)
    for round in 0..<4000 {
      // Half of them with checksums made again, so that the machine sees the damage.
      let bytes =
        round % 2 == 0
        ? random.damaged(whole) : Zip.archive(CheckpointMaker.parts(random.damaged(pickle), [storage]))
      try Bytes.write(bytes, to: path)
      do {
        let file = try WeightsFile(path: path)
        for tensor in file.tensors { _ = try file.floats(of: tensor) }
        _ = try? WeightsNames(file)
        _ = try file.verify()
        read += 1
      } catch { refused += 1 }
    }
    #expect(read + refused == 4000 && refused > 2000 && read > 20, "\(read) read, \(refused) refused")
  }
}

/// Repeatable damage.
private struct RandomBits {
  var state: UInt64

  mutating func next(_ below: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(below))
  }

  mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...next(4) {
      let place = next(bytes.count)
      switch next(6) {
      case 0: bytes[place] = UInt8(next(256))
      case 1: bytes[place] ^= 1 << UInt8(next(8))
      case 2: bytes[place] = [0, 0xff, 0x7f, 0x80][next(4)]
      case 3: bytes.insert(UInt8(next(256)), at: place)
      case 4 where bytes.count > 60: bytes.removeSubrange(place..<min(bytes.count, place + 1 + next(20)))
      default: bytes.swapAt(place, next(bytes.count))
      }
    }
    return bytes
  }
}
