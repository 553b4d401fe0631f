import CoreTensor
import Imaging
import WorldModel

/// In what distances between outlines are given.
enum DistanceUnit: String, Sendable {
  case pixels = "px"
  case millimetres = "mm"

  /// Millimetres where the spacing of all labelled radiographs is known, else pixels of the radiographs: of all, so that
  /// folds agree.
  /// - Returns: the unit, and what the user should know where only some are known.
  static func of(_ radiographs: [Int], _ source: any RadiographSource) -> (DistanceUnit, remark: String?) {
    let isKnown = Compute.map(radiographs.count) { place in
      let radiograph = radiographs[place]
      guard let header = try? source.header(at: radiograph) else {
        return source.records[radiograph].storedSpacing(nil) != nil
      }
      return source.records[radiograph].storedSpacing(header) != nil
    }
    guard let first = isKnown.firstIndex(of: false) else { return (.millimetres, nil) }
    let unknown = isKnown.count { !$0 }
    let record = source.records[radiographs[first]]
    let found = record.attributes[ImageHeader.Tag.pixelSpacing].map { ", found \"\($0)\"" } ?? ""
    let remark =
      "distances between outlines are in pixels, since of \(unknown) of \(radiographs.count) labelled images the pixel "
      + "spacing is not known; the first is \(record.identifier)\(found); a column pixel_spacing gives it in millimetres, "
      + "such as 0.143"
    return (.pixels, unknown < isKnown.count || !found.isEmpty ? remark : nil)
  }

  /// How it is said of the option `tolerance` and of HD95.
  var words: String {
    switch self {
    case .pixels: "pixels of the image, since the spacing of pixels is not known of every image"
    case .millimetres: "millimetres, by the images' pixel spacing"
    }
  }
}
