import CCodecs
import Imaging
import Runs
import WorldModel

/// A film as it goes into a store, or why it does not.
enum PreparedFilm: Sendable {
  case kept(FilmRecord, StoredFilm, levels: [UInt8])
  case dropped(UnusableFilm)
}

/// What is done to every film: a function of the film and the settings alone.
struct FilmPreparation: Sendable {
  let source: any FilmSource
  let settings: StoreSettings

  /// Decodes film `index` and makes it ready.
  /// - Throws: what the source throws besides `UnusableFilm`.
  func film(at index: Int) throws -> PreparedFilm {
    let record = source.records[index]
    do {
      let film = try source.film(at: index)
      let header = try source.header(at: index)
      if let reason = Self.refusal(film) {
        return .dropped(UnusableFilm(identifier: record.identifier, reason: reason))
      }
      return prepared(film, header, record)
    } catch let failure as UnusableFilm {
      return .dropped(UnusableFilm(identifier: record.identifier, reason: failure.reason))
    }
  }

  private static func refusal(_ film: GrayImage) -> String? {
    if film.width < 1 || film.height < 1 { return "no pixels: the source gave an empty film" }
    let strange = film.pixels.withUnsafeBufferPointer { chex_pixels_not_finite($0.baseAddress!, $0.count) }
    return strange > 0 ? "pixels that are no numbers: \(strange) of \(film.pixels.count)" : nil
  }

  private func prepared(
    _ film: GrayImage, _ header: ImageHeader?, _ record: FilmRecord
  ) -> PreparedFilm {
    let field = settings.keepsBorders ? nil : ExposedField(of: film)
    let box = field?.box ?? PixelBox(film)
    let size = Self.size(of: box, shorterSide: settings.size)
    let isWhole = box == PixelBox(film) && size == (film.height, film.width)
    let image =
      isWhole
      ? film
      : film.cropped(
        row: box.row, column: box.column, height: box.height, width: box.width, resizedTo: size)
    let bits = bits(of: film, header)
    let levels = Self.levels(of: image, bits: bits)
    return .kept(
      record,
      StoredFilm(
        width: image.width, height: image.height, bits: bits,
        crc32: levels.withUnsafeBytes { Checksum.value(of: $0) }, sourceWidth: film.width,
        sourceHeight: film.height, sourceDepth: header?.bitDepth ?? 0, sourceChannels: header?.channels ?? 0,
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

  private func bits(of film: GrayImage, _ header: ImageHeader?) -> Int {
    switch settings.depth {
    case .eight: return 8
    case .sixteen: return 16
    case .auto:
      if let header { return header.bitDepth <= 8 ? 8 : 16 }
      return film.pixels.withUnsafeBufferPointer { chex_pixels_are_8($0.baseAddress!, $0.count) } != 0
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
