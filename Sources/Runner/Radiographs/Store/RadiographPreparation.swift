import CCodecs
import Imaging
import Runs
import WorldModel

/// A radiograph as it goes into a store, or why it does not.
enum PreparedRadiograph: Sendable {
  case kept(RadiographRecord, StoredRadiograph, levels: [UInt8])
  case dropped(UnusableRadiograph)
}

/// What is done to every radiograph: a function of the radiograph and the settings alone.
struct RadiographPreparation: Sendable {
  let source: any RadiographSource
  let settings: StoreSettings

  /// Decodes radiograph `index` and makes it ready.
  /// - Throws: what the source throws besides `UnusableRadiograph`.
  func radiograph(at index: Int) throws -> PreparedRadiograph {
    let record = source.records[index]
    do {
      let radiograph = try source.radiograph(at: index)
      let header = try source.header(at: index)
      if let reason = Self.refusal(radiograph) {
        return .dropped(UnusableRadiograph(identifier: record.identifier, reason: reason))
      }
      return prepared(radiograph, header, record)
    } catch let failure as UnusableRadiograph {
      return .dropped(UnusableRadiograph(identifier: record.identifier, reason: failure.reason))
    }
  }

  private static func refusal(_ radiograph: GrayImage) -> String? {
    if radiograph.width < 1 || radiograph.height < 1 {
      return "no pixels: the source gave an empty radiograph"
    }
    let strange = radiograph.pixels.withUnsafeBufferPointer {
      chex_pixels_not_finite($0.baseAddress!, $0.count)
    }
    return strange > 0 ? "pixels that are no numbers: \(strange) of \(radiograph.pixels.count)" : nil
  }

  private func prepared(
    _ radiograph: GrayImage, _ header: ImageHeader?, _ record: RadiographRecord
  ) -> PreparedRadiograph {
    let field = settings.keepsBorders ? nil : ExposedField(of: radiograph)
    let box = field?.box ?? PixelBox(radiograph)
    let size = Self.size(of: box, shorterSide: settings.size)
    let isWhole = box == PixelBox(radiograph) && size == (radiograph.height, radiograph.width)
    let image =
      isWhole
      ? radiograph
      : radiograph.cropped(
        row: box.row, column: box.column, height: box.height, width: box.width, resizedTo: size)
    let bits = bits(of: radiograph, header)
    let levels = Self.levels(of: image, bits: bits)
    return .kept(
      record,
      StoredRadiograph(
        width: image.width, height: image.height, bits: bits,
        crc32: levels.withUnsafeBytes { Checksum.value(of: $0) }, sourceWidth: radiograph.width,
        sourceHeight: radiograph.height, sourceDepth: header?.bitDepth ?? 0,
        sourceChannels: header?.channels ?? 0,
        crop: box, cropWasRefused: field?.wasRefused ?? false),
      levels: levels)
  }

  /// The size that brings the shorter side to at most `shorterSide`.
  static func size(of box: PixelBox, shorterSide: Int) -> (height: Int, width: Int) {
    let shorter = min(box.height, box.width)
    guard shorter > shorterSide else { return (box.height, box.width) }
    func scaled(_ side: Int) -> Int {
      max(1, Int((Double(side) * Double(shorterSide) / Double(shorter)).rounded()))
    }
    return (scaled(box.height), scaled(box.width))
  }

  private func bits(of radiograph: GrayImage, _ header: ImageHeader?) -> Int {
    switch settings.depth {
    case .eight: return 8
    case .sixteen: return 16
    case .auto:
      if let header { return header.bitDepth <= 8 ? 8 : 16 }
      return radiograph.pixels.withUnsafeBufferPointer { chex_pixels_are_8($0.baseAddress!, $0.count) } != 0
        ? 8 : 16
    }
  }

  static func levels(of image: GrayImage, bits: Int) -> [UInt8] {
    let count = image.pixels.count
    return [UInt8](unsafeUninitializedCapacity: count * bits / 8) { buffer, initialized in
      image.pixels.withUnsafeBufferPointer { pixels in
        if bits == 8 {
          chex_pixels_to_8(pixels.baseAddress!, buffer.baseAddress!, count)
        } else {
          // Swift's arrays are aligned to 16 bytes.
          UnsafeMutableRawPointer(buffer.baseAddress!).withMemoryRebound(to: UInt16.self, capacity: count) {
            chex_pixels_to_16(pixels.baseAddress!, $0, count)
          }
        }
      }
      initialized = count * bits / 8
    }
  }
}
