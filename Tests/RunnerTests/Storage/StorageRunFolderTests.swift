import Foundation
import Testing

@testable import Runs

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
