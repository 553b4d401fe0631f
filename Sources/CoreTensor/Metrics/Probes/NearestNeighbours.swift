import COpenBLAS
import CoreTensor
import Foundation

/// The k nearest radiographs by the cosine between standardised features, and their weighted vote (as DINO, Caron et
/// al. 2021: a neighbour of similarity s weighs exp(s / T)).
///
/// Features are standardised first: those of one encoder lie in a narrow cone around their mean, where every cosine
/// is nearly 1 and temperature would decide nothing.
public struct NearestNeighbours: Sendable {
  /// How many vote, of the radiographs of which the finding is known.
  public let k: Int
  /// T; a low one lets the nearest of the k decide.
  public let temperature: Double
  private let width: Int
  /// Unit rows.
  private let radiographs: [Double]
  private let count: Int

  /// Test radiographs whose similarities are held at once.
  private static let block = 16

  /// - Parameters:
  ///   - features: standardised rows of the radiographs that vote, row-major.
  ///   - width: values of a row.
  ///   - k: default 20, DINO's best on ImageNet and about what the rarest findings have of positives.
  ///   - temperature: default 0.07, DINO's.
  public init(_ features: [Double], width: Int, k: Int = 20, temperature: Double = 0.07) {
    require(
      k > 0 && temperature > 0 && width > 0 && features.count % width == 0,
      "NearestNeighbours: k \(k), temperature \(temperature), \(features.count) values of width \(width)")
    (self.k, self.temperature, self.width) = (k, temperature, width)
    radiographs = Self.unit(features, width)
    count = features.count / width
  }

  /// The weighted share of positives among the k nearest of each test radiograph.
  /// - Parameters:
  ///   - features: standardised rows of the test radiographs, row-major.
  ///   - labels: for each finding, one for each radiograph that votes; nil where it is not known, and the radiograph
  ///     has no vote.
  /// - Returns: for each finding, a score in [0, 1] for each test radiograph. Of equally near radiographs the first
  ///   ones vote.
  public func scores(_ features: [Double], labels: [[Bool?]]) -> [[Double]] {
    require(
      labels.allSatisfy { column in column.count == count && column.contains { $0 != nil } },
      "NearestNeighbours: labels must be of \(count) radiographs, some of them known")
    let tests = Self.unit(features, width)
    let rows = tests.count / width
    let parts = Compute.map((rows + Self.block - 1) / Self.block) { part -> [[Double]] in
      let range = part * Self.block..<min(rows, (part + 1) * Self.block)
      return vote(tests, range, labels)
    }
    return labels.indices.map { finding in parts.flatMap { $0.map { $0[finding] } } }
  }

  /// For each test radiograph of a part, its score for each finding.
  private func vote(_ tests: [Double], _ part: Range<Int>, _ labels: [[Bool?]]) -> [[Double]] {
    var similarities = [Double](repeating: 0, count: part.count * count)
    tests.withUnsafeBufferPointer { tests in
      LinearAlgebra.checkMemory()
      cblas_dgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(part.count), blasint(count), blasint(width), 1,
        tests.baseAddress! + part.lowerBound * width, blasint(width), radiographs, blasint(width), 0,
        &similarities,
        blasint(count))
    }
    return part.indices.map { row in
      let start = (row - part.lowerBound) * count
      let near = similarities[start..<start + count]
      // Few findings are known of a part of the radiographs only: most are decided by the first search.
      let first = nearest(near, 4 * k) { _ in true }
      return labels.map { column in
        var voters = first.filter { column[$0] != nil }
        if voters.count < k { voters = nearest(near, k) { column[$0] != nil } }
        return share(voters.prefix(k), near, column)
      }
    }
  }

  /// The `most` nearest radiographs that may vote, nearest first.
  private func nearest(_ near: ArraySlice<Double>, _ most: Int, _ mayVote: (Int) -> Bool) -> [Int] {
    var best: [Int] = []
    best.reserveCapacity(most + 1)
    let start = near.startIndex
    for radiograph in 0..<count {
      let similarity = near[start + radiograph]
      guard best.count < most || similarity > near[start + best[most - 1]], mayVote(radiograph) else {
        continue
      }
      var (low, high) = (0, best.count)
      while low < high {
        let middle = (low + high) / 2
        if near[start + best[middle]] >= similarity { low = middle + 1 } else { high = middle }
      }
      best.insert(radiograph, at: low)
      if best.count > most { best.removeLast() }
    }
    return best
  }

  private func share(_ voters: ArraySlice<Int>, _ near: ArraySlice<Double>, _ labels: [Bool?]) -> Double {
    let top = near[near.startIndex + voters.first!]
    var (positive, all) = (0.0, 0.0)
    for radiograph in voters {
      let weight = exp((near[near.startIndex + radiograph] - top) / temperature)
      all += weight
      if labels[radiograph]! { positive += weight }
    }
    return positive / all
  }

  /// Rows of length 1; a row of zeros stays.
  private static func unit(_ features: [Double], _ width: Int) -> [Double] {
    var out = features
    for start in stride(from: 0, to: features.count, by: width) {
      var squares = 0.0
      for index in start..<start + width { squares += features[index] * features[index] }
      let scale = squares > 0 ? 1 / squares.squareRoot() : 0
      for index in start..<start + width { out[index] *= scale }
    }
    return out
  }
}
