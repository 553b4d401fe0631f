import TestSupport
import CCodecs
import CoreTensor
import Foundation
import Imaging
import WorldModel

@testable import Radiographs

/// A folder of its own for one test, gone with it.
final class ScratchFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "radiographs-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult func write(_ bytes: [UInt8], _ name: String) throws -> String {
    let file = path + "/" + name
    let folder = String(file[..<file.lastIndex(of: "/")!])
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult func write(_ text: String, _ name: String) throws -> String {
    try write(Array(text.utf8), name)
  }
}

enum Fixtures {
  static func noise(width: Int = 40, height: Int = 36) -> GrayImage {
    var random = RandomStream(seed: 3, stream: "radiographs-tests", step: width, index: height)
    return GrayImage(
      width: width, height: height, pixels: (0..<width * height).map { _ in Float(random.unit()) })
  }

  /// A smooth image that JPEG keeps well: `levels[row * width + column]` in 0...255.
  static func smooth(width: Int, height: Int) -> [UInt8] {
    (0..<width * height).map { UInt8(40 + 150 * ($0 % width) / width + 50 * ($0 / width) / height) }
  }

  static func jpeg(
    _ samples: [UInt8], width: Int, height: Int, channels: Int = 1, quality: Int = 95,
    progressive: Bool = false
  ) -> [UInt8] {
    var (encoded, message) = (chex_encoded(), chex_codec_message())
    defer { chex_encoded_release(&encoded) }
    let status = chex_jpeg_encode(
      samples, UInt32(width), UInt32(height), Int32(channels), Int32(quality), progressive ? 1 : 0, &encoded,
      &message)
    precondition(status == CHEX_CODEC_OK, "JPEG encoder: \(message.words)")
    return Array(UnsafeBufferPointer(start: encoded.bytes, count: encoded.size))
  }

  /// The reason that decoding gives, or nil where it succeeds.
  static func reason(_ bytes: [UInt8], decoder: RadiographDecoder = RadiographDecoder()) -> String? {
    reason { _ = try decoder.decode(bytes, identifier: "image") }
  }

  static func reason(_ work: () throws -> Void) -> String? {
    do {
      try work()
      return nil
    } catch let radiograph as UnusableRadiograph {
      return radiograph.reason
    } catch {
      return "another error: \(error)"
    }
  }

  /// The words of the error that `work` throws, or nil.
  static func failure(_ work: () throws -> Void) -> String? {
    do {
      try work()
      return nil
    } catch { return "\(error)" }
  }

  /// The collection of real radiographs beside the repository, if it is there.
  static let realRadiographs: String? = {
    let folder = BuildFolder.shared + "/cxr"
    return FileManager.default.fileExists(atPath: folder + "/index.csv") ? folder : nil
  }()
}

/// Names in a folder, hidden ones too, sorted.
func folderNames(_ path: String) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: path).sorted()
}
