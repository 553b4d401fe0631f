import Foundation
import TestSupport
import Testing

@testable import Runs

@Suite struct StorageSafetensorsTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/case.safetensors" }

  init() throws { folder = try TemporaryFolder() }

  /// A file of a header and so many bytes of data, with any length announced.
  private func file(_ json: String, data: [UInt8] = [], announced: UInt64? = nil) throws -> String {
    var bytes = withUnsafeBytes(of: (announced ?? UInt64(json.utf8.count)).littleEndian, Array.init)
    bytes += Array(json.utf8) + data
    try Bytes.write(bytes, to: path)
    return path
  }

  private func entry(_ name: String, _ dtype: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
    "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
  }

  @Test func whatIsWrittenReadsBack() throws {
    try SafetensorsWriter.write(
      [
        .init(name: "b.weight", shape: [2, 3], floats: [1, -2, .nan, .infinity, .leastNonzeroMagnitude, 6]),
        .init(name: "a", shape: [], floats: [3.5]), .init(name: "steps", shape: [2], integers: [.min, 7]),
        .init(name: "odd \"name\"\n", shape: [3], bytes: [0, 127, 255]),
        .init(name: "none", shape: [0, 4], floats: []),
      ], metadata: ["format": "pt", "note": "a\tb\\c é"], to: path)
    let file = try SafetensorsFile(path: path)
    #expect(file.names == ["a", "b.weight", "none", "odd \"name\"\n", "steps"])
    #expect(file.metadata == ["format": "pt", "note": "a\tb\\c é"])
    let weight = try file.floats(named: "b.weight")
    #expect(
      weight.map(\.bitPattern)
        == ([1, -2, .nan, .infinity, .leastNonzeroMagnitude, 6] as [Float]).map(\.bitPattern))
    #expect(try file.floats(named: "a") == [3.5] && file.shape(named: "a") == [])
    #expect(try file.integers(named: "steps") == [.min, 7])
    #expect(try file.integers(named: "odd \"name\"\n") == [0, 127, 255])
    #expect(try file.bytes(named: "odd \"name\"\n") == [0, 127, 255])
    #expect(try file.floats(named: "none") == [] && file.shape(named: "none") == [0, 4])
    #expect(folder.names == ["case.safetensors"])
  }

  /// A decoder would silently drop one of two.
  @Test func aNameThatStandsTwiceIsRefused() throws {
    let own = [entry("a", "U8", "[1]", 0, 1), entry("b", "U8", "[1]", 1, 2), entry("a", "U8", "[2]", 0, 2)]
    let twice = "{" + own.joined(separator: ", ") + "}"
    let error = #expect(throws: StorageError.self) { try SafetensorsFile(path: file(twice, data: [1, 2])) }
    #expect("\(error!)".contains("tensor \"a\": expected each tensor once"), "\(error!)")
    let metadata = "\"__metadata__\":{\"a\":\"x\",\"b\":\"{,}\"}"
    let odd = "{" + entry("a\\\"", "U8", "[1]", 0, 1) + "," + metadata + "}"
    #expect(try SafetensorsFile(path: file(odd, data: [1])).names == ["a\""])
  }

  @Test func headerIsPaddedAndTensorsAreAlignedInOrderOfName() throws {
    try SafetensorsWriter.write(
      [
        .init(name: "z", shape: [1], floats: [1]), .init(name: "c", shape: [3], bytes: [1, 2, 3]),
        .init(name: "a", shape: [1], floats: [2]), .init(name: "n", shape: [1], integers: [9]),
      ], to: path)
    let bytes = try Bytes.read(path)
    let length = Int(bytes[0]) + Int(bytes[1]) << 8
    #expect(length % 8 == 0)
    let file = try SafetensorsFile(path: path)
    let places = try ["n", "a", "z", "c"].map { try file.tensor(named: $0).bytes.lowerBound }
    #expect(places == [0, 8, 12, 16])
    #expect(bytes.count == 8 + length + 19)
  }

  @Test func bytesMayComeInPiecesAndMustBeAsManyAsAnnounced() throws {
    let numbers: [Float] = (0..<10).map(Float.init)
    let entry = SafetensorsEntry(name: "w", elementType: .float32, shape: [10]) { receive in
      try numbers.withUnsafeBytes {
        try receive(UnsafeRawBufferPointer(rebasing: $0[..<12]))
        try receive(UnsafeRawBufferPointer(rebasing: $0[12...]))
      }
    }
    try SafetensorsWriter.write([entry], to: path)
    #expect(try SafetensorsFile(path: path).floats(named: "w") == numbers)
    let short = SafetensorsEntry(name: "short", shape: [4], floats: [1, 2, 3])
    let error = #expect(throws: StorageError.self) { try SafetensorsWriter.write([short], to: path) }
    #expect("\(error!)".contains("tensor \"short\": expected 16 bytes for F32 [4], found 12 bytes"))
    #expect(try SafetensorsFile(path: path).names == ["w"], "the older file must be untouched")
    #expect(folder.names == ["case.safetensors"])
    let twice = [
      SafetensorsEntry(name: "x", shape: [1], floats: [1]), .init(name: "x", shape: [1], floats: [1]),
    ]
    #expect(throws: StorageError.self) { try SafetensorsWriter.write(twice, to: path) }
  }

  @Test func everyElementTypeIsRead() throws {
    let json =
      "{"
      + [
        entry("f64", "F64", "[1]", 0, 8), entry("i32", "I32", "[2]", 8, 16),
        entry("f16", "F16", "[2]", 16, 20),
        entry("bf16", "BF16", "[1,1]", 20, 22), entry("i8", "I8", "[1]", 22, 23),
        entry("bool", "BOOL", "[2]", 23, 25), entry("i16", "I16", "[1]", 25, 27),
      ].joined(separator: ",") + "}"
    var data = withUnsafeBytes(of: 0.1, Array.init)
    data += withUnsafeBytes(of: (Int32(-5), Int32.max), Array.init)
    data += [0x00, 0x3C, 0x00, 0xC0, 0x80, 0xBF, 0xFE, 1, 0, 0x34, 0x12]
    let file = try SafetensorsFile(path: self.file(json, data: data))
    #expect(try file.floats(named: "f64") == [0.1])
    #expect(try file.integers(named: "i32") == [-5, Int64(Int32.max)])
    #expect(try file.floats(named: "f16") == [1, -2])
    #expect(try file.floats(named: "bf16") == [-1])
    #expect(try file.integers(named: "i8") == [-2])
    #expect(try file.integers(named: "bool") == [1, 0])
    #expect(try file.integers(named: "i16") == [0x1234])
  }

  @Test func askingForTheWrongThingNamesIt() throws {
    try SafetensorsWriter.write([.init(name: "w", shape: [2], floats: [1, 2])], to: path)
    let file = try SafetensorsFile(path: path)
    let missing = #expect(throws: StorageError.self) { try file.floats(named: "v") }
    #expect("\(missing!)" == "\(path), tensor \"v\": expected a tensor of that name, found none among 1")
    let wrong = #expect(throws: StorageError.self) { try file.integers(named: "w") }
    #expect("\(wrong!)".hasSuffix("found F32 [2]"))
    var room = [Float](repeating: 0, count: 2)
    try room.withUnsafeMutableBufferPointer { try file.read(named: "w", into: $0) }
    #expect(room == [1, 2])
    var tooLarge = [Float](repeating: 0, count: 3)
    #expect(throws: StorageError.self) {
      try tooLarge.withUnsafeMutableBufferPointer { try file.read(named: "w", into: $0) }
    }
  }

  @Test func filesThatAreNoneOrAreCutAreRefused() throws {
    #expect(throws: StorageError.self) { try SafetensorsFile(path: folder.path + "/absent") }
    #expect(throws: StorageError.self) { try SafetensorsFile(path: folder.path) }
    try SafetensorsWriter.write(
      [.init(name: "w", shape: [64], floats: .init(repeating: 1, count: 64))], to: path)
    let whole = try Bytes.read(path)
    for count in [0, 3, 8, 20, whole.count - 257, whole.count - 1] {
      try Bytes.write(Array(whole.prefix(count)), to: path)
      let error = #expect(throws: StorageError.self, "\(count) bytes") { try SafetensorsFile(path: path) }
      #expect("\(error!)".hasPrefix(path))
    }
    try Bytes.write(whole + [0], to: path)
    #expect(throws: StorageError.self) { try SafetensorsFile(path: path) }
    try Bytes.write(whole, to: path)
    let file = try SafetensorsFile(path: path)
    try Bytes.write(Array(whole.prefix(whole.count - 40)), to: path)
    #expect(throws: StorageError.self, "cut after it was opened") { try file.floats(named: "w") }
  }

  @Test func hostileHeadersAreRefused() throws {
    let deep = String(repeating: "[", count: 100_000)
    let cases: [(json: String, data: Int, says: String)] = [
      ("", 0, "empty header"), ("[]", 0, "begins with {"), ("{", 0, "JSON"), ("{\"w\":" + deep, 0, "JSON"),
      ("{\"w\":3}", 0, "JSON"), ("{\"w\":{}}", 0, "dtype"),
      ("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"),
      ("{" + entry("w", "F99", "[1]", 0, 4) + "}", 4, "\"F99\""),
      ("{" + entry("w", "F32", "[2]", 0, 4) + "}", 4, "8 bytes for F32 [2]"),
      ("{" + entry("w", "F32", "[1]", 4, 8) + "}", 8, "a gap"),
      ("{" + entry("v", "F32", "[2]", 0, 8) + "," + entry("w", "F32", "[1]", 4, 8) + "}", 8, "an overlap"),
      ("{" + entry("w", "F32", "[1]", 0, 4) + "," + entry("w", "F32", "[1]", 4, 8) + "}", 8, "found"),
      ("{" + entry("w", "F32", "[2]", 0, 8) + "}", 4, "within 0...4"),
      ("{" + entry("w", "F32", "[1]", 0, 4) + "}", 9, "4 bytes of data"),
      ("{" + entry("w", "F32", "[1]", 4, 0) + "}", 4, "data_offsets"),
      ("{" + entry("w", "F32", "[1]", -4, 0) + "}", 4, "data_offsets"),
      ("{" + entry("w", "F32", "[-1]", 0, 4) + "}", 4, "a shape"),
      ("{" + entry("w", "F32", "[4611686018427387904, 4]", 0, 0) + "}", 0, "a shape"),
      ("{" + entry("w", "F32", "[1e30]", 0, 4) + "}", 4, "JSON"),
      ("{" + entry("w", "F32", "[1.5]", 0, 4) + "}", 4, "JSON"),
      ("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "data_offsets"),
    ]
    for (json, data, says) in cases {
      let path = try file(json, data: [UInt8](repeating: 0, count: data))
      let error = #expect(throws: StorageError.self, "\(json.prefix(80))") { try SafetensorsFile(path: path) }
      #expect("\(error!)".contains(says), "\(json.prefix(80)): \(error!)")
    }
    for announced in [UInt64.max, 1 << 40, 100_000_001, 3] {
      #expect(throws: StorageError.self) { try SafetensorsFile(path: file("{}", announced: announced)) }
    }
    #expect(try SafetensorsFile(path: file("{}   ")).names == [])
  }
}

