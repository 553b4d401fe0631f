import CDicomProtocol
import Imaging

/// How stored values become grey where the file leaves it open.
public struct DicomRendering: Sendable, Equatable {
  /// Percentiles, 0 to 100, of the pixels that are not padding, which become black and white.
  public var lowPercentile: Double
  public var highPercentile: Double
  /// Whether the percentiles are used even where the file has a window or a table of its own.
  public var ignoresWindow: Bool

  public init(lowPercentile: Double = 0.5, highPercentile: Double = 99.5, ignoresWindow: Bool = false) {
    self.lowPercentile = lowPercentile
    self.highPercentile = highPercentile
    self.ignoresWindow = ignoresWindow
  }

  var options: chex_dicom_options {
    chex_dicom_options(
      ignore_window: ignoresWindow ? 1 : 0, reserved: 0, low_percentile: lowPercentile,
      high_percentile: highPercentile)
  }
}

/// DICOM files, decoded by GDCM in worker processes: grey radiographs of 8 to 16 bits, native, run-length, JPEG,
/// JPEG-LS and JPEG 2000, and native colour as its luma. Radiographs of several frames are refused.
public struct DicomCodec: ImageCodec {
  public let name = "DICOM"
  public let fileExtensions = ["dcm", "dicom"]
  public let describesRadiographs = true
  let pool: DicomWorkerPool
  let rendering: DicomRendering
  /// Headers are looked for in so many bytes first: a file's pixels need not travel to read it.
  private static let headerBytes = 256 << 10

  public init(pool: DicomWorkerPool, rendering: DicomRendering = DicomRendering()) {
    self.pool = pool
    self.rendering = rendering
  }

  /// Part 10 files by their mark; data sets without one by the first elements that a radiograph may begin with.
  public func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    if bytes.count >= 132, bytes[128..<132].elementsEqual("DICM".utf8) { return true }
    guard bytes.count >= 132, bytes[1] == 0, bytes[3] == 0 else { return false }
    return bytes[0] == 0x02
      ? bytes[2] <= 0x02 : bytes[0] == 0x08 && [0x00, 0x05, 0x08, 0x16].contains(bytes[2])
  }

  public func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader {
    if bytes.count > Self.headerBytes {
      let beginning = UnsafeRawBufferPointer(rebasing: bytes[..<Self.headerBytes])
      if let header = try? pool.header(of: beginning) { return ImageHeader(header) }
    }
    return ImageHeader(try pool.header(of: bytes))
  }

  public func decode(
    _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?
  ) throws -> GrayImage {
    let pixels = try pool.decode(
      bytes, width: header.width, height: header.height, options: rendering.options)
    return GrayImage(width: header.width, height: header.height, pixels: pixels)
  }
}

extension ImageHeader {
  /// - Parameter fields: a worker's reply.
  init(_ fields: chex_dicom_header_fields) {
    self.init(
      width: Int(fields.columns), height: Int(fields.rows), bitDepth: Int(fields.bits_stored),
      channels: Int(fields.samples_per_pixel))
    let spacing = fields.pixel_spacing.0 > 0 ? fields.pixel_spacing : fields.imager_pixel_spacing
    let all = [
      Tag.patient: text(fields.patient), Tag.view: text(fields.view_position),
      Tag.laterality: text(fields.laterality), Tag.manufacturer: text(fields.manufacturer),
      Tag.photometric: text(fields.photometric), "modality": text(fields.modality),
      "body_part": text(fields.body_part), "study": text(fields.study), "instance": text(fields.instance),
      "transfer_syntax": text(fields.transfer_syntax),
      Tag.pixelSpacing: spacing.0 > 0 ? "\(spacing.0)\\\(spacing.1)" : "",
    ]
    tags = all.filter { !$0.value.isEmpty }
  }
}

/// A C array of characters up to its zero byte.
func text<Characters>(_ characters: Characters) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
