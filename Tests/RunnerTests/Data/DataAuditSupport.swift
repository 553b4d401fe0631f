import CoreTensor
import Imaging
import WorldModel

@testable import Audit
@testable import PhantomData

/// Radiographs in memory, each with its record.
struct HeldRadiographs: RadiographSource {
  var radiographs: [(record: RadiographRecord, image: GrayImage?)] = []
  var findingNames: [String] = []
  var summary: String { "held, \(radiographs.count) radiographs" }
  var records: [RadiographRecord] { radiographs.map(\.record) }

  mutating func add(
    _ name: String, _ image: GrayImage?, patient: String? = nil, split: String? = nil,
    findings: Set<String> = [], view: RadiographView? = nil
  ) {
    radiographs.append(
      (
        RadiographRecord(identifier: name, patient: patient, split: split, view: view, findings: findings),
        image
      ))
  }

  func radiograph(at index: Int) throws -> GrayImage {
    guard let image = radiographs[index].image else {
      throw UnusableRadiograph(identifier: radiographs[index].record.identifier, reason: "made to fail")
    }
    return image
  }
}

/// Radiographs for audits, and what may happen to them.
enum AuditRadiographs {
  /// Phantoms of different patients; with this seed no two of the first 270 are as alike as copies, which happens to one
  /// pair of some ten thousand.
  static func phantoms(_ count: Int, size: Int = 96) throws -> [GrayImage] {
    let source = PhantomSource(seed: 12, radiographs: 2 * count, size: size, rate: 0.3)
    return try (0..<count).map { try source.radiograph(at: 2 * $0) }
  }

  static func negative(_ image: GrayImage) -> GrayImage {
    GrayImage(width: image.width, height: image.height, pixels: image.pixels.map { 1 - $0 })
  }

  static func brighter(_ image: GrayImage) -> GrayImage {
    GrayImage(width: image.width, height: image.height, pixels: image.pixels.map { min(0.85 * $0 + 0.1, 1) })
  }

  /// Without `share` of the rows at the top and of the columns at the right.
  static func cropped(_ image: GrayImage, _ share: Double) -> GrayImage {
    let (top, right) = (Int(Double(image.height) * share), Int(Double(image.width) * share))
    var result = GrayImage(width: image.width - right, height: image.height - top)
    for row in 0..<result.height {
      for column in 0..<result.width { result[row, column] = image[row + top, column] }
    }
    return result
  }

  static func findings(
    _ source: HeldRadiographs, against: [HeldRadiographs] = [], allowed: Set<String> = []
  ) -> AuditFindings {
    let collections = ([source] + against).enumerated().map {
      AuditCollection(
        name: $0 == 0 ? "own" : "test\($0)", source: $1)
    }
    return AuditFindings(
      collections, AuditReading.radiographs(collections) { _ in }, training: ["pretrain", "train"],
      allowed: allowed
    )
  }
}
