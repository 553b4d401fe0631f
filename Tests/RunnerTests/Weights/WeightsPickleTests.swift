import Foundation
import Testing
import WorldModel

@testable import Weights

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

  @Test(arguments: HostilePickle.all) func hostilePickleIsRefused(_ hostile: HostilePickle) throws {
    let (what, body, expected) = (hostile.what, hostile.body, hostile.refusal)
    let error = #expect(throws: WeightsFileError.self, "\(what)") {
      try open(Pickle.program(body, version: 4))
    }
    let text = "\(error!)"
    #expect(text.contains(expected), "\(what): \(text)")
    #expect(text.hasPrefix(path) && !text.contains("\n"))
    #expect(!FileManager.default.fileExists(atPath: HostilePickle.witness))
  }

  @Test func refusalSaysWhere() throws {
    let body = Pickle.dictionary([("model", Pickle.dictionary([])), ("scheduler", HostilePickle.system)])
    let error = #expect(throws: WeightsFileError.self) { try open(Pickle.program(body)) }
    #expect("\(error!)".contains("data.pkl, byte 31, after \"scheduler\": refers to os.system"), "\(error!)")
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
    for round in 0..<3000 {
      // Half of them with checksums made again, so that the machine sees the damage.
      let bytes =
        round % 2 == 0
        ? random.damaged(whole) : Zip.archive(CheckpointMaker.parts(random.damaged(pickle), [storage]))
      try Bytes.write(bytes, to: path)
      do {
        let file = try WeightsFile(path: path)
        for tensor in file.tensors { _ = try file.floats(of: tensor) }
        _ = try? RecognizedWeights(file)
        _ = try file.verify()
        read += 1
      } catch { refused += 1 }
    }
    #expect(read + refused == 3000 && refused > 2000 && read > 20, "\(read) read, \(refused) refused")
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
