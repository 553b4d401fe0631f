import CoreTensor
import Imaging

/// Images of noise, for timing.
package enum NoiseImages {
  /// Uniform numbers of unit deviation: as good as normal ones for timing, and faster to draw.
  package static func batch(_ count: Int, _ side: Int, _ random: inout RandomStream) -> Tensor {
    Tensor([count, 3, side, side]) { values in
      for index in values.indices { values[index] = Float(random.nextBits()) * 8.0658e-10 - 1.7320508 }
    }
  }

  /// A square radiograph of uniform grey levels.
  package static func radiograph(_ side: Int, _ random: inout RandomStream) -> GrayImage {
    GrayImage(
      width: side, height: side,
      pixels: (0..<side * side).map { _ in Float(random.nextBits() >> 8) * 0x1p-24 })
  }
}