@Suite struct StorageGoldenTests {
  static var files: [String] {
    let root = BuildFolder.shared + "/golden"
    let names = (FileManager.default.enumerator(atPath: root)?.allObjects as? [String]) ?? []
    return names.filter { $0.hasSuffix(".safetensors") }.sorted().map { root + "/" + $0 }
  }

  private static func open(_ ending: String) throws -> SafetensorsFile {
    let path = try #require(files.first { $0.hasSuffix(ending) })
    return try SafetensorsFile(path: path)
  }

  @Test(.enabled(if: !files.isEmpty, "no cases in shared/golden beside the repository"))
  func foreignFilesReadWhole() throws {
    for path in Self.files {
      let file = try SafetensorsFile(path: path)
      #expect(file.names.count > 5)
      for name in file.names {
        let tensor = try file.tensor(named: name)
        switch tensor.elementType {
        case .int64:
          let numbers = try file.integers(named: name)
          #expect(numbers.count == tensor.elementCount)
        default:
          let numbers = try file.floats(named: name)
          #expect(numbers.count == tensor.elementCount)
          #expect(numbers.allSatisfy { $0.isFinite }, "\(path) \(name)")
        }
      }
    }
    let batch = try Self.open("batch.safetensors")
    let kept = try batch.integers(named: "keep1")
    #expect(try batch.shape(named: "keep1")[0] == 3)
    #expect(kept.allSatisfy { $0 >= 0 && $0 < 100 })
  }

  @Test(.enabled(if: !files.isEmpty, "no cases in shared/golden beside the repository"))
  func aCopyOfForeignWeightsHoldsTheSame() throws {
    let source = try Self.open("weights.safetensors")
    let folder = try TemporaryFolder()
    let path = folder.path + "/copy.safetensors"
    try SafetensorsWriter.write(
      source.names.map {
        .init(name: $0, shape: try source.shape(named: $0), floats: try source.floats(named: $0))
      },
      to: path)
    let copy = try SafetensorsFile(path: path)
    #expect(copy.names == source.names)
    for name in copy.names { #expect(try copy.bytes(named: name) == source.bytes(named: name)) }
  }
}
