import CoreTensor

/// Images of noise, for timing.
package enum NoiseImages {
  /// Uniform numbers of unit deviation: as good as normal ones for timing, and faster to draw.
  package static func batch(_ count: Int, _ side: Int, _ random: inout RandomStream) -> Tensor {
    let tensor = Tensor(uninitialized: [count, 3, side, side])
    for index in 0..<tensor.count {
      tensor.pointer[index] = Float(random.nextBits()) * 8.0658e-10 - 1.7320508
    }
    return tensor
  }
}
