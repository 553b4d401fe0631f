import CoreTensor
import Imaging

/// Windows of grey values about each pixel, with mean 0 and length 1: what radiographs themselves know of
/// correspondence, without any model.
enum PixelWindows {
  /// Pixels along the side of the radiograph that is looked at.
  static let side = 80
  /// Pixels along the side of a window.
  static let window = 15

  /// The windows of all pixels of a radiograph; beyond its edge the edge's pixels go on.
  static func features(_ radiograph: MarkedRadiograph) -> DenseFeatures {
    let image = radiograph.square(side)
    let (reach, width) = (window / 2, window * window)
    var values = [Float](repeating: 0, count: side * side * width)
    for row in 0..<side {
      for column in 0..<side {
        let start = (row * side + column) * width
        var (sum, place) = (Float(0), start)
        for down in -reach...reach {
          for across in -reach...reach {
            let value = image[min(max(row + down, 0), side - 1), min(max(column + across, 0), side - 1)]
            values[place] = value
            sum += value
            place += 1
          }
        }
        let mean = sum / Float(width)
        var length: Float = 0
        for index in start..<place {
          values[index] -= mean
          length += values[index] * values[index]
        }
        let scale = 1 / max(length.squareRoot(), 1e-6)
        for index in start..<place { values[index] *= scale }
      }
    }
    return DenseFeatures(side: side, width: width, values: values)
  }

  /// The window about a place: that of the pixel in which it lies.
  static func vector(at place: Place, of features: DenseFeatures) -> [Float] {
    func pixel(_ share: Double) -> Int { min(max(Int(share * Double(side)), 0), side - 1) }
    let start = (pixel(place.row) * side + pixel(place.column)) * features.width
    return Array(features.values[start..<start + features.width])
  }
}
