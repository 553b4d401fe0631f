import CoreTensor
import Synchronization

/// 256 bits of a radiograph's gradients, each against its median over the collection, so that radiographs which all
/// look alike still differ in about half of them. A negative's bits are no complement, since medians are not zero: it
/// has a hash of its own.
struct GradientHash: Sendable, Equatable {
  static let bitCount = 256
  /// Hashes of copies differ in no more bits: 99 % of copies that were cropped by 3 % a side, brightened or compressed.
  static let mostBits = 44
  /// Cells along a side of the grid that gradients are taken of.
  private static let grid = 13

  /// Differences between cells that lie two apart: 128 along rows, then 128 along columns.
  static func gradients(_ thumbnail: AuditThumbnail) -> [Float] {
    let cells = thumbnail.resampled(rows: grid, columns: grid)
    let mean = cells.reduce(0, +) / Float(cells.count)
    let spread = cells.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }.squareRoot()
    let scale = spread > 0 ? 1 / spread : 0
    func differences(rows: Int, columns: Int, step: Int) -> [Float] {
      var found: [Float] = []
      for row in 0..<rows {
        for column in 0..<columns where found.count < bitCount / 2 {
          let place = row * grid + column
          found.append((cells[place + step] - cells[place]) * scale)
        }
      }
      return found
    }
    return differences(rows: grid, columns: grid - 2, step: 2)
      + differences(rows: grid - 2, columns: grid, step: 2 * grid)
  }

  /// Four words for each thumbnail, one after another; and four for the negative of each.
  static func words(_ thumbnails: [AuditThumbnail]) -> (radiographs: [UInt64], negatives: [UInt64]) {
    guard !thumbnails.isEmpty else { return ([], []) }
    let slots = Mutex([[Float]](repeating: [], count: thumbnails.count))
    Compute.ranges(thumbnails.count, grain: 64) { range in
      let found = range.map { gradients(thumbnails[$0]) }
      slots.withLock { $0.replaceSubrange(range, with: found) }
    }
    let table = slots.withLock { $0 }
    // A few thousand radiographs tell the medians well enough.
    let sample = stride(from: 0, to: table.count, by: max(1, table.count / 4096)).map { table[$0] }
    let medians = (0..<bitCount).map { bit in sample.map { $0[bit] }.sorted()[sample.count / 2] }
    func words(_ sign: Float) -> [UInt64] {
      var words = [UInt64](repeating: 0, count: 4 * table.count)
      for (radiograph, values) in table.enumerated() {
        for bit in 0..<bitCount where sign * values[bit] > medians[bit] {
          words[4 * radiograph + bit / 64] |= 1 << UInt64(bit % 64)
        }
      }
      return words
    }
    return (words(1), words(-1))
  }
}

/// Pairs of hashes that differ in few bits.
enum HashSearch {
  /// Rows that one thread takes at once.
  private static let block = 64

  /// All pairs `(first, second)` with `first < second`, compared one by one.
  /// - Parameters:
  ///   - words: four for each radiograph.
  ///   - others: what a pair's second radiograph is compared by; four for each radiograph.
  ///   - visit: called from several threads.
  static func pairs(
    _ words: [UInt64], with others: [UInt64], mostBits: Int = GradientHash.mostBits,
    _ visit: @Sendable (_ first: Int, _ second: Int) -> Void
  ) {
    require(words.count == others.count, "HashSearch: \(words.count) words, \(others.count) others")
    let count = words.count / 4
    Compute.ranges(count, grain: block) { range in
      words.withUnsafeBufferPointer { words in
        for first in range {
          let own = words.baseAddress! + 4 * first
          let (a, b, c, d) = (own[0], own[1], own[2], own[3])
          others.withUnsafeBufferPointer { others in
            var other = others.baseAddress! + 4 * first
            for second in first + 1..<max(count, first + 1) {
              other += 4
              let half = (a ^ other[0]).nonzeroBitCount &+ (b ^ other[1]).nonzeroBitCount
              // Half of the bits usually settles it.
              if half > mostBits { continue }
              let rest = (c ^ other[2]).nonzeroBitCount &+ (d ^ other[3]).nonzeroBitCount
              if half &+ rest <= mostBits { visit(first, second) }
            }
          }
        }
      }
    }
  }
}

