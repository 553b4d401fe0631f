import Foundation

/// A counter-based random stream (Philox 4x32-10, Salmon et al. 2011).
///
/// Every draw is a function of (seed, stream name, step, index) and of how many draws came before it, so the
/// number of threads, the order of work and a resumed run change nothing.
public struct RandomStream: Sendable {
  private var key: (UInt32, UInt32)
  private var counter: (UInt32, UInt32, UInt32, UInt32)
  private var block: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
  private var used = 4

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - stream: who draws, for instance `"local"`; streams of different names are independent.
  ///   - step: the optimiser step or epoch that the draw belongs to.
  ///   - index: the sample within the step.
  public init(seed: UInt64, stream: String, step: Int = 0, index: Int = 0) {
    let mixed = Self.mix(seed ^ Self.mix(Self.hash(stream)))
    key = (UInt32(truncatingIfNeeded: mixed), UInt32(truncatingIfNeeded: mixed >> 32))
    let step = UInt64(bitPattern: Int64(step))
    counter = (
      0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: step),
      UInt32(truncatingIfNeeded: step >> 32)
    )
  }

  /// 32 uniform random bits.
  public mutating func nextBits() -> UInt32 {
    if used == 4 {
      block = Self.philox(counter, key)
      counter.0 &+= 1
      used = 0
    }
    defer { used += 1 }
    switch used {
    case 0: return block.0
    case 1: return block.1
    case 2: return block.2
    default: return block.3
    }
  }

  /// A number in [0, 1) with 53 random bits.
  public mutating func unit() -> Double {
    let high = UInt64(nextBits() >> 5)
    let low = UInt64(nextBits() >> 6)
    return Double(high << 26 | low) * 0x1p-53
  }

  /// Uniform in `range`.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  /// Uniform on a logarithmic scale; `range` must be positive.
  public mutating func logUniform(in range: ClosedRange<Double>) -> Double {
    require(range.lowerBound > 0, "RandomStream.logUniform: range \(range) must be positive")
    return exp(uniform(in: log(range.lowerBound)...log(range.upperBound)))
  }

  /// Uniform integer in `range`, without modulo bias.
  public mutating func integer(in range: ClosedRange<Int>) -> Int {
    let count = UInt64(range.upperBound - range.lowerBound) + 1
    require(count <= 1 << 32, "RandomStream.integer: range \(range) is wider than 32 bits")
    let limit = (UInt64(1) << 32) / count * count
    while true {
      let bits = UInt64(nextBits())
      if bits < limit { return range.lowerBound + Int(bits % count) }
    }
  }

  /// True with the given probability.
  public mutating func chance(_ probability: Double) -> Bool { unit() < probability }

  /// A standard normal number (Box-Muller).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return radius * cos(2 * Double.pi * unit())
  }

  /// A uniformly random order of `0..<count` (Fisher-Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, integer(in: 0...last))
    }
    return order
  }

  static func philox(
    _ counter: (UInt32, UInt32, UInt32, UInt32), _ key: (UInt32, UInt32)
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (c0, c1, c2, c3) = counter
    var (k0, k1) = key
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) * UInt64(c0)
      let second = UInt64(0xCD9E_8D57) * UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: second >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: second),
        UInt32(truncatingIfNeeded: first >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: first)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  /// FNV-1a.
  private static func hash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// SplitMix64's finaliser: spreads every input bit over the whole word.
  private static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
