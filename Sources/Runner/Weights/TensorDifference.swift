import Runs

/// How far a tensor is from what was expected of it.
package struct TensorDifference {
  /// Largest difference of entries, and of those that are noise.
  package private(set) var error = 0.0
  package private(set) var noiseError = 0.0
  /// Largest magnitude that was expected.
  package let scale: Double

  /// - Parameters: found, expected: of one length. A difference that is no number counts as the largest.
  package init(_ found: [Float], _ expected: [Float], noise: NoiseEntries) {
    for (index, pair) in zip(found, expected).enumerated() {
      let difference = Double(abs(pair.0 - pair.1))
      if noise.contains(index) {
        if !(difference <= noiseError) { noiseError = difference }
      } else if !(difference <= error) {
        error = difference
      }
    }
    scale = expected.map { Double(abs($0)) }.max() ?? 0
  }
}

/// Trained weights whose true gradient is zero, such as the keys' biases (a shift of all logits of a softmax changes
/// nothing). Their computed gradient is rounding noise, which AdamW divides by its own size: the expected values
/// themselves are then noise, and are held to the way that AdamW can go, learning rate × steps.
package struct NoiseEntries {
  /// Below this share of the tensor's largest gradient lies float32's rounding of sums.
  private static let share: Float = 1e-6
  private let members: Set<Int>

  package init(of name: String, in expected: SafetensorsFile) throws {
    members = try Self.find(name, expected)
  }

  package var count: Int { members.count }
  func contains(_ index: Int) -> Bool { members.contains(index) }

  private static func find(_ name: String, _ expected: SafetensorsFile) throws -> Set<Int> {
    guard name.hasPrefix("after"), let dot = name.firstIndex(of: ".") else { return [] }
    let parameter = name[name.index(after: dot)...]
    // The target encoder follows the encoder, noise and all.
    let source =
      parameter.hasPrefix("target_") ? String(parameter.dropFirst("target_".count)) : String(parameter)
    guard expected.contains("grad." + source) else { return [] }
    let gradient = try expected.floats(named: "grad." + source)
    let limit = (gradient.map(abs).max() ?? 0) * share
    return Set(gradient.indices.filter { gradient[$0] != 0 && abs(gradient[$0]) < limit })
  }
}
