import CoreTensor
import Foundation

/// In which order an epoch visits its films: a function of seed and epoch alone.
///
/// A film of weight 1 is seen once an epoch. With weight 2.5 every film of the group is seen twice and half of them,
/// drawn anew each epoch, a third time; with 0.25 a quarter of them is seen.
package final class EpochOrders: @unchecked Sendable {
  private let seed: UInt64
  private let count: Int
  private let groups: [(weight: Double, films: [Int])]
  private let lock = NSLock()
  private var known: [Int: [Int]] = [:]

  /// - Parameter weights: of each film, 0 or more.
  package init(weights: [Double], seed: UInt64) {
    self.seed = seed
    var groups: [Double: [Int]] = [:]
    for (film, weight) in weights.enumerated() { groups[weight, default: []].append(film) }
    self.groups = groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    count = self.groups.reduce(0) { $0 + Self.copies($1.films.count, $1.weight) }
  }

  /// Films that an epoch visits, repetitions counted.
  package var filmsPerEpoch: Int { count }

  private static func copies(_ films: Int, _ weight: Double) -> Int {
    Int((Double(films) * weight).rounded())
  }

  /// Positions into the weights, `filmsPerEpoch` of them; the last few epochs are kept.
  package func order(epoch: Int) -> [Int] {
    lock.withLock {
      if let order = known[epoch] { return order }
      let films = films(epoch)
      var random = RandomStream(seed: seed, stream: "order", step: epoch)
      let order = random.permutation(films.count).map { films[$0] }
      known = known.filter { abs($0.key - epoch) <= 1 }
      known[epoch] = order
      return order
    }
  }

  private func films(_ epoch: Int) -> [Int] {
    var films: [Int] = []
    for (number, group) in groups.enumerated() {
      let copies = Self.copies(group.films.count, group.weight)
      let whole = group.films.isEmpty ? 0 : copies / group.films.count
      for _ in 0..<whole { films += group.films }
      let rest = copies - whole * group.films.count
      guard rest > 0 else { continue }
      var random = RandomStream(seed: seed, stream: "share", step: epoch, index: number)
      films += random.permutation(group.films.count).prefix(rest).sorted().map { group.films[$0] }
    }
    return films
  }
}
