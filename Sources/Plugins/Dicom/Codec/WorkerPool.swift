import CDicomProtocol
import Imaging
import Synchronization

/// Worker processes that decode DICOM, one for every caller at a time, started when needed and kept for the next.
///
/// Whatever a file does to its worker costs that worker alone: one that died, was too slow or broke the protocol is
/// ended and its radiograph fails with a sentence. A worker that found a radiograph's pixels damaged is not used again
/// either, since they may have damaged its memory.
public final class DicomWorkerPool: Sendable {
  /// The worker program; nil where none was found.
  let executable: String?
  /// Seconds for one radiograph.
  let timeLimit: Double
  private let idle = Mutex<[WorkerProcess]>([])
  private let started = Mutex(0)

  /// - Parameters:
  ///   - executable: the worker program; by default the one that belongs to this library.
  ///   - timeLimit: seconds for one radiograph, 30 by default.
  public init(executable: String? = WorkerProcess.defaultExecutable(), timeLimit: Double = 30) {
    self.executable = executable
    self.timeLimit = timeLimit
  }

  /// Workers that were started so far.
  public var workersStarted: Int { started.withLock { $0 } }

  /// Processes of workers that wait for a radiograph.
  public var idleProcesses: [Int32] { idle.withLock { $0.map(\.process) } }

  /// Reads a header. Throws `CodecFailure`.
  public func header(of bytes: UnsafeRawBufferPointer) throws -> chex_dicom_header_fields {
    try answer(to: CHEX_DICOM_READ_HEADER, bytes, pixels: 0, chex_dicom_options()).header
  }

  /// Decodes to grey in [0, 1], row-major. Throws `CodecFailure`, also where the radiograph's size is not the one
  /// given.
  public func decode(
    _ bytes: UnsafeRawBufferPointer, width: Int, height: Int, options: chex_dicom_options
  ) throws -> [Float] {
    try answer(to: CHEX_DICOM_DECODE, bytes, pixels: Self.count(width, height), options).values
      .map(Float.init(bitPattern:))
  }

  /// Stored values, row-major. Throws as ``decode(_:width:height:options:)`` does.
  public func storedValues(_ bytes: UnsafeRawBufferPointer, width: Int, height: Int) throws -> [Int32] {
    try answer(to: CHEX_DICOM_READ_STORED, bytes, pixels: Self.count(width, height), chex_dicom_options())
      .values.map(Int32.init(bitPattern:))
  }

  /// A radiograph's pixels, found to be within limits before memory is taken.
  private static func count(_ width: Int, _ height: Int) throws -> Int {
    let most = Int(CHEX_DICOM_MOST_PIXELS)
    guard (1...most).contains(width), (1...most).contains(height), width * height <= most else {
      throw CodecFailure(
        "needs too much memory (DICOM: \(width) × \(height) pixels, at most \(most) are read)")
    }
    return width * height
  }

  /// The reply of a worker, which goes back to the pool where it may be used again.
  private func answer(
    to kind: chex_dicom_request_kind, _ bytes: UnsafeRawBufferPointer, pixels: Int,
    _ options: chex_dicom_options
  ) throws -> WorkerReply {
    guard bytes.count <= CHEX_DICOM_MOST_BYTES else {
      throw CodecFailure("needs too much memory (DICOM: \(bytes.count) bytes, 1 GiB is read)")
    }
    let request = WorkerRequest(kind: kind, bytes: bytes, pixels: pixels, options: options)
    if let worker = idle.withLock({ $0.popLast() }) {
      // A worker that was used before may have died of another radiograph: only a new one's death is this radiograph's
      // fault.
      do {
        return try finish(worker, request)
      } catch let loss as WorkerLoss where loss.mayBeEarlierDamage {}
    }
    do {
      return try finish(try start(), request)
    } catch let loss as WorkerLoss {
      throw CodecFailure(loss.sentence)
    }
  }

  private func start() throws -> WorkerProcess {
    guard let executable else {
      throw CodecFailure(
        "no DICOM decoder: \(WorkerProcess.name) is neither beside the program nor in ../libexec/chexworld or "
          + "../bin; install libgdcm-dev and build again")
    }
    let worker = try WorkerProcess(executable: executable)
    started.withLock { $0 += 1 }
    return worker
  }

  private func finish(_ worker: WorkerProcess, _ request: WorkerRequest) throws -> WorkerReply {
    let reply = try worker.exchange(request, seconds: timeLimit)
    let isSound =
      reply.status == CHEX_DICOM_OK || reply.status == CHEX_DICOM_UNSUPPORTED
      || request.kind == CHEX_DICOM_READ_HEADER
    if isSound { idle.withLock { $0.append(worker) } }
    guard reply.status == CHEX_DICOM_OK else { throw CodecFailure(reply.status, reply.message) }
    return reply
  }
}

extension CodecFailure {
  init(_ status: chex_dicom_status, _ words: String) {
    switch status {
    case CHEX_DICOM_TRUNCATED: self.init("truncated: the DICOM data end early (\(words))")
    case CHEX_DICOM_UNSUPPORTED where words.hasPrefix("blank:"): self.init(words)
    case CHEX_DICOM_UNSUPPORTED: self.init("a kind of DICOM that is not read (\(words))")
    case CHEX_DICOM_MEMORY: self.init("needs too much memory (DICOM: \(words))")
    default: self.init("damaged DICOM data (\(words))")
    }
  }
}
