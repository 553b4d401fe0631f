import CCodecs
import CoreTensor
import Foundation
import Imaging
import Runs

/// Writes PNG files, each to a temporary name that is renamed when whole.
public enum PngWriter {
  /// Bits of a grey sample.
  public enum Depth: Int, Sendable { case eight = 8, sixteen = 16 }

  /// Writes `image`, clipped to [0, 1] and rounded to the nearest level; not-a-number becomes black.
  /// - Throws: `StorageError.system` where the system refuses, `RadiographsError.cannotWrite` for an image without
  ///   pixels.
  public static func write(_ image: GrayImage, to path: String, depth: Depth = .eight) throws {
    try DurableFile.write(encode(image, depth: depth, path: path), to: path)
  }

  /// The PNG file of `image` in memory.
  /// - Parameter path: what an error names.
  /// - Throws: `RadiographsError.cannotWrite` for an image without pixels, or where memory runs out.
  public static func encode(
    _ image: GrayImage, depth: Depth = .eight, path: String = "PNG in memory"
  ) throws -> [UInt8] {
    try collect(width: image.width, height: image.height, path: path) { encoded, message in
      image.pixels.withUnsafeBufferPointer {
        chex_png_encode_grey(
          $0.baseAddress, UInt32(image.width), UInt32(image.height), Int32(depth.rawValue), encoded, message)
      }
    }
  }

  private static func collect(
    width: Int, height: Int, path: String,
    _ encode: (UnsafeMutablePointer<chex_encoded>, UnsafeMutablePointer<chex_codec_message>) ->
      chex_codec_status
  ) throws -> [UInt8] {
    guard (1...1_000_000).contains(width), (1...1_000_000).contains(height) else {
      throw RadiographsError.cannotWrite(
        path: path, reason: "a PNG has 1 to 1000000 pixels a side, this image is \(width) × \(height)")
    }
    var (encoded, message) = (chex_encoded(), chex_codec_message())
    defer { chex_encoded_release(&encoded) }
    guard encode(&encoded, &message) == CHEX_CODEC_OK else {
      throw RadiographsError.cannotWrite(path: path, reason: message.words)
    }
    return Array(UnsafeBufferPointer(start: encoded.bytes, count: encoded.size))
  }
}
