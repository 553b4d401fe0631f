import Foundation

/// A safetensors file, opened and checked; tensors are read from it on request.
///
/// Layout: header length (8 bytes, little-endian), JSON header, data. Everything in the header is checked at opening:
/// sizes against shapes, offsets against each other and against the file's length. Machines of little-endian order
/// only.
public final class SafetensorsFile {
  public let path: String
  /// The `__metadata__` texts; empty where the file has none.
  public let metadata: [String: String]
  private let tensors: [String: StoredTensor]
  private let descriptor: FileDescriptor
  private let dataStart: Int

  /// - Throws: `StorageError` that names file, tensor, what was expected and what was found.
  public init(path: String) throws {
    self.path = path
    descriptor = try FileDescriptor("open", path, flags: O_RDONLY)
    let size = try descriptor.regularFileSize()
    guard size >= 8 else {
      throw StorageError.safetensors(
        file: path, tensor: nil, expected: "at least 8 bytes of header length", found: "\(size) bytes")
    }
    var announced: UInt64 = 0
    try withUnsafeMutableBytes(of: &announced) { [descriptor] in try descriptor.read(into: $0, at: 0) }
    let longest = min(SafetensorsHeader.longest, size - 8)
    guard announced <= UInt64(longest) else {
      throw StorageError.safetensors(
        file: path, tensor: nil, expected: "a header of at most \(longest) bytes", found: "\(announced)")
    }
    var json = Data(count: Int(announced))
    if !json.isEmpty {
      try json.withUnsafeMutableBytes { [descriptor] in try descriptor.read(into: $0, at: 8) }
    }
    dataStart = 8 + json.count
    let header = try SafetensorsHeader(json: json, dataLength: size - dataStart, file: path)
    tensors = header.tensors
    metadata = header.metadata
  }

  /// Names of all tensors, sorted.
  public var names: [String] { tensors.keys.sorted() }

  public func contains(_ name: String) -> Bool { tensors[name] != nil }

  /// Element type, shape and place of a tensor.
  /// - Throws: `StorageError.safetensors` where the file has none of that name.
  public func tensor(named name: String) throws -> StoredTensor {
    guard let tensor = tensors[name] else {
      throw StorageError.safetensors(
        file: path, tensor: name, expected: "a tensor of that name", found: "none among \(tensors.count)")
    }
    return tensor
  }

  public func shape(named name: String) throws -> [Int] { try tensor(named: name).shape }
  public func elementType(named name: String) throws -> SafetensorsType {
    try tensor(named: name).elementType
  }

  /// A tensor's bytes as they are stored.
  public func bytes(named name: String) throws -> [UInt8] { try elements(of: tensor(named: name)) }

  /// A tensor of F32, F64, F16 or BF16 as float32, row-major; F64 is rounded.
  public func floats(named name: String) throws -> [Float] {
    let tensor = try tensor(named: name)
    switch tensor.elementType {
    case .float32: return try elements(of: tensor)
    case .float64: return try (elements(of: tensor) as [Double]).map { Float($0) }
    case .float16: return try (elements(of: tensor) as [UInt16]).map { Float(Float16(bitPattern: $0)) }
    case .bfloat16:
      return try (elements(of: tensor) as [UInt16]).map { Float(bitPattern: UInt32($0) << 16) }
    default:
      throw mismatch(tensor, "floating-point numbers (F32, F64, F16, BF16)")
    }
  }

  /// Reads an F32 tensor straight to where it is needed.
  /// - Parameter destination: exactly as many numbers as the tensor has.
  public func read(named name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
    let tensor = try tensor(named: name)
    guard tensor.elementType == .float32 else { throw mismatch(tensor, "F32") }
    guard tensor.elementCount == destination.count else {
      throw mismatch(tensor, "\(destination.count) numbers")
    }
    guard destination.count > 0 else { return }
    try descriptor.read(
      into: UnsafeMutableRawBufferPointer(destination), at: dataStart + tensor.bytes.lowerBound)
  }

  /// A tensor of any whole-number type or BOOL, row-major.
  public func integers(named name: String) throws -> [Int64] {
    let tensor = try tensor(named: name)
    switch tensor.elementType {
    case .int64: return try elements(of: tensor)
    case .int32: return try widened(tensor, Int32.self)
    case .int16: return try widened(tensor, Int16.self)
    case .int8: return try widened(tensor, Int8.self)
    case .uint32: return try widened(tensor, UInt32.self)
    case .uint16: return try widened(tensor, UInt16.self)
    case .uint8: return try widened(tensor, UInt8.self)
    case .boolean: return try (elements(of: tensor) as [UInt8]).map { $0 == 0 ? 0 : 1 }
    case .uint64:
      return try (elements(of: tensor) as [UInt64]).map {
        guard let value = Int64(exactly: $0) else { throw mismatch(tensor, "numbers below 2^63", "\($0)") }
        return value
      }
    default: throw mismatch(tensor, "whole numbers (I64, I32, I16, I8, U64, U32, U16, U8, BOOL)")
    }
  }

  private func widened<Number: FixedWidthInteger & BitwiseCopyable>(
    _ tensor: StoredTensor, _ type: Number.Type
  ) throws -> [Int64] {
    try (elements(of: tensor) as [Number]).map { Int64($0) }
  }

  private func elements<Element: BitwiseCopyable>(of tensor: StoredTensor) throws -> [Element] {
    let count = tensor.bytes.count / MemoryLayout<Element>.size
    return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      let room = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<tensor.bytes.count])
      if count > 0 { try descriptor.read(into: room, at: dataStart + tensor.bytes.lowerBound) }
      initialized = count
    }
  }

  private func mismatch(_ tensor: StoredTensor, _ expected: String, _ found: String? = nil) -> StorageError {
    .safetensors(
      file: path, tensor: tensor.name, expected: expected,
      found: found ?? "\(tensor.elementType.rawValue) \(tensor.shape)")
  }
}
