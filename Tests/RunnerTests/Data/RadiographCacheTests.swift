import Dispatch
import Imaging
import Synchronization
import Testing
import WorldModel

@testable import Batches

/// Radiographs of 64 × 32 pixels; every third one is unusable; counts how often each is decoded.
private final class CountingSource: RadiographSource {
  let records = (0..<12).map { RadiographRecord(identifier: "radiograph \(11 - $0)") }
  let findingNames = ["Mass"]
  let summary = "counting"
  let decoded = Mutex([Int: Int]())
  let waiting: (@Sendable (Int) -> Void)?

  init(waiting: (@Sendable (Int) -> Void)? = nil) { self.waiting = waiting }

  func radiograph(at index: Int) throws -> GrayImage {
    decoded.withLock { $0[index, default: 0] += 1 }
    waiting?(index)
    if index % 3 == 0 {
      throw UnusableRadiograph(identifier: records[index].identifier, reason: "the file is empty")
    }
    return GrayImage(width: 64, height: 32, fill: Float(index) / 12)
  }
}

@Suite struct RadiographCacheTests {
  private let radiographBytes = 64 * 32 * 4

  @Test func radiographsAreDecodedOnceAndFailuresReportedOnce() throws {
    let source = CountingSource()
    let cache = RadiographCache(source)
    for _ in 0..<3 {
      for index in 0..<12 {
        if index % 3 == 0 {
          #expect(throws: UnusableRadiograph.self) { try cache.radiograph(at: index) }
        } else {
          #expect(try cache.radiograph(at: index).pixels[0] == Float(index) / 12)
        }
      }
    }
    #expect(source.decoded.withLock { $0 } == Dictionary(uniqueKeysWithValues: (0..<12).map { ($0, 1) }))
    #expect(
      cache.skipped.map(\.identifier) == ["radiograph 11", "radiograph 2", "radiograph 5", "radiograph 8"])
    #expect(cache.keptBytes == 8 * radiographBytes)
    #expect(cache.summary == "counting" && cache.records.count == 12 && cache.findingNames == ["Mass"])
  }

  @Test func memoryIsBounded() throws {
    let source = CountingSource()
    let cache = RadiographCache(source, mostBytes: 3 * radiographBytes + 5)
    for _ in 0..<2 {
      for index in [1, 2, 4, 5, 7, 8] {
        #expect(try cache.radiograph(at: index).pixels[7] == Float(index) / 12)
      }
    }
    #expect(cache.keptBytes == 3 * radiographBytes)
    #expect(source.decoded.withLock { $0 } == [1: 1, 2: 1, 4: 1, 5: 2, 7: 2, 8: 2])
  }

  @Test func twoThreadsDecodeAtTheSameTime() throws {
    // Each radiograph waits until the other is being decoded too: a lock held meanwhile would never let both in.
    let (first, second) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let met = Mutex(0)
    let source = CountingSource(waiting: { index in
      (index == 1 ? second : first).signal()
      let outcome = (index == 1 ? first : second).wait(timeout: .now() + 20)
      if outcome == .success { met.withLock { $0 += 1 } }
    })
    let cache = RadiographCache(source)
    DispatchQueue.concurrentPerform(iterations: 2) { _ = try? cache.radiograph(at: $0 + 1) }
    #expect(met.withLock { $0 } == 2)
  }

  @Test func manyThreadsSeeTheSamePixels() {
    let cache = RadiographCache(CountingSource(), mostBytes: 4 * radiographBytes)
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 400) { step in
      let index = step * 7 % 12
      let radiograph = try? cache.radiograph(at: index)
      let right = index % 3 == 0 ? radiograph == nil : radiograph?.pixels[9] == Float(index) / 12
      if !right { wrong.withLock { $0 += 1 } }
    }
    #expect(wrong.withLock { $0 } == 0)
    #expect(cache.skipped.count == 4)
    #expect(cache.keptBytes == 4 * radiographBytes)
  }
}
