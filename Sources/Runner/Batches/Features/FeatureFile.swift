import CoreTensor
import Foundation
import Runs

/// Formats of features, by a file's ending.
package enum FeatureFormat: String, CaseIterable {
  /// One tensor, `features`, of F32.
  case safetensors
  /// NumPy's array file, `<f4`.
  case npy
  /// A line for each row, the radiograph first.
  case csv
}

/// A file of float32 rows that is written batch by batch, however many there are, and is there only when it is whole.
///
/// The count of radiographs is known at the end only, since some cannot be decoded: room for the header is left before
/// the rows, and it is written last. Machines of little-endian order only.
package final class FeatureFile {
  package let path: String
  /// Length of the whole file, once it is finished.
  package private(set) var byteCount = 0
  private let format: FeatureFormat
  /// Values of one radiograph: (D), or tokens of the grid in raster order (N, D).
  private let imageShape: [Int]
  private let metadata: [String: String]
  /// Nil once it is finished.
  private var file: UnfinishedFile?
  private var radiographs = 0
  private let headerRoom: Int

  /// - Parameters:
  ///   - path: must not exist; its folder must.
  ///   - imageShape: `[D]`, or `[N, D]` with N the square of a grid's side.
  ///   - mostRadiographs: how many may come.
  ///   - metadata: texts that a safetensors file bears.
  /// - Throws: `StorageError`.
  package init(
    _ path: String, _ format: FeatureFormat, imageShape: [Int], mostRadiographs: Int,
    metadata: [String: String]
  ) throws {
    (self.path, self.format, self.imageShape, self.metadata) = (path, format, imageShape, metadata)
    headerRoom = try Self.header(
      format, [mostRadiographs] + imageShape, metadata, room: nil, file: path
    ).count
    file = try UnfinishedFile(path)
    try append([UInt8](repeating: 0x20, count: headerRoom))
    if format == .csv { try append(Array(csvHead.utf8)) }
  }

  /// - Parameters:
  ///   - names: of the radiographs.
  ///   - values: all of theirs, row-major.
  package func append(_ names: [String], _ values: UnsafeBufferPointer<Float>) throws {
    require(
      values.count == names.count * imageShape.reduce(1, *),
      "FeatureFile: \(values.count) values for \(names.count) radiographs of \(imageShape)")
    radiographs += names.count
    if format == .csv { return try append(Array(csv(names, values).utf8)) }
    try file?.descriptor.write(UnsafeRawBufferPointer(values))
  }

  /// Writes the header and gives the file its name.
  /// - Throws: `StorageError`; there is then no file.
  package func finish() throws {
    guard let file else { fail("FeatureFile: \(path) is finished already") }
    let header = try Self.header(
      format, [radiographs] + imageShape, metadata, room: headerRoom, file: path)
    try header.withUnsafeBytes { try file.descriptor.write($0, at: 0) }
    byteCount = try file.descriptor.regularFileSize()
    try file.finish(.kept)
    self.file = nil
  }

  private func append(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { try file?.descriptor.write($0) }
  }

  // MARK: Headers

  /// - Parameter room: bytes that the header must fill; nil for as many as it may need.
  private static func header(
    _ format: FeatureFormat, _ shape: [Int], _ metadata: [String: String], room: Int?, file: String
  ) throws -> [UInt8] {
    switch format {
    case .csv: return []
    case .npy: return npyHeader(shape)
    case .safetensors:
      let entry = SafetensorsEntry(name: "features", elementType: .float32, shape: shape) { _ in }
      let json = Array(try SafetensorsWriter.header([entry], metadata: metadata, file: file).utf8)
      let length = room.map { $0 - 8 } ?? json.count
      let blanks = [UInt8](repeating: 0x20, count: length - json.count)
      return withUnsafeBytes(of: UInt64(length).littleEndian) { Array($0) } + json + blanks
    }
  }

  /// The header that `numpy.save` writes for a float32 array (format 1.0), with NumPy's own room for the first axis to
  /// grow, so that its length does not depend on how many radiographs there are.
  static func npyHeader(_ shape: [Int]) -> [UInt8] {
    let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(axes)), }"
    text += String(repeating: " ", count: max(0, 21 - "\(shape[0])".count))
    let before = 10
    text += String(repeating: " ", count: 64 - (before + text.utf8.count + 1) % 64) + "\n"
    let length = UInt16(text.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
  }

  // MARK: CSV

  private var width: Int { imageShape.last! }
  private var hasTokens: Bool { imageShape.count == 2 }

  private var csvHead: String {
    (["file"] + (hasTokens ? ["row", "column"] : []) + (0..<width).map { "f\($0)" }).joined(separator: ",")
      + "\n"
  }

  private func csv(_ names: [String], _ values: UnsafeBufferPointer<Float>) -> String {
    let tokens = hasTokens ? imageShape[0] : 1
    let side = Int(Double(tokens).squareRoot().rounded())
    var text = ""
    text.reserveCapacity(values.count * 12)
    for (radiograph, name) in names.enumerated() {
      let cell = DelimitedText.cell(name)
      for token in 0..<tokens {
        text += hasTokens ? "\(cell),\(token / side),\(token % side)" : cell
        let start = (radiograph * tokens + token) * width
        for value in values[start..<start + width] {
          text += ","
          text += value.description
        }
        text += "\n"
      }
    }
    return text
  }
}
