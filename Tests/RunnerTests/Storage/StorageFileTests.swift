import Foundation
import Testing

@testable import Runs

/// A folder in which nobody may make files, the superuser included where the system has one.
private func unwritableFolder(in folder: TemporaryFolder) -> String {
  if geteuid() == 0 { return "/proc" }
  chmod(folder.path, 0o555)
  return folder.path
}

@Suite struct StorageDurableFileTests {
  private struct Interrupted: Error {}

  @Test(arguments: [
    ("a", ".", "a"), ("ab", ".", "ab"), ("a/b", "a", "b"), ("a/b/", "a", "b"), ("/a", "/", "a"),
    ("/", "/", "/"),
    ("/a//b", "/a", "b"), ("../x", "..", "x"),
  ])
  func partsOfPaths(path: String, parent: String, name: String) {
    #expect(Folder.parent(of: path) == parent && Folder.name(of: path) == name)
  }

  @Test func writesReplacesAndSeals() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.txt"
    let seal = try DurableFile.write("123456789", to: path)
    #expect(seal == FileSeal(bytes: 9, crc32: "cbf43926"))
    #expect(try DurableFile.seal(of: path) == seal)
    try DurableFile.write("", to: path)
    #expect(try Bytes.read(path) == [])
    #expect(try DurableFile.seal(of: path) == FileSeal(bytes: 0, crc32: "00000000"))
    #expect(folder.names == ["a.txt"])
  }

  @Test func anErrorHalfwayLeavesTheOldFileAndNothingElse() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.txt"
    try DurableFile.write("old", to: path)
    #expect(throws: Interrupted.self) {
      try DurableFile.write(to: path) { sink in
        try sink.write(String(repeating: "x", count: 100_000))
        throw Interrupted()
      }
    }
    #expect(try Bytes.text(path) == "old")
    #expect(folder.names == ["a.txt"])
  }

  @Test func aTargetThatIsAFolderLeavesNoTemporaryFile() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/a", withIntermediateDirectories: true)
    try Bytes.write([1], to: folder.path + "/a/b")
    #expect(throws: StorageError.self) { try DurableFile.write("x", to: folder.path + "/a") }
    #expect(folder.names == ["a"])
  }

  @Test func errorsNamePathReasonAndRemedy() throws {
    let folder = try TemporaryFolder()
    let missing = #expect(throws: StorageError.self) {
      try DurableFile.write("x", to: folder.path + "/none/a.txt")
    }
    #expect("\(missing!)".contains(folder.path + "/none/"))
    #expect("\(missing!)".contains("No such file or directory"))
    let place = unwritableFolder(in: folder)
    let refused = #expect(throws: StorageError.self) { try DurableFile.write("x", to: place + "/a.txt") }
    #expect("\(refused!)".contains(place + "/"))
    let full = #expect(throws: StorageError.self) {
      let sink = try FileSink(path: "/dev/full", flags: O_WRONLY)
      try sink.write("x")
    }
    #expect(
      "\(full!)" == "cannot write to /dev/full: No space left on device (errno 28); "
        + "free some space or give a folder on another disk")
  }

  @Test func checksumDependsOnEveryByteAndItsPlace() throws {
    var whole = Checksum()
    var parts = Checksum()
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 31) }
    bytes.withUnsafeBytes {
      whole.add($0)
      parts.add(UnsafeRawBufferPointer(rebasing: $0[..<1234]))
      parts.add(UnsafeRawBufferPointer(rebasing: $0[1234..<1234]))
      parts.add(UnsafeRawBufferPointer(rebasing: $0[1234...]))
    }
    #expect(whole == parts)
    for index in stride(from: 0, to: 5000, by: 617) {
      var changed = bytes
      changed[index] ^= 1
      var checksum = Checksum()
      changed.withUnsafeBytes { checksum.add($0) }
      #expect(checksum != whole)
    }
  }
}

@Suite struct StorageMetricsTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/metrics.jsonl" }
  init() throws { folder = try TemporaryFolder() }

  private func line(_ log: MetricsLog, _ step: Int) throws {
    try log.append(step: step, [("loss", .float(1 / Float(step + 1))), ("epoch", .integer(step / 4))])
  }

  @Test func linesAreJsonInTheOrderGiven() throws {
    let log = try MetricsLog(path: path)
    try log.append(
      step: 3,
      [
        ("loss", 0.25), ("rate", .float(0.1)), ("images", 48), ("ok", true), ("name \"x\"", "a\nb"),
        ("bad", .number(.nan)), ("worse", .float(-.infinity)),
      ])
    let text = try Bytes.text(path)
    #expect(
      text == """
        {"step":3,"loss":0.25,"rate":0.1,"images":48,"ok":true,"name \\"x\\"":"a\\nb","bad":"NaN","worse":"-Infinity"}

        """)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(text.utf8)) }
  }

  @Test func aResumedFileEqualsAnUninterruptedOne() throws {
    let log = try MetricsLog(path: path)
    for step in 1...10 { try line(log, step) }
    let whole = try Bytes.read(path)
    // Killed within the line of step 9; the checkpoint is step 6.
    let text = String(decoding: whole, as: UTF8.self)
    let torn = try #require(text.range(of: "{\"step\":9"))
    try Bytes.write(Array((String(text[..<torn.upperBound]) + ",\"lo").utf8), to: path)
    let resumed = try MetricsLog(path: path)
    #expect(try resumed.truncate(afterStep: 6) == 3)
    for step in 7...10 { try line(resumed, step) }
    try resumed.synchronize()
    #expect(try Bytes.read(path) == whole)
    #expect(folder.names == ["metrics.jsonl"])
  }

  @Test func truncationKeepsAllLinesOfTheStepAndDropsWhatIsNoLine() throws {
    let kept = "{\"step\":1}\n{\"step\":2,\"a\":1}\n{\"step\":2,\"b\":1}\n"
    try Bytes.write(
      Array((kept + "{\"step\":3}\n").utf8) + [0, 0, 0, 0x0A] + Array("{\"step\":1.5}\n".utf8), to: path)
    let log = try MetricsLog(path: path)
    #expect(try log.truncate(afterStep: 2) == 3)
    #expect(try Bytes.text(path) == kept)
    #expect(try log.truncate(afterStep: 2) == 0)
    #expect(try log.truncate(afterStep: -1) == 3)
    #expect(try Bytes.read(path) == [])
  }
}
