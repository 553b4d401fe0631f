import Foundation
import Testing

/// A pickle that must be refused.
struct HostilePickle: Sendable, CustomTestStringConvertible {
  let what: String
  let body: [UInt8]
  /// What the refusal must say.
  let refusal: String
  var testDescription: String { what }

  init(_ what: String, _ refusal: String, _ pieces: [UInt8]...) {
    self.what = what
    self.refusal = refusal
    body = pieces.flatMap { $0 }
  }

  static let all = names + shapes + machinery + depths

  /// A file that would be there if a pickle could run a command.
  static let witness =
    NSTemporaryDirectory() + "/chex-pickle-ran-\(ProcessInfo.processInfo.processIdentifier)"
  static let system = Pickle.call(Pickle.global("os", "system"), [Pickle.text("touch \(witness)")])

  private static func call(_ module: String, _ name: String, _ arguments: [UInt8]...) -> [UInt8] {
    Pickle.call(Pickle.global(module, name), arguments)
  }

  private static func view(_ offset: Int, _ shape: [Int], _ strides: [Int]) -> [UInt8] {
    Pickle.tensor("0", count: 6, offset: offset, shape: shape, strides: strides)
  }

  /// Names that must not be looked up, called, or given attributes.
  private static let names: [HostilePickle] = [
    .init("os.system", "os.system", system),
    .init("posix.system", "posix.system", call("posix", "system", Pickle.text("ls"))),
    .init("eval", "builtins.eval", call("builtins", "eval", Pickle.text("1"))),
    .init("never called", "subprocess.Popen", Pickle.global("subprocess", "Popen")),
    .init("stack global", "os.system", Pickle.text("os"), Pickle.text("system"), [0x93]),
    .init(
      "nested name", "torch.load.__globals__", Pickle.text("torch"), Pickle.text("load.__globals__"), [0x93]),
    .init("stack global of numbers", "names something", [0x4b, 1, 0x4b, 2, 0x93]),
    .init("call of text", "calls a str", Pickle.call(Pickle.text("os.system"), [])),
    .init("call of a tensor", "calls a tensor", Pickle.call(view(0, [6], [1]), [])),
    .init("call without tuple", "calls with an int", Pickle.global("torch", "Size"), [0x4b, 1, 0x52]),
    .init("new object", "not called so", Pickle.global("collections", "OrderedDict"), [0x29, 0x81]),
    .init("namespace of values", "argparse.Namespace", call("argparse", "Namespace", [0x4e])),
    .init("build on a list", "gives attributes to", [0x5d, 0x7d, 0x62]),
    .init("build on a tensor", "gives attributes to a tensor", view(0, [6], [1]), [0x7d, 0x62]),
    .init("build with text", "gives attributes in a str", Pickle.emptyOrdered, Pickle.text("x"), [0x62]),
    .init("inst", "operation inst", Array("(ios\nsystem\n".utf8)),
    .init("obj", "operation obj", [0x28, 0x4e, 0x6f]),
    .init("extension", "operation ext1", [0x82, 1]),
    .init("named persistent", "operation persId", Array("Pabc\n".utf8)),
    .init("persistent text", "no storage", Pickle.text("x"), [0x51]),
    .init("other storage", "which is not there", Pickle.storage("../../etc/passwd", "FloatStorage", 6)),
    .init("hooks", "hooks", Pickle.hooked),
  ]

  private static let shapes: [HostilePickle] = [
    .init("storage of another length", "it has 24 bytes", Pickle.storage("0", "FloatStorage", 7)),
    .init("storage of huge length", "it has 24 bytes", Pickle.storage("0", "FloatStorage", 1 << 62)),
    .init("storage of negative length", "it has 24 bytes", Pickle.storage("0", "FloatStorage", -6)),
    .init("negative offset", "negative", view(-1, [2], [1])),
    .init("negative stride", "negative", view(5, [2], [-1])),
    .init("negative size", "negative", view(0, [-2], [1])),
    .init("beyond", "does not fit", view(3, [4], [1])),
    .init("beyond by stride", "does not fit", view(0, [3], [3])),
    .init("expanded", "contiguous()", view(0, [1000], [0])),
    .init("huge", "does not fit", view(0, [1 << 40, 1 << 40], [1 << 40, 1])),
    .init("huge and empty", "does not fit", view(0, [1 << 40, 1 << 40, 0], [1, 1, 1])),
    .init("overflowing reach", "does not fit", view(1 << 62, [2], [1 << 62])),
    .init("sizes without strides", "as many of both", view(0, [2, 3], [1])),
    .init("many axes", "at most 16", view(0, [Int](repeating: 1, count: 20), [Int](repeating: 1, count: 20))),
  ]

  private static let machinery: [HostilePickle] = [
    .init("unknown", "byte 1", [0x01]), .init("text float", "operation float", Array("F1.0\n".utf8)),
    .init("no memo", "note 7", [0x68, 7]), .init("no value", "where none is", [0x30]),
    .init("no mark", "was not set", [0x74]), .init("nothing", "where none is"),
    .init("below the mark", "where none is", [0x4b, 1, 0x28, 0x85, 0x30]),
    .init("odd items", "without a value", [0x7d, 0x28, 0x4b, 1, 0x75]),
    .init("item of a list", "sets an item of", [0x5d, 0x4b, 1, 0x4b, 1, 0x73]),
    .init("append to a dictionary", "appends to", [0x7d, 0x4b, 1, 0x61]),
    .init("left over", "left over", [0x4b, 1, 0x4b, 2]),
    .init("two programs", "second pickle", [0x80, 2, 0x4b, 1]),
    .init("long text", "announces", [0x58, 0xff, 0xff, 0xff, 0xff]),
    .init("long text of 8", "announces", [0x8d], [UInt8](repeating: 0xff, count: 8)),
    .init("great number", "8 at most", [0x8a, 9], [UInt8](repeating: 1, count: 9)),
    .init("text of no encoding", "UTF-8", [0x58, 2, 0, 0, 0, 0xff, 0xfe]),
    .init("endless name", "without an end", [0x63], [UInt8](repeating: 0x61, count: 600)),
    .init("cut", "middle of an operation", [0x4a, 1]),
  ]

  /// Lists in lists, each the next one's twice: 2^28 values in a few hundred bytes.
  private static let doubling: [UInt8] = (0..<28).flatMap { (level: UInt8) -> [UInt8] in
    [0x94, 0x30, 0x5d, 0x28, 0x68, level, 0x68, level, 0x65]
  }
  /// A set of 60,000 values, made 200 times.
  private static let copies: [UInt8] = {
    let list: [UInt8] = [0x5d, 0x28] + [UInt8](repeating: 0x4e, count: 60_000) + [0x65, 0x94]
    let made: [UInt8] = Pickle.global("builtins", "set") + [0x68, 0, 0x85, 0x52, 0x30]
    return list + (0..<200).flatMap { (_: Int) -> [UInt8] in made }
  }()

  private static let depths: [HostilePickle] = [
    .init("deep", "nests deeper", [UInt8](repeating: 0x28, count: 5000)),
    .init(
      "deep lists", "nested deeper", [UInt8](repeating: 0x5d, count: 41), [UInt8](repeating: 0x61, count: 40)),
    .init("itself", "a container in itself", [0x5d, 0x94, 0x68, 0, 0x61]),
    .init("itself by key", "a container in itself", [0x7d, 0x94], Pickle.text("a"), [0x68, 0, 0x73]),
    .init("doubling", "holds more than", [0x5d], doubling), .init("copies", "copies more than", copies),
  ]
}