/// Radiographs that are there more than once.
struct AuditDuplicates: Sendable {
  /// Two radiographs that show one picture.
  struct Pair: Sendable, Equatable {
    let first: Int
    let second: Int
    /// Of the aligned thumbnails; 1 for equal pixels.
    let correlation: Float
    /// One is the other's negative.
    let isNegative: Bool
  }

  /// Groups of radiographs with equal pixels, each of two or more, by index in ascending order.
  let exact: [[Int]]
  /// Pairs of radiographs with nearly equal pictures; of an exact group only its first radiograph stands here.
  let near: [Pair]

  /// Up to so many radiographs, medians say little, and all pairs are compared by their thumbnails.
  private static let fewRadiographs = 256
  /// Thumbnails of copies correlate this well before they are aligned, cropped ones too.
  private static let leastRawCorrelation = 0.8

  /// - Parameter looks: nil for radiographs that could not be decoded; radiographs of one grey are not compared.
  init(_ looks: [AuditLook?]) {
    var groups: [PixelDigest: [Int]] = [:]
    for (index, look) in looks.enumerated() {
      if let look { groups[look.digest, default: []].append(index) }
    }
    exact = groups.values.filter { $0.count > 1 }.sorted { $0[0] < $1[0] }
    let single = groups.values.map { $0[0] }.sorted().filter {
      looks[$0]!.deviation >= AuditSuspicion.leastDeviation
    }
    near = Self.near(single.map { looks[$0]!.thumbnail }).map {
      Pair(
        first: single[$0.first], second: single[$0.second], correlation: $0.correlation,
        isNegative: $0.isNegative)
    }
  }

  /// Pairs of thumbnails of one radiograph.
  static func near(_ thumbnails: [AuditThumbnail]) -> [Pair] {
    let statistics = thumbnails.map(Statistics.init)
    let pairs = Mutex<[Pair]>([])
    @Sendable func confirm(_ first: Int, _ second: Int, isNegative negative: Bool) {
      let raw = Statistics.correlation(
        thumbnails[first], statistics[first], thumbnails[second], statistics[second])
      guard (negative ? -raw : raw) >= leastRawCorrelation else { return }
      let reached = AuditRegistration.correlation(
        thumbnails[first], thumbnails[second], isNegative: negative)
      guard reached >= AuditRegistration.sameRadiograph else { return }
      pairs.withLock {
        $0.append(Pair(first: first, second: second, correlation: min(reached, 1), isNegative: negative))
      }
    }
    if thumbnails.count <= fewRadiographs {
      Compute.parallel(thumbnails.count) { first in
        for second in first + 1..<max(thumbnails.count, first + 1) {
          confirm(first, second, isNegative: false)
          confirm(first, second, isNegative: true)
        }
      }
    } else {
      let words = GradientHash.words(thumbnails)
      HashSearch.pairs(words.radiographs, with: words.radiographs) { confirm($0, $1, isNegative: false) }
      HashSearch.pairs(words.radiographs, with: words.negatives) { confirm($0, $1, isNegative: true) }
    }
    return pairs.withLock { $0 }.sorted { ($0.first, $0.second) < ($1.first, $1.second) }
  }

  /// Sum and sum of squares of a thumbnail's cells.
  private struct Statistics {
    let sum: Int
    let squares: Int

    init(_ thumbnail: AuditThumbnail) {
      sum = thumbnail.cells.reduce(0) { $0 + Int($1) }
      squares = thumbnail.cells.reduce(0) { $0 + Int($1) * Int($1) }
    }

    /// Correlation of cells as they lie.
    static func correlation(
      _ first: AuditThumbnail, _ one: Statistics, _ second: AuditThumbnail, _ other: Statistics
    ) -> Double {
      let product = first.cells.withUnsafeBufferPointer { a in
        second.cells.withUnsafeBufferPointer { b in
          var sum: Int32 = 0
          for cell in 0..<a.count { sum &+= Int32(a[cell]) &* Int32(b[cell]) }
          return Int(sum)
        }
      }
      let count = first.cells.count
      let variances =
        Double(count * one.squares - one.sum * one.sum)
        * Double(count * other.squares - other.sum * other.sum)
      return variances > 0 ? Double(count * product - one.sum * other.sum) / variances.squareRoot() : 0
    }
  }
}
