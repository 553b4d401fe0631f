import Foundation
import Testing

@testable import Commands
@testable import Console
@testable import Evaluations
@testable import Training
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
        ("loss", 0.25), ("rate", .float(0.1)), ("films", 48), ("ok", true), ("name \"x\"", "a\nb"),
        ("bad", .number(.nan)), ("worse", .float(-.infinity)),
      ])
    let text = try Bytes.text(path)
    #expect(
      text == """
        {"step":3,"loss":0.25,"rate":0.1,"films":48,"ok":true,"name \\"x\\"":"a\\nb","bad":"NaN","worse":"-Infinity"}

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

@Suite struct StorageRunFolderTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/runs/first" }
  init() throws { folder = try TemporaryFolder() }

  @Test func aNewRunTakesANewOrEmptyFolder() throws {
    let run = try begun(path)
    try run.write("steps = 3\n", to: .configuration)
    #expect(try run.text(of: .configuration) == "steps = 3\n")
    #expect(try RunFolder.open(at: path) == run)
    let empty = folder.path + "/empty"
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    #expect(try begun(empty).path == empty)
  }

  @Test func anExistingRunIsNotOverwritten() throws {
    try begun(path).write("steps = 3\n", to: .configuration)
    let again = #expect(throws: StorageError.self) { try begun(path) }
    #expect(again == .folderNotEmpty(path: path, isRun: true))
    #expect("\(again!)".contains("chex-runner resume \(path)"))
    let other = folder.path + "/other"
    try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
    try Bytes.write([1], to: other + "/thesis.txt")
    let foreign = #expect(throws: StorageError.self) { try begun(other) }
    #expect("\(foreign!)".contains("another --out"))
    #expect("\(foreign!)".contains("resume") == false)
    #expect(try FileManager.default.contentsOfDirectory(atPath: other) == ["thesis.txt"])
    try Bytes.write([1], to: folder.path + "/file")
    #expect(throws: StorageError.self) { try begun(folder.path + "/file") }
  }

  /// A run that has done something.
  private func begun(_ path: String) throws -> RunFolder {
    try RunFolder.create(at: path) { run in
      try run.markWorkedIn()
      return run
    }
  }

  @Test func aRunThatFailsAtItsStartLeavesNothing() throws {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try RunFolder.create(at: path) { run in
        try run.write("steps = 3\n", to: .configuration)
        throw Failure()
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    let own = folder.path + "/own"
    try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
    #expect(throws: Failure.self) { try RunFolder.create(at: own) { _ in throw Failure() } }
    #expect(try FileManager.default.contentsOfDirectory(atPath: own) == [])
    // What it has done is kept.
    #expect(throws: Failure.self) {
      try RunFolder.create(at: path) { run in
        try run.write("steps = 3\n", to: .configuration)
        try run.markWorkedIn()
        throw Failure()
      }
    }
    #expect(try RunFolder.open(at: path).text(of: .configuration) == "steps = 3\n")
  }

  @Test func whatAKilledStartLeavesIsTaken() throws {
    let killed = try RunFolder.create(at: path) { run in
      try run.write("steps = 3\n", to: .configuration)
      return run
    }
    #expect(killed.has(.notBegun))
    let inside = try RunFolder.create(at: path) { run in
      // Of two that take it at once only one goes on.
      let busy = #expect(throws: StorageError.self) { try RunFolder.create(at: path) { $0 } }
      #expect(busy == .folderInUse(path: path, process: getpid()))
      return try FileManager.default.contentsOfDirectory(atPath: run.path).sorted()
    }
    #expect(inside == ["lock", "nothing-done-yet"])
  }

  @Test func aFolderThatCannotBeFilledIsLeftAsItWas() throws {
    struct Failure: Error {}
    func fill(_ body: () throws -> Void) throws {
      try Folder.fill(path, refusal: { StorageError.folderNotEmpty(path: path, isRun: false) }, body)
    }
    #expect(throws: Failure.self) {
      try fill {
        try Bytes.write([1], to: path + "/half")
        throw Failure()
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    try fill { try Bytes.write([1], to: path + "/whole") }
    #expect(throws: StorageError.self) { try fill {} }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["whole"])
  }

  @Test func onlyRunsAreOpened() throws {
    let absent = #expect(throws: StorageError.self) { try RunFolder.open(at: path) }
    #expect(absent == .notARun(path: path, missing: "folder"))
    let empty = #expect(throws: StorageError.self) { try RunFolder.open(at: folder.path) }
    #expect(empty == .notARun(path: folder.path, missing: "config.toml"))
  }

  @Test func oneProcessAtATime() throws {
    let run = try begun(path)
    let lock = try run.lock()
    let refused = #expect(throws: StorageError.self) { try run.lock() }
    #expect(refused == .folderInUse(path: path, process: getpid()))
    #expect("\(refused!)".contains("process \(getpid()) is working"))
    try lock.release()
    let second = try run.lock()
    try second.release()
  }

  @Test(.enabled(if: access("/usr/bin/flock", X_OK) == 0, "no flock program"))
  func aKilledProcessLeavesTheFolderFree() throws {
    let run = try begun(path)
    let other = Process()
    other.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
    // One process only: a child would outlive its killed parent.
    other.arguments = ["--no-fork", run.path(of: .lock), "sleep", "30"]
    try other.run()
    var isHeld = false
    for _ in 0..<200 where !isHeld {
      do { try run.lock().release() } catch StorageError.folderInUse { isHeld = true }
      usleep(10_000)
    }
    #expect(isHeld)
    kill(other.processIdentifier, SIGKILL)
    other.waitUntilExit()
    #expect(throws: Never.self) { try run.lock().release() }
  }

  @Test func logLinesCarryTheTimeAndAreShown() throws {
    let run = try begun(path)
    var shown: [String] = []
    var time = Date(timeIntervalSince1970: 951_782_399)
    let log = try RunLog(path: run.path(of: .log), echo: { shown.append($0) }, now: { time })
    try log.note("two\nlines")
    time += 1
    try log.warn("low rank")
    try log.record("only here")
    #expect(shown == ["two\nlines", "warning: low rank"])
    #expect(
      try run.text(of: .log) == """
        2000-02-28T23:59:59Z  two
        2000-02-28T23:59:59Z  lines
        2000-02-29T00:00:00Z  warning: low rank
        2000-02-29T00:00:00Z  only here

        """)
  }
}
