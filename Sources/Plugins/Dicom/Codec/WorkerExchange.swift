import CDicomProtocol
import Glibc

/// What a worker is asked.
struct WorkerRequest {
  let kind: chex_dicom_request_kind
  let bytes: UnsafeRawBufferPointer
  /// Values that the reply must have.
  let pixels: Int
  let options: chex_dicom_options
}

/// What a worker answered, found to be in order.
struct WorkerReply {
  let status: chex_dicom_status
  let header: chex_dicom_header_fields
  let message: String
  /// Values of four bytes each; their meaning is the request's.
  let values: [UInt32]
}

/// A worker that can no longer be used.
struct WorkerLoss: Error {
  let sentence: String
  /// Whether an earlier radiograph may be to blame.
  let mayBeEarlierDamage: Bool
}

extension WorkerProcess {
  /// Sends a request and receives the reply. Throws `WorkerLoss`, after which the worker must go.
  /// - Parameter seconds: for all of it.
  func exchange(_ request: WorkerRequest, seconds: Double) throws -> WorkerReply {
    let deadline = Deadline(seconds: seconds)
    var head = chex_dicom_request(
      magic: UInt32(CHEX_DICOM_REQUEST_MAGIC), kind: request.kind.rawValue,
      byte_count: UInt64(request.bytes.count), options: request.options)
    var reply = chex_dicom_reply()
    do {
      try withUnsafeBytes(of: &head) { try socket.send($0, deadline) }
      try socket.send(request.bytes, deadline)
      try withUnsafeMutableBytes(of: &reply) { try socket.receive($0, deadline) }
      try check(reply, request)
      let count = Int(reply.pixel_count)
      let values = try [UInt32](unsafeUninitializedCapacity: count) { buffer, initialized in
        try socket.receive(UnsafeMutableRawBufferPointer(buffer), deadline)
        initialized = count
      }
      return WorkerReply(
        status: chex_dicom_status(reply.status), header: reply.header, message: text(reply.message.text),
        values: values)
    } catch let fault as SocketFault {
      throw loss(fault, seconds: seconds)
    }
  }

  /// A reply's numbers decide how much is read next: they must be those that were asked for.
  private func check(_ reply: chex_dicom_reply, _ request: WorkerRequest) throws {
    guard reply.magic == CHEX_DICOM_REPLY_MAGIC, reply.status <= CHEX_DICOM_MEMORY.rawValue else {
      throw SocketFault.nonsense
    }
    let expected = reply.status == CHEX_DICOM_OK.rawValue ? request.pixels : 0
    guard reply.pixel_count == UInt64(expected) else { throw SocketFault.nonsense }
  }

  private func loss(_ fault: SocketFault, seconds: Double) -> WorkerLoss {
    switch fault {
    case .late:
      let limit = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
      return WorkerLoss(sentence: "the DICOM decoder took longer than \(limit) s", mayBeEarlierDamage: false)
    case .nonsense:
      return WorkerLoss(
        sentence: "the DICOM decoder answered with something else than a reply", mayBeEarlierDamage: true)
    case .closed:
      let sentence =
        switch fate() {
        case .signal(let number): "the DICOM decoder crashed on it (signal \(number))"
        case .exited(let code): "the DICOM decoder gave up on it (exit code \(code))"
        case .running: "the DICOM decoder closed its connection"
        }
      return WorkerLoss(sentence: sentence, mayBeEarlierDamage: true)
    }
  }
}

/// A moment on the clock that no one sets.
struct Deadline {
  private let end: ContinuousClock.Instant

  init(seconds: Double) { end = .now + .seconds(seconds) }

  /// Milliseconds left, at least 0 and at most an hour.
  var milliseconds: Int32 {
    let left = ContinuousClock.Instant.now.duration(to: end) / .milliseconds(1)
    return Int32(min(max(left.rounded(.up), 0), 3_600_000))
  }
}

/// Why no reply came over a socket.
enum SocketFault: Error {
  case late
  case closed
  case nonsense
}

/// One end of a stream socket, closed when it goes.
final class WorkerSocket: Sendable {
  private let descriptor: Int32

  init(descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Sends everything; a closed other end is a fault and no signal.
  func send(_ bytes: UnsafeRawBufferPointer, _ deadline: Deadline) throws {
    let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
    try transfer(bytes.count, Int16(POLLOUT), deadline) {
      Glibc.send(descriptor, bytes.baseAddress! + $0, bytes.count - $0, flags)
    }
  }

  /// Fills the buffer.
  func receive(_ buffer: UnsafeMutableRawBufferPointer, _ deadline: Deadline) throws {
    try transfer(buffer.count, Int16(POLLIN), deadline) {
      recv(descriptor, buffer.baseAddress! + $0, buffer.count - $0, Int32(MSG_DONTWAIT))
    }
  }

  /// Moves `count` bytes by calls that get how many are done and move some more.
  private func transfer(_ count: Int, _ event: Int16, _ deadline: Deadline, _ move: (Int) -> Int) throws {
    var done = 0
    while done < count {
      let moved = move(done)
      if moved > 0 {
        done += moved
        continue
      }
      if moved == 0 { throw SocketFault.closed }
      if errno == EINTR { continue }
      guard errno == EAGAIN || errno == EWOULDBLOCK else { throw SocketFault.closed }
      var wanted = pollfd(fd: descriptor, events: event, revents: 0)
      let left = deadline.milliseconds
      if left == 0 { throw SocketFault.late }
      if poll(&wanted, 1, left) < 0, errno != EINTR { throw SocketFault.closed }
    }
  }
}
