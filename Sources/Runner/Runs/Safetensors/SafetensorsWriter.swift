import Foundation

/// A tensor to be written: its bytes are asked for only when its turn comes.
public struct SafetensorsEntry {
  /// Receives a tensor's bytes, in one piece or in several in their order.
  public typealias Receiver = (UnsafeRawBufferPointer) throws -> Void

  public let name: String
  public let elementType: SafetensorsType
  public let shape: [Int]
  let provide: (Receiver) throws -> Void

  /// - Parameters:
  ///   - name: unique within the file.
  ///   - provide: hands the tensor's bytes, row-major and little-endian, to the receiver.
  public init(
    name: String, elementType: SafetensorsType, shape: [Int],
    provide: @escaping (_ receiver: Receiver) throws -> Void
  ) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.provide = provide
  }

  /// Float32 numbers, row-major.
  public init(name: String, shape: [Int], floats: [Float]) {
    self.init(name: name, elementType: .float32, shape: shape) { try floats.withUnsafeBytes($0) }
  }

  /// Whole numbers, row-major.
  public init(name: String, shape: [Int], integers: [Int64]) {
    self.init(name: name, elementType: .int64, shape: shape) { try integers.withUnsafeBytes($0) }
  }

  /// Bytes.
  public init(name: String, shape: [Int], bytes: [UInt8]) {
    self.init(name: name, elementType: .uint8, shape: shape) { try bytes.withUnsafeBytes($0) }
  }

  /// Bytes that shape and element type ask for.
  package var byteCount: Int { shape.reduce(elementType.size, *) }
}

/// Writes safetensors files without a second copy of any tensor.
public enum SafetensorsWriter {
  /// Writes to `path` durably (`DurableFile`).
  /// - Parameter metadata: texts for `__metadata__`.
  /// - Throws: `StorageError`; `path` is then as it was.
  @discardableResult
  public static func write(
    _ entries: [SafetensorsEntry], metadata: [String: String] = [:], to path: String
  ) throws -> FileSeal {
    try DurableFile.write(to: path) { try write(entries, metadata: metadata, to: $0) }
  }

  /// Writes to an open file.
  ///
  /// Tensors lie in order of element size (largest first, so that each is aligned to its own), then of name.
  public static func write(
    _ entries: [SafetensorsEntry], metadata: [String: String] = [:], to sink: FileSink
  ) throws {
    let ordered = entries.sorted { ($1.elementType.size, $0.name) < ($0.elementType.size, $1.name) }
    let header = try header(ordered, metadata: metadata, file: sink.path)
    try withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { try sink.write($0) }
    try sink.write(header)
    for entry in ordered {
      let start = sink.byteCount
      try entry.provide { try sink.write($0) }
      guard sink.byteCount - start == entry.byteCount else {
        throw StorageError.safetensors(
          file: sink.path, tensor: entry.name,
          expected: "\(entry.byteCount) bytes for \(entry.elementType.rawValue) \(entry.shape)",
          found: "\(sink.byteCount - start) bytes from the entry")
      }
    }
  }

  /// - Returns: the JSON header, padded with blanks to a multiple of 8 bytes.
  package static func header(
    _ entries: [SafetensorsEntry], metadata: [String: String], file: String
  ) throws -> String {
    var parts: [String] = []
    if !metadata.isEmpty {
      let texts = metadata.sorted { $0.key < $1.key }
        .map { JsonText.quoted($0.key) + ":" + JsonText.quoted($0.value) }
      parts.append("\"\(SafetensorsHeader.metadataKey)\":{" + texts.joined(separator: ",") + "}")
    }
    var offset = 0
    var seen: Set<String> = [SafetensorsHeader.metadataKey]
    for entry in entries {
      guard seen.insert(entry.name).inserted else {
        throw StorageError.safetensors(
          file: file, tensor: entry.name, expected: "a name of its own for each tensor", found: "it twice")
      }
      guard entry.shape.allSatisfy({ $0 >= 0 }) else {
        throw StorageError.safetensors(
          file: file, tensor: entry.name, expected: "a shape without negative sides", found: "\(entry.shape)")
      }
      let shape = entry.shape.map(String.init).joined(separator: ",")
      parts.append(
        JsonText.quoted(entry.name) + ":{\"dtype\":\"\(entry.elementType.rawValue)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(offset + entry.byteCount)]}")
      offset += entry.byteCount
    }
    let json = "{" + parts.joined(separator: ",") + "}"
    return json + String(repeating: " ", count: (8 - json.utf8.count % 8) % 8)
  }
}
