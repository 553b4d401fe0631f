import CCodecs
import CoreTensor
import Foundation
import Imaging
import Runs

/// An RGB image of 8 bits: `height` rows of `width` pixels of red, green, blue.
public struct ColorImage: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `3 * width * height` values, row-major, red, green, blue interleaved.
  public var rgb: [UInt8]

  /// - Precondition: `rgb.count == 3 * width * height`.
  public init(width: Int, height: Int, rgb: [UInt8]) {
    require(
      width >= 0 && height >= 0 && rgb.count == 3 * width * height,
      "ColorImage: \(rgb.count) values given for 3 × \(width) × \(height)")
    self.width = width
    self.height = height
    self.rgb = rgb
  }

  /// An image of one colour.
  public init(width: Int, height: Int, red: UInt8 = 0, green: UInt8 = 0, blue: UInt8 = 0) {
    var rgb = [UInt8](repeating: red, count: 3 * width * height)
    for pixel in 0..<width * height {
      rgb[3 * pixel + 1] = green
      rgb[3 * pixel + 2] = blue
    }
    self.init(width: width, height: height, rgb: rgb)
  }
}

/// Writes PNG files, each to a temporary name that is renamed when whole.
public enum PngWriter {
  /// Bits of a grey sample.
  public enum Depth: Int, Sendable { case eight = 8, sixteen = 16 }

  /// Writes `image`, clipped to [0, 1] and rounded to the nearest level; not-a-number becomes black.
  /// - Throws: `StorageError.system` where the system refuses, `FilmsError.cannotWrite` for an image without pixels.
  public static func write(_ image: GrayImage, to path: String, depth: Depth = .eight) throws {
    try DurableFile.write(encode(image, depth: depth, path: path), to: path)
  }

  /// Writes `image` as 8-bit RGB.
  /// - Throws: `StorageError.system` where the system refuses, `FilmsError.cannotWrite` for an image without pixels.
  public static func write(_ image: ColorImage, to path: String) throws {
    try DurableFile.write(encode(image, path: path), to: path)
  }

  /// The PNG file of `image` in memory.
  /// - Parameter path: what an error names.
  /// - Throws: `FilmsError.cannotWrite` for an image without pixels, or where memory runs out.
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

  /// The PNG file of `image` in memory; see ``encode(_:depth:path:)``.
  public static func encode(_ image: ColorImage, path: String = "PNG in memory") throws -> [UInt8] {
    try collect(width: image.width, height: image.height, path: path) { encoded, message in
      image.rgb.withUnsafeBufferPointer {
        chex_png_encode_rgb($0.baseAddress, UInt32(image.width), UInt32(image.height), encoded, message)
      }
    }
  }

  private static func collect(
    width: Int, height: Int, path: String,
    _ encode: (UnsafeMutablePointer<chex_encoded>, UnsafeMutablePointer<chex_codec_message>) ->
      chex_codec_status
  ) throws -> [UInt8] {
    guard (1...1_000_000).contains(width), (1...1_000_000).contains(height) else {
      throw FilmsError.cannotWrite(
        path: path, reason: "a PNG has 1 to 1000000 pixels a side, this image is \(width) × \(height)")
    }
    var (encoded, message) = (chex_encoded(), chex_codec_message())
    defer { chex_encoded_release(&encoded) }
    guard encode(&encoded, &message) == CHEX_CODEC_OK else {
      throw FilmsError.cannotWrite(path: path, reason: message.words)
    }
    return Array(UnsafeBufferPointer(start: encoded.bytes, count: encoded.size))
  }
}
