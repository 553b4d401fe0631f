import CoreTensor
import Foundation
import Imaging
import Testing
import WorldModel

@testable import Radiographs

/// Radiographs made of nothing, with records of every kind.
struct InventedSource: RadiographSource {
  let summary = "invented radiographs"
  let records: [RadiographRecord]
  let findingNames = ["Effusion", "Mass"]
  let images: [GrayImage?]
  var headers: [ImageHeader?] = []

  init(_ images: [GrayImage?], headers: [ImageHeader?] = []) {
    self.images = images
    self.headers = headers
    records = images.indices.map { index in
      RadiographRecord(
        identifier: "folder/radiograph \"\(index)\"\\\n\u{1}é.png",
        patient: index % 3 == 0 ? nil : "p\(index / 2)",
        split: index % 2 == 0 ? "train" : nil, view: RadiographView.allCases[index % 5],
        findings: index % 2 == 0 ? ["Mass", "Effusion"] : [], unknown: index % 4 == 1 ? ["Mass"] : [],
        attributes: index % 3 == 2 ? [:] : ["source": index % 2 == 0 ? "nih" : "", "age, years": "\(index)"])
    }
  }

  func radiograph(at index: Int) throws -> GrayImage {
    guard let image = images[index] else {
      throw UnusableRadiograph(identifier: "other", reason: "truncated: invented")
    }
    return image
  }
  func header(at index: Int) throws -> ImageHeader? { headers.isEmpty ? nil : headers[index] }

  /// Radiographs of whole levels of that depth, each of another size; every seventh cannot be used.
  static func levels(_ count: Int, bits: Int) -> InventedSource {
    let top = bits == 8 ? 255 : 65535
    let images = (0..<count).map { index -> GrayImage? in
      if index % 7 == 5 { return nil }
      var random = RandomStream(seed: 9, stream: "levels", step: index)
      let (width, height) = (40 + index % 5 * 7, 36 + index % 4 * 9)
      return GrayImage(
        width: width, height: height,
        pixels: (0..<width * height).map { _ in Float(random.nextBits() % UInt32(top + 1)) / Float(top) })
    }
    return InventedSource(
      images,
      headers: images.map {
        $0.map { ImageHeader(width: $0.width, height: $0.height, bitDepth: bits, channels: 1) }
      })
  }
}

extension ScratchFolder {
  /// Prepares a store in the folder `name`.
  @discardableResult func store(
    _ source: any RadiographSource, _ settings: StoreSettings, in name: String = "store", threads: Int = 2
  ) throws -> StoreIndex {
    let preparation = try StorePreparation(source, settings: settings, folder: path + "/" + name)
    let index = try #require(try preparation.run(threads: threads))
    try preparation.complete(index)
    return index
  }

  func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
  }

  /// Every file of a folder by its relative path.
  func contents(_ name: String) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: path + "/" + name) {
      var isFolder = ObjCBool(false)
      _ = FileManager.default.fileExists(atPath: path + "/" + name + "/" + entry, isDirectory: &isFolder)
      if !isFolder.boolValue { found[entry] = try bytes(name + "/" + entry) }
    }
    return found
  }
}
