import Foundation

/// One value of a line of metrics.
public enum MetricValue: Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByStringLiteral, ExpressibleByBooleanLiteral
{
  case integer(Int)
  case number(Double)
  case float(Float)
  case boolean(Bool)
  case text(String)

  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }

  /// JSON, with the fewest digits that read back to the same number. What JSON cannot say as a number is the text
  /// `"NaN"`, `"Infinity"` or `"-Infinity"`.
  package var json: String {
    switch self {
    case .integer(let value): "\(value)"
    case .number(let value): value.isFinite ? "\(value)" : Self.word(value)
    case .float(let value): value.isFinite ? "\(value)" : Self.word(Double(value))
    case .boolean(let value): "\(value)"
    case .text(let value): JsonText.quoted(value)
    }
  }

  private static func word(_ value: Double) -> String {
    value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\""
  }
}

/// An append-only file of JSON lines, each with the step that it belongs to: `{"step":12,"loss":0.31}`.
///
/// Each line reaches the system in one write, so that a killed process leaves at most one torn line, the last.
public final class MetricsLog {
  public let path: String
  private var descriptor: FileDescriptor

  /// Opens the file for appending, or makes it.
  public init(path: String) throws {
    self.path = path
    descriptor = try Self.append(path)
  }

  /// What a run's file says so far, one dictionary a step. A torn last line, which a process may be writing, is
  /// left out; numbers that JSON cannot say come back as numbers.
  /// - Throws: `StorageError` where an earlier line is no JSON object.
  public static func lines(of folder: RunFolder) throws -> [[String: Any]] {
    try lines(ofFile: folder.path(of: .metrics))
  }

  /// The same of any file of metrics.
  public static func lines(ofFile path: String) throws -> [[String: Any]] {
    guard let text = String(data: try DurableFile.read(path), encoding: .utf8) else {
      throw StorageError.damaged(file: path, expected: "text in UTF-8", found: "other bytes")
    }
    // By bytes: by characters the splitting alone would take most of the time.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"))
    return try lines.enumerated().compactMap { index, line in
      let object = try? JSONSerialization.jsonObject(with: Data(line))
      guard let fields = object as? [String: Any] else {
        if index == lines.count - 1, !text.hasSuffix("\n") { return nil }
        throw StorageError.damaged(
          file: path, expected: "a JSON object on line \(index + 1)",
          found: String(decoding: line.prefix(60), as: UTF8.self))
      }
      return fields.reduce(into: [:]) { line, field in
        line[FormerKeys.current(field.key)] = (field.value as? String).flatMap { words[$0] } ?? field.value
      }
    }
  }

  private static let words = ["NaN": Double.nan, "Infinity": .infinity, "-Infinity": -.infinity]

  /// What each line of a run has beside the terms of its loss.
  private static let otherFields: Set<String> = [
    "step", "epoch", "loss", "gradient_norm", "learning_rate", "ema_decay", "images_per_second",
    "data_wait_share",
  ]

  /// Whether the loss is made of the field `name`. `patches.NAME` counts the patches of a term, and `seconds.NAME…`
  /// says what a task took.
  public static func isLossTerm(_ name: String) -> Bool {
    !otherFields.contains(name) && !name.hasPrefix("patches.") && !name.hasPrefix("seconds.")
  }

  /// Adds a line.
  /// - Parameter fields: written in this order, after `step`.
  public func append(step: Int, _ fields: [(name: String, value: MetricValue)]) throws {
    let parts = ["\"step\":\(step)"] + fields.map { JsonText.quoted($0.name) + ":" + $0.value.json }
    var line = "{" + parts.joined(separator: ",") + "}\n"
    try line.withUTF8 { [descriptor] in try descriptor.write(UnsafeRawBufferPointer($0)) }
  }

  /// Brings what was appended to the disk; to be called with each checkpoint.
  public func synchronize() throws { try descriptor.synchronize() }

  /// Removes what a run wrote after the checkpoint that it goes on from: lines of later steps, and lines that are
  /// torn or unreadable. The continued file then equals that of a run which was never stopped.
  /// - Parameter step: the checkpoint's; lines of this step stay.
  /// - Returns: how many lines went.
  @discardableResult
  public func truncate(afterStep step: Int) throws -> Int {
    let data = try DurableFile.read(path, limit: Int.max)
    var kept = Data()
    var removed = 0
    var lineStart = data.startIndex
    while lineStart < data.endIndex {
      let lineEnd = data[lineStart...].firstIndex(of: UInt8(ascii: "\n"))
      let end = lineEnd.map { $0 + 1 } ?? data.endIndex
      let line = data[lineStart..<end]
      if lineEnd != nil, let found = Self.step(of: line), found <= step {
        kept.append(line)
      } else {
        removed += 1
      }
      lineStart = end
    }
    guard removed > 0 else { return 0 }
    try DurableFile.write(to: path) { sink in try kept.withUnsafeBytes { try sink.write($0) } }
    descriptor = try Self.append(path)
    return removed
  }

  private struct Line: Decodable { let step: Int }

  private static func step(of line: Data) -> Int? {
    (try? JSONDecoder().decode(Line.self, from: line))?.step
  }

  private static func append(_ path: String) throws -> FileDescriptor {
    try FileDescriptor("open", path, flags: O_WRONLY | O_CREAT | O_APPEND)
  }
}
