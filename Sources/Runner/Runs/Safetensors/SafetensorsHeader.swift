import Foundation

/// Element types of the safetensors format.
public enum SafetensorsType: String, Sendable, CaseIterable, Codable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case boolean = "BOOL"

  /// Bytes of one element.
  public var size: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .boolean: 1
    }
  }
}

/// A tensor as a safetensors header announces it.
public struct StoredTensor: Sendable, Equatable {
  public let name: String
  public let elementType: SafetensorsType
  public let shape: [Int]
  /// Place in the file's data section, in bytes.
  public let bytes: Range<Int>

  /// Product of the shape; 1 for a scalar.
  public var elementCount: Int { bytes.count / elementType.size }
}

/// The JSON header of a safetensors file, checked against the file's length.
struct SafetensorsHeader {
  /// Longest header that the format allows, in bytes.
  static let longest = 100_000_000
  static let metadataKey = "__metadata__"

  package let tensors: [String: StoredTensor]
  package let metadata: [String: String]

  /// - Parameters:
  ///   - json: the header's bytes, padding included.
  ///   - dataLength: bytes that follow the header.
  init(json: Data, dataLength: Int, file: String) throws {
    guard json.first == UInt8(ascii: "{") else {
      throw StorageError.safetensors(
        file: file, tensor: nil, expected: "a JSON header that begins with {",
        found: json.first.map { "byte \($0)" } ?? "an empty header")
    }
    if let twice = JsonText.repeatedKey(of: json) {
      throw StorageError.safetensors(
        file: file, tensor: twice, expected: "each tensor once in the header", found: "it twice")
    }
    let raw: RawHeader
    do { raw = try JSONDecoder().decode(RawHeader.self, from: json) } catch {
      throw Self.refusal(of: error, file: file)
    }
    metadata = raw.metadata
    var tensors: [String: StoredTensor] = [:]
    for (name, entry) in raw.entries {
      tensors[name] = try Self.check(entry, name: name, dataLength: dataLength, file: file)
    }
    self.tensors = tensors
    try Self.checkCoverage(tensors, dataLength: dataLength, file: file)
  }

  private static func check(
    _ entry: RawEntry, name: String, dataLength: Int, file: String
  ) throws -> StoredTensor {
    func refuse(_ expected: String, _ found: String) -> StorageError {
      .safetensors(file: file, tensor: name, expected: expected, found: found)
    }
    guard let type = SafetensorsType(rawValue: entry.dtype) else {
      let known = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
      let isEighth = entry.dtype.hasPrefix("F8")
      throw refuse(
        "a dtype of \(known)",
        "\"\(entry.dtype)\""
          + (isEighth
            ? ", eight bits that mean something only with scales of their own; save the model in BF16 or F32"
            : ""))
    }
    var length = type.size
    for side in entry.shape {
      let (product, overflow) = length.multipliedReportingOverflow(by: side)
      guard side >= 0, !overflow else { throw refuse("a shape that fits in memory", "\(entry.shape)") }
      length = product
    }
    guard entry.offsets.count == 2, entry.offsets[0] >= 0, entry.offsets[0] <= entry.offsets[1],
      entry.offsets[1] <= dataLength
    else {
      throw refuse("data_offsets [begin, end] within 0...\(dataLength)", "\(entry.offsets)")
    }
    guard entry.offsets[1] - entry.offsets[0] == length else {
      throw refuse(
        "\(length) bytes for \(type.rawValue) \(entry.shape)", "\(entry.offsets[1] - entry.offsets[0]) bytes")
    }
    return StoredTensor(
      name: name, elementType: type, shape: entry.shape, bytes: entry.offsets[0]..<entry.offsets[1])
  }

  /// The format's rule: tensors follow one another without overlap or gap and end where the file ends.
  private static func checkCoverage(
    _ tensors: [String: StoredTensor], dataLength: Int, file: String
  ) throws {
    let ordered = tensors.values.sorted {
      ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name)
        < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
    }
    var end = 0
    for tensor in ordered {
      guard tensor.bytes.lowerBound == end else {
        let fault = tensor.bytes.lowerBound < end ? "an overlap" : "a gap (or a name given twice)"
        throw StorageError.safetensors(
          file: file, tensor: tensor.name, expected: "data from byte \(end)",
          found: "\(fault): data from byte \(tensor.bytes.lowerBound)")
      }
      end = tensor.bytes.upperBound
    }
    guard end == dataLength else {
      throw StorageError.safetensors(
        file: file, tensor: nil, expected: "\(end) bytes of data after the header", found: "\(dataLength)")
    }
  }

  private static func refusal(of error: any Error, file: String) -> StorageError {
    guard let error = error as? DecodingError else {
      return .safetensors(file: file, tensor: nil, expected: "a JSON header", found: "\(error)")
    }
    let context: DecodingError.Context
    switch error {
    case .typeMismatch(_, let value), .valueNotFound(_, let value), .keyNotFound(_, let value),
      .dataCorrupted(let value):
      context = value
    @unknown default:
      return .safetensors(file: file, tensor: nil, expected: "a JSON header", found: "\(error)")
    }
    return .safetensors(
      file: file, tensor: context.codingPath.first?.stringValue,
      expected: "a JSON header of {dtype, shape, data_offsets} for each tensor",
      found: context.debugDescription)
  }
}

private struct RawEntry: Decodable {
  let dtype: String
  let shape: [Int]
  let offsets: [Int]
  enum CodingKeys: String, CodingKey {
    case dtype
    case shape
    case offsets = "data_offsets"
  }
}

private struct RawHeader: Decodable {
  var entries: [String: RawEntry] = [:]
  var metadata: [String: String] = [:]

  struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let names = try decoder.container(keyedBy: Name.self)
    for name in names.allKeys {
      if name.stringValue == SafetensorsHeader.metadataKey {
        metadata = try names.decode([String: String].self, forKey: name)
      } else {
        entries[name.stringValue] = try names.decode(RawEntry.self, forKey: name)
      }
    }
  }
}
