import CoreTensor
import Imaging
import WorldModel

/// In what distances between outlines are given.
enum DistanceUnit: String, Codable, Sendable {
  case pixels = "px"
  case millimetres = "mm"

  /// Millimetres where the spacing of all of some radiographs is known, else pixels of the radiographs.
  init(of radiographs: [Int], _ source: any RadiographSource) {
    let isKnown = Compute.map(radiographs.count) { place in
      let radiograph = radiographs[place]
      guard let header = try? source.header(at: radiograph) else {
        return source.records[radiograph].storedSpacing(nil) != nil
      }
      return source.records[radiograph].storedSpacing(header) != nil
    }
    self = isKnown.allSatisfy(\.self) && !radiographs.isEmpty ? .millimetres : .pixels
  }

  /// How it is said of the option `tolerance` and of HD95.
  var words: String {
    switch self {
    case .pixels: "pixels of the image, since the spacing of pixels is not known of every test image"
    case .millimetres: "millimetres, by the images' pixel spacing"
    }
  }
}
