import Foundation
import PublicWeights
import WorldModel

@testable import Runs
@testable import Weights

extension WeightsFamilies {
  /// Those that are shipped.
  static let shipped: @Sendable () -> WeightsFamilies = {
    WeightsFamilies(try! publicWeights.make(Options([])))
  }
}

extension RecognizedWeights {
  init(_ file: WeightsFile) throws { try self.init(file, WeightsFamilies.shipped()) }
}

/// Pieces of pickles as `torch.save` writes them, and of ones that it never would.
enum Pickle {
  static func program(_ body: [UInt8], version: UInt8 = 2) -> [UInt8] { [0x80, version] + body + [0x2e] }

  static func little(_ number: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  static func text(_ text: String) -> [UInt8] { [0x58] + little(text.utf8.count, 4) + Array(text.utf8) }
  static func integer(_ number: Int) -> [UInt8] { [0x8a, 8] + little(number, 8) }
  static func global(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
  static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.flatMap { $0 } + [0x74] }
  static func tuple(_ numbers: [Int]) -> [UInt8] { tuple(numbers.map(integer)) }
  static func list(_ items: [[UInt8]]) -> [UInt8] { [0x5d, 0x28] + items.flatMap { $0 } + [0x65] }
  static func dictionary(_ pairs: [(String, [UInt8])]) -> [UInt8] {
    [0x7d, 0x28] + pairs.flatMap { text($0.0) + $0.1 } + [0x75]
  }
  static func call(_ callable: [UInt8], _ arguments: [[UInt8]]) -> [UInt8] {
    callable + tuple(arguments) + [0x52]
  }
  static let emptyOrdered = call(global("collections", "OrderedDict"), [])

  /// A tensor with a hook.
  static var hooked: [UInt8] {
    call(
      global("torch._utils", "_rebuild_tensor_v2"),
      [
        storage("0", "FloatStorage", 6), integer(0), tuple([6]), tuple([1]), [0x89],
        dictionary([("0", [0x4e])]),
      ])
  }

  static func storage(_ key: String, _ type: String, _ count: Int) -> [UInt8] {
    tuple([text("storage"), global("torch", type), text(key), text("cpu"), integer(count)]) + [0x51]
  }

  static func tensor(
    _ key: String, type: String = "FloatStorage", count: Int, offset: Int = 0, shape: [Int],
    strides: [Int]? = nil
  ) -> [UInt8] {
    var (contiguous, step) = ([Int](), 1)
    for size in shape.reversed() {
      contiguous.insert(step, at: 0)
      step = step &* size
    }
    return call(
      global("torch._utils", "_rebuild_tensor_v2"),
      [
        storage(key, type, count), integer(offset), tuple(shape), tuple(strides ?? contiguous), [0x89],
        emptyOrdered,
      ])
  }
}

/// An entry of a zip archive, honest unless told otherwise.
struct ZipPart {
  var name: String
  var bytes: [UInt8]
  var method = 0
  var flags = 0
  /// What is written in place of the truth.
  var localName: String?
  var size: Int?
  var packed: Int?
  var checksum: UInt32?
  var offset: Int?

  init(_ name: String, _ bytes: [UInt8]) {
    self.name = name
    self.bytes = bytes
  }
}

enum Zip {
  /// - Parameter large: with the records of ZIP64, and sizes and places in its fields.
  static func archive(_ parts: [ZipPart], large: Bool = false) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for part in parts {
      var sum = Checksum()
      part.bytes.withUnsafeBytes { sum.add($0) }
      let described = part.flags & 8 != 0
      let crc = Pickle.little(Int(part.checksum ?? sum.value), 4)
      let sizes = [part.packed ?? part.size ?? part.bytes.count, part.size ?? part.bytes.count]
      let place = part.offset ?? file.count
      let name = Array((part.localName ?? part.name).utf8)
      let method = Pickle.little(part.flags, 2) + Pickle.little(part.method, 2) + [0, 0, 0, 0]
      file += [0x50, 0x4b, 3, 4, 0, 0] + method + (described ? [0, 0, 0, 0] : crc)
      file += sizes.flatMap { Pickle.little(described ? 0 : $0, 4) } + Pickle.little(name.count, 2) + [3, 0]
      file += name + [0x46, 0x42, 0] + part.bytes
      if described { file += [0x50, 0x4b, 7, 8] + crc + sizes.flatMap { Pickle.little($0, 4) } }
      let own = Array(part.name.utf8)
      let numbers = (sizes.reversed() + [place]).flatMap { (number: Int) -> [UInt8] in
        Pickle.little(number, 8)
      }
      let extra: [UInt8] = large ? [1, 0, 24, 0] + numbers : []
      let mark = [UInt8](repeating: 0xff, count: 4)
      directory += [0x50, 0x4b, 1, 2, 0, 0, 0, 0] + method + crc
      directory += sizes.flatMap { large ? mark : Pickle.little($0, 4) } + Pickle.little(own.count, 2)
      directory += Pickle.little(extra.count, 2) + [UInt8](repeating: 0, count: 10)
      directory += (large ? mark : Pickle.little(place, 4)) + own + extra
    }
    let start = file.count
    file += directory
    if large {
      let record = file.count
      let numbers = [parts.count, parts.count, directory.count, start].flatMap { Pickle.little($0, 8) }
      file +=
        [0x50, 0x4b, 6, 6] + Pickle.little(44, 8) + [0, 0, 0, 0] + [UInt8](repeating: 0, count: 8) + numbers
      file += [0x50, 0x4b, 6, 7, 0, 0, 0, 0] + Pickle.little(record, 8) + [1, 0, 0, 0]
    }
    let count =
      large ? [0xff, 0xff, 0xff, 0xff] : Pickle.little(parts.count, 2) + Pickle.little(parts.count, 2)
    let ends = [directory.count, start].flatMap { large ? [0xff, 0xff, 0xff, 0xff] : Pickle.little($0, 4) }
    return file + [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + count + ends + [0, 0]
  }
}

/// A checkpoint as PyTorch writes it.
enum CheckpointMaker {
  static func parts(_ pickle: [UInt8], _ storages: [[UInt8]] = []) -> [ZipPart] {
    [ZipPart("checkpoint/data.pkl", pickle), ZipPart("checkpoint/byteorder", Array("little".utf8))]
      + storages.enumerated().map { ZipPart("checkpoint/data/\($0)", $1) }
  }

  static func bytes(_ floats: [Float]) -> [UInt8] { floats.withUnsafeBytes { Array($0) } }

  /// A state dict of float tensors, each with its own storage, below `key`, or at the top.
  static func stateDictionary(
    _ tensors: [(name: String, shape: [Int], values: [Float])], under key: String? = "model",
    beside: [(String, [UInt8])] = []
  ) -> [ZipPart] {
    let entries = tensors.enumerated().map { index, tensor in
      (tensor.name, Pickle.tensor("\(index)", count: tensor.values.count, shape: tensor.shape))
    }
    let state = Pickle.dictionary(entries + (key == nil ? beside : []))
    let root = key.map { Pickle.dictionary([($0, state)] + beside) } ?? state
    return parts(Pickle.program(root), tensors.map { bytes($0.values) })
  }
}
