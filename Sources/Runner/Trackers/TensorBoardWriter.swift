import Foundation
import Runs

/// Event files that TensorBoard reads: what a run or an evaluation recorded, in a folder of their own.
///
/// Each process begins a file, whose first events say from which step on earlier files are void; so steps that are
/// taken again after a kill are shown once. Bytes reach the system every few seconds, and the disk with each
/// checkpoint: a crash of the program loses those seconds of the curves, which `metrics.jsonl` has.
public final class TensorBoardWriter {
  /// The file's path.
  public var path: String { descriptor.path }
  private let descriptor: FileDescriptor
  private let flushSeconds: Double
  private let now: () -> Double
  private var waiting: [UInt8] = []
  private var lastFlush: Double

  /// - Parameters:
  ///   - folder: made where it is missing.
  ///   - step: the first that this process may record; what earlier files say from there on is void.
  ///   - flushSeconds: how long events may wait in memory. Default 5.
  ///   - now: the clock, in seconds since 1970.
  /// - Throws: `StorageError.system`.
  public convenience init(
    folder: String, from step: Int, flushSeconds: Double = 5,
    now: @escaping () -> Double = { Date().timeIntervalSince1970 }
  ) throws {
    try Folder.create(folder)
    let path = folder + "/" + Self.name(after: try Folder.names(folder), time: Int(now()))
    self.init(
      try FileDescriptor("create", path, flags: O_WRONLY | O_CREAT | O_EXCL | O_APPEND),
      flushSeconds: flushSeconds, now: now)
    waiting = EventRecord(time: lastFlush, step: 0, content: .fileVersion).framed
    waiting += EventRecord(time: lastFlush, step: step, content: .sessionStart).framed
    try flush()
    try Folder.synchronize(folder)
  }

  /// Of a file that has its first events.
  init(_ descriptor: FileDescriptor, flushSeconds: Double, now: @escaping () -> Double) {
    (self.descriptor, self.flushSeconds, self.now, lastFlush) = (descriptor, flushSeconds, now, now())
  }

  deinit { try? flush() }

  private static let prefix = "events.out.tfevents."

  /// A name that sorts behind all of the folder, since TensorBoard reads files in the order of their names.
  static func name(after names: [String], time: Int) -> String {
    let earlier = names.filter { $0.hasPrefix(prefix) }.map { name in
      name.dropFirst(prefix.count).split(separator: ".").compactMap { Int($0) }
    }
    let seconds = max(time, earlier.compactMap(\.first).max() ?? 0)
    let number = (earlier.compactMap { $0.count > 1 ? $0[1] : nil }.max() ?? -1) + 1
    return prefix + "\(padded(seconds, 10)).\(padded(number, 6)).chex-world"
  }

  private static func padded(_ value: Int, _ digits: Int) -> String {
    String(repeating: "0", count: max(0, digits - "\(value)".count)) + "\(value)"
  }

  /// Adds numbers that belong to a step. A tag's part before the first `/` is its group.
  /// - Throws: `StorageError.system`, on a full disk for instance.
  public func add(_ scalars: [(tag: String, value: Double)], step: Int) throws {
    guard !scalars.isEmpty else { return }
    try add(.scalars(scalars.map { (Self.tag($0.tag), Float($0.value)) }), step)
  }

  /// Adds a picture.
  /// - Parameter file: path of a PNG.
  /// - Throws: `StorageError.damaged` where the file is no PNG, `StorageError.system` where it cannot be read.
  public func addImage(_ tag: String, file: String, step: Int) throws {
    let bytes = [UInt8](try DurableFile.read(file))
    guard let size = ImageSize(png: bytes) else {
      throw StorageError.damaged(file: file, expected: "a PNG picture", found: "other bytes")
    }
    try add(.image(tag: Self.tag(tag), size, png: bytes), step)
  }

  private func add(_ content: EventRecord.Content, _ step: Int) throws {
    let time = now()
    waiting += EventRecord(time: time, step: step, content: content).framed
    // A clock that was set back must not hold events up.
    if time - lastFlush >= flushSeconds || time < lastFlush { try flush() }
  }

  /// Gives what waits to the system, in one write.
  public func flush() throws {
    lastFlush = now()
    guard !waiting.isEmpty else { return }
    // What a full disk cuts short is not written a second time: the rest would be no record.
    defer { waiting = [] }
    try waiting.withUnsafeBytes { try descriptor.write($0) }
  }

  /// Brings all events to the disk.
  public func synchronize() throws {
    try flush()
    try descriptor.synchronize()
  }

  /// A tag of the characters that TensorBoard has always kept as they are; others become `_`.
  static func tag(_ text: String) -> String {
    let kept = text.unicodeScalars.map { scalar -> Character in
      let isKept =
        scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_.-/".contains(Character(scalar)))
      return isKept ? Character(scalar) : "_"
    }
    return String(kept)
  }
}
