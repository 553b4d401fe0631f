import COpenBLAS
import CoreTensor
import Foundation

/// Logistic regression on standardised features with a squared penalty on its weights, fitted to all radiographs at
/// once by Newton's method.
public struct LinearProbe: Sendable {
  /// Weights for standardised features, then the intercept.
  public let weights: [Double]
  /// λ: the fit minimises λ/2 · |w|² beside the sum of log losses; the intercept is free.
  public let penalty: Double

  /// Penalties that are tried.
  public static let penalties: [Double] = [1, 10, 100, 1000, 10_000]
  /// What is used where validation cannot choose, since one patient has all radiographs of a kind.
  public static let standardPenalty = 100.0
  /// One group in so many is for validation.
  private static let validationShare = 5
  private static let iterations = 50

  /// - Parameters:
  ///   - features: rows of `width` standardised values, row-major.
  ///   - width: values of a row.
  ///   - labels: one for each row; nil for a row that is left out.
  ///   - penalty: λ, above 0.
  public init(_ features: [Double], width: Int, labels: [Bool?], penalty: Double) {
    require(
      features.count == labels.count * width && penalty > 0,
      "LinearProbe: \(features.count) features for \(labels.count) rows of \(width), penalty \(penalty)")
    let objective = LogisticObjective(features, width: width, labels: labels, penalty: penalty)
    var weights = [Double](repeating: 0, count: width + 1)
    var here = objective(weights)
    for _ in 0..<Self.iterations {
      guard var step = LinearAlgebra.solve(upper: here.curvature, here.slope) else {
        fail(
          "LinearProbe: the curvature is not positive definite; features must be standardised")
      }
      var (next, there) = ([Double](), LogisticObjective.Point.nowhere)
      // The objective is convex: a step that overshoots is halved until it descends.
      for _ in 0..<30 {
        next = zip(weights, step).map { $0 - $1 }
        there = objective(next)
        if there.isNoHigher(than: here) { break }
        step = step.map { $0 / 2 }
      }
      guard there.isNoHigher(than: here) else { break }
      (weights, here) = (next, there)
      if step.lazy.map(abs).max()! < 1e-8 { break }
    }
    (self.weights, self.penalty) = (weights, penalty)
  }

  /// Logits of rows of standardised features.
  /// - Parameters:
  ///   - features: rows of `width`, row-major.
  ///   - width: values of a row.
  public func scores(_ features: [Double], width: Int) -> [Double] {
    require(weights.count == width + 1, "LinearProbe: \(weights.count - 1) weights, width \(width)")
    let rows = features.count / width
    var scores = [Double](repeating: weights[width], count: rows)
    guard rows > 0 else { return scores }
    LinearAlgebra.checkMemory()
    cblas_dgemv(
      CblasRowMajor, CblasNoTrans, blasint(rows), blasint(width), 1, features, blasint(width), weights, 1, 1,
      &scores, 1)
    return scores
  }

  /// Rows for validation: a fifth of the groups that hold a positive, and a fifth of the others, in order of
  /// appearance, so that both sides have radiographs of both kinds where there are two groups of each.
  /// - Parameters:
  ///   - labels: one for each row; nil for a row that is left out.
  ///   - groups: each row's patient, so that no patient is on both sides.
  public static func validation(_ labels: [Bool?], groups: [String]) -> Set<Int> {
    require(labels.count == groups.count, "LinearProbe: \(groups.count) groups, \(labels.count) labels")
    let known = labels.indices.filter { labels[$0] != nil }
    let positive = Set(known.filter { labels[$0]! }.map { groups[$0] })
    var (seen, chosen, counts) = (Set<String>(), Set<String>(), [0, 0])
    for row in known where seen.insert(groups[row]).inserted {
      let kind = positive.contains(groups[row]) ? 1 : 0
      if counts[kind] % validationShare == validationShare / 2 { chosen.insert(groups[row]) }
      counts[kind] += 1
    }
    return Set(known.filter { chosen.contains(groups[$0]) })
  }
}

/// What a logistic regression minimises, with slope and curvature.
private struct LogisticObjective {
  struct Point {
    var value: Double
    var slope: [Double]
    /// Upper triangle, row-major.
    var curvature: [Double]
    static let nowhere = Point(value: .infinity, slope: [], curvature: [])

    /// But for the rounding of a sum over radiographs.
    func isNoHigher(than other: Point) -> Bool { value <= other.value * (1 + 1e-12) }
  }

  /// Rows that are held at once beside the features themselves.
  private static let block = 512
  private let features: [Double]
  private let width: Int
  private let rows: [Int]
  private let labels: [Double]
  private let penalty: Double

  init(_ features: [Double], width: Int, labels: [Bool?], penalty: Double) {
    (self.features, self.width, self.penalty) = (features, width, penalty)
    rows = labels.indices.filter { labels[$0] != nil }
    self.labels = rows.map { labels[$0]! ? 1 : 0 }
  }

  func callAsFunction(_ weights: [Double]) -> Point {
    let size = width + 1
    var point = Point(
      value: 0, slope: [Double](repeating: 0, count: size),
      curvature: [Double](repeating: 0, count: size * size))
    var design = [Double](repeating: 1, count: min(Self.block, rows.count) * size)
    for start in stride(from: 0, to: rows.count, by: Self.block) {
      add(start..<min(start + Self.block, rows.count), weights, &design, &point)
    }
    for column in 0..<width {
      point.value += penalty / 2 * weights[column] * weights[column]
      point.slope[column] += penalty * weights[column]
      point.curvature[column * size + column] += penalty
    }
    // The intercept has no penalty, and radiographs of one kind alone would leave it without curvature.
    point.curvature[size * size - 1] += 1e-6
    return point
  }

  /// Adds what some rows contribute; `design` is room for them, with a last column for the intercept.
  private func add(_ part: Range<Int>, _ weights: [Double], _ design: inout [Double], _ point: inout Point) {
    let size = width + 1
    let count = blasint(part.count)
    for (place, index) in part.enumerated() {
      let row = rows[index]
      for column in 0..<width { design[place * size + column] = features[row * width + column] }
      design[place * size + width] = 1
    }
    var logits = [Double](repeating: 0, count: part.count)
    LinearAlgebra.checkMemory()
    cblas_dgemv(
      CblasRowMajor, CblasNoTrans, count, blasint(size), 1, design, blasint(size), weights, 1, 0, &logits, 1)
    var errors = logits
    for (place, index) in part.enumerated() {
      let logit = logits[place]
      // log(1 + exp(z)) - y z, without overflow.
      point.value += max(logit, 0) + log1p(exp(-abs(logit))) - labels[index] * logit
      errors[place] = 1 / (1 + exp(-logit)) - labels[index]
    }
    cblas_dgemv(
      CblasRowMajor, CblasTrans, count, blasint(size), 1, design, blasint(size), errors, 1, 1, &point.slope, 1
    )
    for place in 0..<part.count {
      let probability = 1 / (1 + exp(-logits[place]))
      let spread = max(probability * (1 - probability), 1e-9).squareRoot()
      for column in 0..<size { design[place * size + column] *= spread }
    }
    cblas_dsyrk(
      CblasRowMajor, CblasUpper, CblasTrans, blasint(size), count, 1, design, blasint(size), 1,
      &point.curvature, blasint(size))
  }
}
