import Foundation
import Imaging
import TestSupport
import Testing

@testable import DicomCodec
@testable import Radiographs

enum RealDicom {
  /// The real files, where they lie beside the repository.
  static let folder: String? = {
    let root = BuildFolder.shared + "/cxr/dicom"
    return FileManager.default.fileExists(atPath: root + "/expected.csv") ? root : nil
  }()

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: try #require(folder) + "/" + name)))
  }

  /// The rows of expected.csv by their columns' names.
  static func expectations() throws -> [[String: String]] {
    var reader = try DelimitedReader(try bytes("expected.csv"))
    let names = try #require(try reader.next()).fields
    var rows: [[String: String]] = []
    while let record = try reader.next() {
      rows.append(Dictionary(uniqueKeysWithValues: zip(names, record.fields)))
    }
    return rows
  }

  static func stored(_ name: String) throws -> [Int32] {
    try bytes(name).withUnsafeBytes { bytes in
      let header = try DicomMaker.pool.header(of: bytes)
      return try DicomMaker.pool.storedValues(bytes, width: Int(header.columns), height: Int(header.rows))
    }
  }

  static func grey(_ name: String) throws -> [Float] { try DicomMaker.grey(try bytes(name)) }

  /// SHA-256 of the low sixteen bits of each value, little-endian.
  static func checksum(_ values: [Int32]) throws -> String {
    let path = NSTemporaryDirectory() + "dicom-tests-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(values.flatMap { DicomMaker.word(Int($0)) }).write(to: URL(fileURLWithPath: path))
    let (process, output) = (Process(), Pipe())
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    process.arguments = [path]
    process.standardOutput = output
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    return String(text.prefix(64))
  }
}

@Suite(.enabled(if: RealDicom.folder != nil, "no real DICOM files in shared/cxr beside the repository"))
struct RealDicomTests {
  /// Largest difference, in stored values, that a DCT decoder may have from the one that made the table: the standard
  /// leaves the inverse transform's rounding open.
  private static let transformTolerance = ["1.2.840.10008.1.2.4.50": 3.0, "1.2.840.10008.1.2.4.51": 3.0]

  @Test func headersAreThoseOfTheTable() throws {
    let rows = try RealDicom.expectations()
    #expect(rows.count == 18)
    for row in rows {
      let name = try #require(row["file"])
      let header = try RealDicom.bytes(name).withUnsafeBytes { try DicomMaker.pool.header(of: $0) }
      #expect("\(header.rows)" == row["rows"] && "\(header.columns)" == row["columns"], "\(name)")
      #expect("\(header.bits_allocated)" == row["bits_allocated"], "\(name)")
      #expect("\(header.bits_stored)" == row["bits_stored"], "\(name)")
      #expect("\(header.is_signed)" == row["pixel_representation"], "\(name)")
      #expect(text(header.photometric) == row["photometric"], "\(name)")
      #expect(text(header.transfer_syntax) == row["transfer_syntax"], "\(name)")
      #expect(
        text(header.view_position) == row["view"] && text(header.body_part) == row["body_part"], "\(name)")
      #expect(header.frames == 1 && header.samples_per_pixel == 1)
    }
  }

  @Test func storedValuesAreThoseOfTheTable() throws {
    for row in try RealDicom.expectations() {
      let name = try #require(row["file"])
      let values = try RealDicom.stored(name)
      let mean = Double(values.reduce(0) { $0 + Int($1) }) / Double(values.count)
      let wanted = try (
        least: #require(Double(row["min"]!)), most: #require(Double(row["max"]!)),
        mean: #require(Double(row["mean"]!))
      )
      let tolerance = Self.transformTolerance[row["transfer_syntax"]!] ?? 0
      #expect(abs(Double(values.min()!) - wanted.least) <= tolerance, "\(name)")
      #expect(abs(Double(values.max()!) - wanted.most) <= tolerance, "\(name)")
      #expect(abs(mean - wanted.mean) <= (tolerance > 0 ? 0.1 : 0.00006), "\(name): \(mean)")
      if tolerance == 0 { #expect(try RealDicom.checksum(values) == row["sha256_pixels_le16"], "\(name)") }
    }
  }

  @Test func lossyCopiesDifferAsMuchAsTheTableSays() throws {
    let original = try RealDicom.stored("cr_mono1_10bit_explicit_le.dcm")
    func largest(_ name: String, divisor: Double = 1) throws -> Double {
      zip(try RealDicom.stored(name), original).map { abs(Double($0) / divisor - Double($1)) }.max()!
    }
    #expect(try largest("cr_mono1_10bit_j2k_lossy.dcm") == 15)
    #expect(try largest("cr_mono1_10bit_jpegls_near.dcm") == 3)
    #expect(try largest("cr_mono1_10bit_jpeg_extended12.dcm", divisor: 4) <= 3)
  }

  @Test func invertedTwinsAddUpToWhite() throws {
    let plain = try RealDicom.grey("siim_cr_mono2_8bit_jpeg_baseline.dcm")
    let inverted = try RealDicom.grey("siim_fake_mono1_8bit_jpeg_baseline.dcm")
    #expect(zip(plain, inverted).allSatisfy { abs($0 + $1 - 1) < 1e-6 })
  }

  @Test func rescaleAndWindowAreTheStandards() throws {
    let name = "derived_mono2_12bit_rescale_window.dcm"
    let wanted = try RealDicom.stored(name).map { stored -> Float in
      let (value, centre, width) = (Double(stored) - 1024, 800.0, 2400.0)
      return Float(min(max((value - (centre - 0.5)) / (width - 1) + 0.5, 0), 1))
    }
    let grey = try RealDicom.grey(name)
    #expect(zip(grey, wanted).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(grey.contains(0) || grey.contains(1))
  }

  @Test func everyTransferSyntaxGivesTheSameRadiograph() throws {
    let original = try RealDicom.grey("cr_mono1_10bit_explicit_le.dcm")
    let copies = try RealDicom.expectations().filter {
      $0["file"]!.hasPrefix("cr_mono1") && $0["lossy_decode"] == "no"
    }
    #expect(copies.count == 9)
    for row in copies { #expect(try RealDicom.grey(row["file"]!) == original, "\(row["file"]!)") }
  }

  @Test func radiographsDecodeThroughTheRadiographDecoder() throws {
    let folder = try #require(RealDicom.folder)
    let decoder = RadiographDecoder(codecs: [DicomCodec(pool: DicomMaker.pool)])
    let source = try FolderSource(folder: folder, decoder: decoder)
    #expect(source.records.count == 18)
    let radiograph = try #require(source.records.firstIndex { $0.identifier.hasPrefix("siim_cr") })
    #expect(source.records[radiograph].patient == "16d7f894-55d7-4d95-8957-d18987f0e981")
    #expect(source.records[radiograph].attributes["pixel_spacing"] == "0.168\\0.168")
    #expect(try source.radiograph(at: radiograph).width == 1024)
  }

  @Test func truncatedFilesAreRefused() throws {
    for name in [
      "cr_mono1_10bit_jpeg_lossless_sv1.dcm", "cr_mono1_10bit_deflated.dcm", "cr_mono1_10bit_rle.dcm",
    ] {
      let bytes = try RealDicom.bytes(name)
      for part in 1..<40 {
        let reason = DicomMaker.reason(Array(bytes[..<(bytes.count * part / 41)]))
        #expect(reason?.hasPrefix("truncated") == true, "\(name) \(part): \(reason ?? "decoded")")
      }
    }
  }
}
