import CoreTensor
import Foundation

/// In which order an epoch visits its radiographs: a function of seed and epoch alone.
///
/// A radiograph of weight 1 is seen once an epoch. With weight 2.5 every radiograph of the group is seen twice and half
/// of them, drawn anew each epoch, a third time; with 0.25 a quarter of them is seen.
package final class Sampler: @unchecked Sendable {
  private let seed: UInt64
  private let count: Int
  private let groups: [(weight: Double, radiographs: [Int])]
  private let lock = NSLock()
  private var known: [Int: [Int]] = [:]

  /// - Parameter weights: of each radiograph, 0 or more.
  package init(weights: [Double], seed: UInt64) {
    self.seed = seed
    var groups: [Double: [Int]] = [:]
    for (radiograph, weight) in weights.enumerated() { groups[weight, default: []].append(radiograph) }
    self.groups = groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    count = self.groups.reduce(0) { $0 + Self.copies($1.radiographs.count, $1.weight) }
  }

  /// Radiographs that an epoch visits, repetitions counted.
  package var imagesPerEpoch: Int { count }

  private static func copies(_ radiographs: Int, _ weight: Double) -> Int {
    Int((Double(radiographs) * weight).rounded())
  }

  /// Positions into the weights, `imagesPerEpoch` of them; the last few epochs are kept.
  package func order(epoch: Int) -> [Int] {
    lock.withLock {
      if let order = known[epoch] { return order }
      let radiographs = radiographs(epoch)
      var random = RandomStream(seed: seed, stream: "order", step: epoch)
      let order = random.permutation(radiographs.count).map { radiographs[$0] }
      known = known.filter { abs($0.key - epoch) <= 1 }
      known[epoch] = order
      return order
    }
  }

  private func radiographs(_ epoch: Int) -> [Int] {
    var radiographs: [Int] = []
    for (number, group) in groups.enumerated() {
      let copies = Self.copies(group.radiographs.count, group.weight)
      let whole = group.radiographs.isEmpty ? 0 : copies / group.radiographs.count
      for _ in 0..<whole { radiographs += group.radiographs }
      let rest = copies - whole * group.radiographs.count
      guard rest > 0 else { continue }
      var random = RandomStream(seed: seed, stream: "share", step: epoch, index: number)
      radiographs += random.permutation(group.radiographs.count).prefix(rest).sorted().map {
        group.radiographs[$0]
      }
    }
    return radiographs
  }
}
