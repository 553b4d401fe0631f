import Foundation
import Testing
import WorldModel

@testable import Runs
@testable import Weights

@Suite struct WeightsZipTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/checkpoint.pth" }

  init() throws { folder = try TemporaryFolder() }

  private let values: [Float] = [1, -2, 3.5, 4, 5, 6]
  private var honest: [ZipPart] {
    CheckpointMaker.stateDictionary([("weight", [2, 3], values)], beside: [("epoch", Pickle.integer(-7))])
  }

  private func open(_ parts: [ZipPart], large: Bool = false) throws -> WeightsFile {
    try Bytes.write(Zip.archive(parts, large: large), to: path)
    return try WeightsFile(path: path)
  }

  private func refusal(_ parts: [ZipPart], large: Bool = false) -> String {
    do {
      let file = try open(parts, large: large)
      _ = try file.verify()
      return ""
    } catch { return "\(error)" }
  }

  @Test(arguments: [false, true]) func checkpointReads(large: Bool) throws {
    let file = try open(honest, large: large)
    #expect(file.format == "PyTorch zip" && file.tensors.map(\.name) == ["model.weight"])
    #expect(try file.floats(of: file.tensors[0]) == values)
    #expect(file.remarks == [WeightsRemark(name: "epoch", text: "-7")])
    #expect(try file.verify())
  }

  @Test func sizesMayFollowTheData() throws {
    let parts = honest.map { part in
      var part = part
      part.flags = 0x808
      return part
    }
    let file = try open(parts)
    #expect(try file.floats(of: file.tensors[0]) == values)
  }

  @Test func fileWithoutChecksumsReadsAndSaysSo() throws {
    let parts = honest.map { part in
      var part = part
      part.checksum = 0
      return part
    }
    let file = try open(parts)
    #expect(try file.floats(of: file.tensors[0]) == values)
    #expect(try file.verify() == false)
  }

  @Test func everyTruncationIsRefused() throws {
    let whole = Zip.archive(honest)
    for length in 0..<whole.count {
      try Bytes.write(Array(whole[..<length]), to: path)
      #expect(throws: (any Error).self, "\(length) bytes") { try WeightsFile(path: path) }
    }
    try Bytes.write(Array(whole.dropLast(40)), to: path)
    let error = #expect(throws: WeightsFileError.self) { try WeightsFile(path: path) }
    #expect("\(error!)".contains("cut short"))
  }

  /// An entry changed, and what the refusal must name.
  static let changes: [(String, @Sendable (inout ZipPart) -> Void, String)] = [
    ("deflated", { $0.method = 8 }, "compressed (zip method 8)"),
    (
      "bomb",
      {
        $0.method = 8; $0.size = 4 << 30 - 2; $0.packed = 24
      }, "compressed"
    ),
    ("encrypted", { $0.flags = 1 }, "encrypted"),
    (
      "sizes differ",
      {
        $0.size = 1000; $0.packed = 24
      }, "should be equal"
    ),
    ("larger than the file", { $0.size = 1 << 30 }, "cut short"),
    ("checksum", { $0.checksum = 1 }, "expected checksum 1"),
    ("parent folder", { $0.name = "checkpoint/../../data/0" }, "leads out"),
    ("absolute", { $0.name = "/data/0" }, "leads out"),
    ("backslash", { $0.name = "data\\0" }, "leads out"),
    ("two names", { $0.localName = "checkpoint/data/1" }, "disagree"),
    (
      "overlap",
      {
        $0.offset = 0; $0.localName = nil; $0.name = "checkpoint/data.pkl"
      }, "two entries"
    ),
    ("missing storage", { $0.name = "checkpoint/data/9" }, "which is not there"),
    ("short storage", { $0.bytes.removeLast() }, "it has 23 bytes"),
  ]

  @Test(arguments: changes.indices) func changedEntryIsRefused(index: Int) throws {
    let (what, change, expected) = Self.changes[index]
    var parts = honest
    change(&parts[2])
    let refusal = refusal(parts)
    #expect(refusal.contains(expected), "\(what): \(refusal)")
    #expect(refusal.hasPrefix(path))
  }

  @Test func entriesThatShareBytesAreRefused() throws {
    // The second header lies within the first entry's data.
    let inner = Zip.archive([ZipPart("b", [1, 2, 3])])
    let header = Array(inner[..<(30 + 1 + 3 + 3)])
    var second = ZipPart("b", [1, 2, 3])
    second.offset = 30 + 1 + 3
    let error = refusal([ZipPart("a", header), second])
    #expect(error.contains("overlaps"), "\(error)")
  }

  @Test func directoriesThatDisagreeAreRefused() throws {
    var bytes = Zip.archive(honest, large: true)
    bytes[bytes.count - 14] = 9
    bytes[bytes.count - 13] = 0
    bytes[bytes.count - 12] = 9
    bytes[bytes.count - 11] = 0
    try Bytes.write(bytes, to: path)
    let error = #expect(throws: WeightsFileError.self) { try WeightsFile(path: path) }
    #expect("\(error!)".contains("disagree"))
  }

  @Test func otherArchivesAreNamed() throws {
    #expect(refusal([ZipPart("readme", [1])]).contains("without data.pkl"))
    #expect(refusal(honest + [ZipPart("checkpoint/constants.pkl", [1])]).contains("TorchScript"))
    #expect(refusal(honest + [ZipPart("other/data.pkl", [1])]).contains("2 data.pkl"))
    var parts = honest
    parts[1].bytes = Array("big".utf8)
    #expect(refusal(parts).contains("another byte order"))
  }

  @Test func otherFilesAreNamed() throws {
    let cases: [([UInt8], String)] = [
      ([0x80, 2, 0x8a, 10, 0x6c], "before version 1.6"), ([0x1f, 0x8b, 8, 0], "gzip"), ([], "empty"),
      (Array("<!DOCTYPE html>".utf8), "web page"),
      (Array("version https://git-lfs.github.com".utf8), "Git LFS"),
      ([0x89, 0x48, 0x44, 0x46], "HDF5"), ([UInt8](repeating: 7, count: 64), "header"),
    ]
    for (bytes, expected) in cases {
      try Bytes.write(bytes, to: path)
      let error = #expect(throws: (any Error).self) { try WeightsFile(path: path) }
      #expect("\(error!)".contains(expected), "\(error!)")
    }
  }

  @Test func safetensorsReadAsWell() throws {
    try SafetensorsWriter.write([.init(name: "weight", shape: [6], floats: values)], to: path)
    let file = try WeightsFile(path: path)
    #expect(file.format == "safetensors")
    #expect(try file.floats(of: file.tensors[0]) == values)
  }
}
