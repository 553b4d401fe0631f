import Foundation
import Imaging
import Synchronization
import Testing

@testable import DicomCodec

/// Workers that die, hang or talk nonsense. A shell script stands for them.
@Suite struct WorkerTests {
  /// A program that exists as long as this object.
  private final class Script {
    let path = NSTemporaryDirectory() + "dicom-worker-" + UUID().uuidString

    init(_ commands: String) throws {
      // Written by another process: a script cannot be started while some child, just forked, has it open.
      let writer = Process()
      writer.executableURL = URL(fileURLWithPath: "/bin/bash")
      writer.arguments = ["-c", "printf '#!/bin/bash\\n%s\\n' \"$1\" >$0 && chmod 700 $0", path, commands]
      try writer.run()
      writer.waitUntilExit()
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private static func reason(_ commands: String, seconds: Double = 5) throws -> String? {
    let script = try Script(commands)
    return reason(DicomWorkerPool(executable: script.path, timeLimit: seconds))
  }

  private static func reason(_ pool: DicomWorkerPool, _ file: [UInt8] = DicomMaker().file) -> String? {
    do {
      _ = try file.withUnsafeBytes { try pool.header(of: $0) }
      return nil
    } catch let failure as CodecFailure {
      return failure.reason
    } catch { return "another error: \(error)" }
  }

  @Test func crashesAreFailuresOfTheRadiograph() throws {
    #expect(
      try Self.reason("head -c 100 >/dev/null; kill -SEGV $$")
        == "the DICOM decoder crashed on it (signal 11)")
    #expect(try Self.reason("kill -ABRT $$") == "the DICOM decoder crashed on it (signal 6)")
    #expect(try Self.reason("exit 3") == "the DICOM decoder gave up on it (exit code 3)")
  }

  @Test func hangsEndAtTheTimeLimit() throws {
    let start = ContinuousClock.now
    #expect(try Self.reason("exec sleep 60", seconds: 0.5) == "the DICOM decoder took longer than 0.5 s")
    #expect(try Self.reason("exec cat >/dev/null", seconds: 1) == "the DICOM decoder took longer than 1 s")
    // Half a reply, and a worker that does not read what it is sent.
    #expect(
      try Self.reason("printf CXR1; exec sleep 60", seconds: 0.5)?.hasPrefix("the DICOM decoder took") == true
    )
    let script = try Script("exec sleep 60")
    let large = [UInt8](repeating: 0, count: 8 << 20)
    let pool = DicomWorkerPool(executable: script.path, timeLimit: 0.5)
    #expect(Self.reason(pool, large)?.hasPrefix("the DICOM decoder took") == true)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func nonsenseIsNoReply() throws {
    #expect(
      try Self.reason("head -c 2000 /dev/zero; exec sleep 60")
        == "the DICOM decoder answered with something else than a reply")
    // A reply that announces more pixels than were asked for must not be believed.
    #expect(
      try Self.reason(
        #"printf 'CXR1\0\0\0\0\377\377\377\377\377\377\377\0'; head -c 2000 /dev/zero; exec sleep 60"#)
        == "the DICOM decoder answered with something else than a reply")
  }

  @Test func aMissingWorkerSaysWhatToInstall() {
    #expect(
      Self.reason(DicomWorkerPool(executable: nil))?.hasSuffix("install libgdcm-dev and build again") == true)
    let reason = Self.reason(DicomWorkerPool(executable: "/nowhere/worker"))
    #expect(reason == "no DICOM decoder: /nowhere/worker cannot be started (No such file or directory)")
  }

  @Test func workersAreKeptUntilTheyRefuseOrDie() throws {
    let pool = DicomWorkerPool()
    #expect(Self.reason(pool) == nil && Self.reason(pool) == nil)
    #expect(pool.workersStarted == 1 && pool.idleProcesses.count == 1)
    #expect(Self.reason(pool, [1, 2, 3]) != nil)
    #expect(pool.workersStarted == 1 && pool.idleProcesses.count == 1)
    // Damaged pixels may have damaged their worker.
    let short = Array(DicomMaker().file.dropLast(3))
    #expect(throws: CodecFailure.self) {
      _ = try short.withUnsafeBytes { try pool.storedValues($0, width: 4, height: 3) }
    }
    #expect(pool.idleProcesses.isEmpty)
    #expect(Self.reason(pool) == nil)
    #expect(pool.workersStarted == 2)
    // One that dies between two radiographs does no harm to the second.
    kill(try #require(pool.idleProcesses.first), SIGKILL)
    #expect(Self.reason(pool) == nil)
    #expect(pool.workersStarted == 3)
  }

  @Test func aWorkerKilledWithinARadiographFailsThatRadiograph() throws {
    let script = try Script("head -c 50 >/dev/null; kill -KILL $$")
    let pool = DicomWorkerPool(executable: script.path, timeLimit: 5)
    #expect(Self.reason(pool) == "the DICOM decoder crashed on it (signal 9)")
    #expect(pool.idleProcesses.isEmpty)
  }

  @Test func manyCallersAtOnceGetTheirOwnRadiographs() async throws {
    let pool = DicomWorkerPool()
    let codec = DicomCodec(pool: pool, rendering: DicomRendering(lowPercentile: 0, highPercentile: 100))
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      var radiograph = DicomMaker()
      radiograph.width = 4 + index % 5
      radiograph.values = (0..<radiograph.width * 3).map { $0 * (index + 1) }
      let pixels = radiograph.file.withUnsafeBytes { bytes in
        try? codec.decode(bytes, codec.header(of: bytes), shorterSide: nil).pixels
      }
      let most = Float(radiograph.width * 3 - 1)
      let wanted = (0..<radiograph.width * 3).map { Float($0) / most }
      let isRight = pixels.map {
        zip($0, wanted).allSatisfy { abs($0 - $1) < 1e-6 } && $0.count == wanted.count
      }
      if isRight != true { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
    #expect(pool.workersStarted <= 64 && !pool.idleProcesses.isEmpty)
  }

  @Test func workersEndWithTheirPool() throws {
    var pool: DicomWorkerPool? = DicomWorkerPool()
    #expect(Self.reason(try #require(pool)) == nil)
    let process = try #require(pool?.idleProcesses.first)
    #expect(kill(process, 0) == 0)
    pool = nil
    #expect(kill(process, 0) == -1 && errno == ESRCH)
  }
}
