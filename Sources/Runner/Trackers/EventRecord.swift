/// The fields of a protocol buffer, in the order in which they are added.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  /// How a field's value is laid out.
  private enum Wire: UInt64 {
    case varint = 0
    case eightBytes = 1
    case counted = 2
    case fourBytes = 5
  }

  mutating func add(_ field: Int, integer value: Int) {
    key(field, .varint)
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: Int, double value: Double) {
    key(field, .eightBytes)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: Int, float value: Float) {
    key(field, .fourBytes)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func add(_ field: Int, bytes value: some Collection<UInt8>) {
    key(field, .counted)
    varint(UInt64(value.count))
    bytes += value
  }

  mutating func add(_ field: Int, message: ProtocolBuffer) { add(field, bytes: message.bytes) }

  private mutating func key(_ field: Int, _ wire: Wire) { varint(UInt64(field) << 3 | wire.rawValue) }

  /// Seven bits a byte, the lowest first.
  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// What TensorBoard reads of a run: an `Event` of its protocol buffers.
struct EventRecord {
  enum Content {
    /// The first event of each file.
    case fileVersion
    /// Whatever earlier files say of this event's step and later ones is void.
    case sessionStart
    case scalars([(tag: String, value: Float)])
    case image(tag: String, ImageSize, png: [UInt8])
  }

  /// Seconds since 1970.
  let time: Double
  let step: Int
  let content: Content

  /// Version 2 has TensorBoard go by session starts; older files by steps that are out of order.
  private static let version = "brain.Event:2"

  /// The event's bytes.
  var message: [UInt8] {
    var event = ProtocolBuffer()
    event.add(1, double: time)
    // As the format's own libraries do, zero is left out.
    if step != 0 { event.add(2, integer: step) }
    switch content {
    case .fileVersion: event.add(3, bytes: Self.version.utf8)
    case .sessionStart:
      var session = ProtocolBuffer()
      session.add(1, integer: 1)
      event.add(7, message: session)
    case .scalars(let scalars):
      var summary = ProtocolBuffer()
      for (tag, number) in scalars {
        var value = ProtocolBuffer()
        value.add(1, bytes: tag.utf8)
        value.add(2, float: number)
        summary.add(1, message: value)
      }
      event.add(5, message: summary)
    case .image(let tag, let size, let png):
      var image = ProtocolBuffer()
      image.add(1, integer: size.height)
      image.add(2, integer: size.width)
      image.add(3, integer: size.channels)
      image.add(4, bytes: png)
      var value = ProtocolBuffer()
      value.add(1, bytes: tag.utf8)
      value.add(4, message: image)
      var summary = ProtocolBuffer()
      summary.add(1, message: value)
      event.add(5, message: summary)
    }
    return event.bytes
  }

  /// The event as a record of a TFRecord file: length, its checksum, the event, its checksum; all little-endian.
  var framed: [UInt8] { Self.framed(message) }

  static func framed(_ message: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(message.count).littleEndian, Array.init)
    func checksum(_ bytes: [UInt8]) -> [UInt8] {
      withUnsafeBytes(of: CastagnoliChecksum.masked(bytes).littleEndian, Array.init)
    }
    return length + checksum(length) + message + checksum(message)
  }
}

/// Width, height and channels of a picture, as its PNG file says.
struct ImageSize: Equatable {
  let width: Int
  let height: Int
  let channels: Int

  /// - Returns: nil where the bytes do not begin as a PNG file does.
  init?(png bytes: [UInt8]) {
    let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    guard bytes.count > 25, bytes.starts(with: signature), bytes[12..<16].elementsEqual("IHDR".utf8) else {
      return nil
    }
    func number(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
    // By the colour type: grey, colour, palette (which decodes to colour), grey with alpha, colour with alpha.
    guard let channels = [0: 1, 2: 3, 3: 3, 4: 2, 6: 4][bytes[25]] else { return nil }
    (width, height, self.channels) = (number(16), number(20), channels)
    guard width > 0, height > 0 else { return nil }
  }
}
