import CoreTensor
import Foundation
import WorldModel

/// Packs a source's radiographs into a store, on several threads, and in several processes that share its shards.
///
/// Threads take radiographs in order and make them ready; whoever made the one that is to be written next writes it,
/// and those after it that are ready. So a store is the same to the byte for any number of threads, radiographs in
/// memory are few, and a call that is stopped at any moment leaves finished shards and nothing else that counts.
public final class StorePreparation: @unchecked Sendable {
  private let preparation: RadiographPreparation
  private let writer: StoreWriter
  private let communicator: (any Communicator)?
  /// What this process makes ready, as indices into the source.
  private let share: [Int]
  private let condition = NSCondition()
  /// Positions in the share.
  private var next = 0
  private var written = 0
  private var ready: [Int: PreparedRadiograph] = [:]
  private var isWriting = false
  private var isStopped = false
  private var failure: (any Error)?
  private var running = 0
  private var window = 0

  /// Radiographs that an earlier call had finished.
  public let finishedBefore: Int
  /// Radiographs of the source.
  public let total: Int
  public var settings: StoreSettings { preparation.settings }

  /// Makes the store's folder, or goes on with one that has the same radiographs and settings.
  /// - Parameter communicator: to the processes that share the work, all of which make this and run it.
  /// - Throws: `RadiographsError`; see ``StoreSettings`` for what must be the same.
  public init(
    _ source: any RadiographSource, settings: StoreSettings, folder: String,
    sharedBy communicator: (any Communicator)? = nil
  ) throws {
    preparation = RadiographPreparation(source: source, settings: settings)
    self.communicator = communicator
    let manifest = try StoreManifest(source, settings: settings)
    if let communicator, !communicator.isFirst {
      try communicator.barrier()
      writer = try StoreWriter(joining: folder, manifest: manifest)
    } else {
      writer = try StoreWriter(folder: folder, manifest: manifest)
      try communicator?.barrier()
    }
    // All have seen what is finished before one of them writes.
    try communicator?.barrier()
    finishedBefore = writer.finishedBefore
    share = writer.share(rank: communicator?.rank ?? 0, size: communicator?.size ?? 1)
    total = source.records.count
  }

  /// Does what is left to do.
  /// - Parameters:
  ///   - threads: 1 or more.
  ///   - progress: told the number of radiographs written, some ten times a second, on the calling thread; other
  ///     processes are taken to be as far as this one.
  ///   - isInterrupted: asked as often; true stops the work.
  /// - Returns: every radiograph of the store, or nothing on processes but the first; nil where the work was stopped.
  /// - Throws: `RadiographsError.cannotWrite`, on a full disk for instance, or what the source throws.
  public func run(
    threads: Int, progress: (Int) -> Void = { _ in }, isInterrupted: () -> Bool = { false }
  ) throws -> StoreIndex? {
    let count = min(threads, share.count)
    (running, window) = (count, 2 * count + 2)
    for number in 0..<count {
      let thread = Thread { [self] in work() }
      thread.name = "prepare \(number + 1)"
      thread.stackSize = 8 << 20
      thread.start()
    }
    condition.lock()
    while running > 0 {
      _ = condition.wait(until: Date(timeIntervalSinceNow: 0.1))
      let done = written
      condition.unlock()
      progress(finishedBefore + min(done * (communicator?.size ?? 1), total - finishedBefore))
      let stops = isInterrupted()
      condition.lock()
      if stops { isStopped = true }
    }
    condition.unlock()
    // Threads that end may hold this object a little longer.
    if failure != nil || written < share.count { writer.release() }
    if let failure { throw failure }
    guard try allFinished() else {
      writer.release()
      return nil
    }
    guard communicator?.isFirst ?? true else { return StoreIndex() }
    let index = try writer.index()
    try writer.writeDropped(index.dropped)
    return index
  }

  private func allFinished() throws -> Bool {
    let isFinished = written == share.count
    guard let communicator else { return isFinished }
    return try communicator.gather(bytes: [isFinished ? 1 : 0]).allSatisfy { $0 == [1] }
  }

  /// Says that the store is whole; the last thing to be written.
  public func complete(_ index: StoreIndex) throws {
    try writer.complete(index)
    writer.release()
  }

  private func work() {
    while let index = take() {
      do {
        let radiograph = try preparation.radiograph(at: share[index])
        try deliver(radiograph, index)
      } catch { fail(error) }
    }
    condition.lock()
    running -= 1
    condition.broadcast()
    condition.unlock()
  }

  /// A position in the share.
  private func take() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while !isStopped, failure == nil, next < share.count {
      if next < written + window {
        next += 1
        return next - 1
      }
      condition.wait()
    }
    return nil
  }

  private func deliver(_ radiograph: PreparedRadiograph, _ index: Int) throws {
    condition.lock()
    defer { condition.unlock() }
    ready[index] = radiograph
    guard !isWriting else { return }
    isWriting = true
    defer { isWriting = false }
    while let radiograph = ready.removeValue(forKey: written) {
      condition.unlock()
      let result = Result { try writer.append(radiograph) }
      condition.lock()
      try result.get()
      written += 1
      condition.broadcast()
    }
  }

  private func fail(_ error: any Error) {
    condition.lock()
    if failure == nil { failure = error }
    condition.broadcast()
    condition.unlock()
  }
}
