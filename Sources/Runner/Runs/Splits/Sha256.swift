/// SHA-256 (FIPS 180-4), as `sha256sum` has it.
///
/// Splits are published and compared between groups, which need a digest that every language computes; a CRC guards
/// files of our own (`Checksum`).
package enum Sha256 {
  /// The digest of a text's UTF-8 bytes, 64 lower-case hexadecimal digits.
  package static func hexadecimal(_ text: String) -> String {
    digest(Array(text.utf8)).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  /// 32 bytes.
  static func digest(_ message: [UInt8]) -> [UInt8] {
    var bytes = message
    bytes.append(0x80)
    while bytes.count % 64 != 56 { bytes.append(0) }
    let bits = UInt64(message.count) &* 8
    bytes += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
    var state = start
    var schedule = [UInt32](repeating: 0, count: 64)
    for block in stride(from: 0, to: bytes.count, by: 64) {
      mix(bytes[block..<block + 64], &schedule, &state)
    }
    return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
  }

  private static func mix(_ block: ArraySlice<UInt8>, _ schedule: inout [UInt32], _ state: inout [UInt32]) {
    func turned(_ word: UInt32, _ bits: UInt32) -> UInt32 { word >> bits | word << (32 - bits) }
    for index in 0..<16 {
      let place = block.startIndex + 4 * index
      schedule[index] = block[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<64 {
      let (early, late) = (schedule[index - 15], schedule[index - 2])
      schedule[index] =
        schedule[index - 16] &+ (turned(early, 7) ^ turned(early, 18) ^ early >> 3) &+ schedule[index - 7]
        &+ (turned(late, 17) ^ turned(late, 19) ^ late >> 10)
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let first =
        h &+ (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) &+ (e & f ^ ~e & g) &+ constants[index]
        &+ schedule[index]
      let second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) &+ (a & b ^ a & c ^ b & c)
      (e, f, g, h) = (d &+ first, e, f, g)
      (a, b, c, d) = (first &+ second, a, b, c)
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }

  private static let primes = (2...311).filter { number in !(2..<number).contains { number % $0 == 0 } }

  /// The first 32 bits of the fraction of a prime's square or cube root: found by bisection in whole numbers, so that no
  /// table of constants can hold a slip.
  private static func fraction(ofRoot power: Int, _ prime: Int) -> UInt32 {
    // root · 2³², at most 2³⁷: its power is compared in 128 bits.
    let target = UInt128(prime) << UInt128(32 * power)
    var (low, high): (UInt128, UInt128) = (0, 1 << 38)
    while high - low > 1 {
      let middle = (low + high) / 2
      if (0..<power).reduce(UInt128(1), { value, _ in value * middle }) <= target {
        low = middle
      } else {
        high = middle
      }
    }
    return UInt32(truncatingIfNeeded: low)
  }

  private static let start = primes.prefix(8).map { fraction(ofRoot: 2, $0) }
  private static let constants = primes.map { fraction(ofRoot: 3, $0) }
}
