import CoreTensor
import Foundation
import NeuralNetworks
import WorldModel

/// The two terms. Parameters: `tasks.sigreg.projector`, unless it is left out.
final class SIGReg: Objective {
  private let projector: ProjectionHead?
  private let test: EppsPulley
  private let slices: Int
  private let lambda: Float
  private let weight: Float

  init(projector: ProjectionHead?, test: EppsPulley, slices: Int, lambda: Float, weight: Float) {
    (self.projector, self.test, self.slices) = (projector, test, slices)
    (self.lambda, self.weight) = (lambda, weight)
  }

  func callAsFunction(_ input: ObjectiveInput) -> [ObjectiveTerm] {
    let pooled = stacked(input.contexts.map { meanTokens($0.features) })
    let (views, batch) = (pooled.shape[0], pooled.shape[1])
    require(batch > 1, "sigreg: a micro-batch of \(batch) radiograph has no distribution; expected 2 or more")
    let flat = reshape(pooled, [views * batch, pooled.shape[2]])
    let projected = projector.map { $0(flat) } ?? flat
    let embeddings = reshape(projected, [views, batch, projected.shape[1]])
    let statistics = test(embeddings, along: directions(input, width: projected.shape[1]))
    let gaussian = ObjectiveTerm("gaussian", statistics.mean(), weight: weight * lambda)
    guard views > 1 else { return [gaussian] }
    let center = embeddings.mean(over: [0], keepingDimensions: true)
    return [
      gaussian,
      ObjectiveTerm("invariance", square(embeddings - center).mean(), weight: weight * (1 - lambda)),
    ]
  }

  /// Unit vectors, (M, D), that the batch's samples told.
  private func directions(_ input: ObjectiveInput, width: Int) -> Tensor {
    guard let numbers = input.numbers else { fail("sigreg: a batch without directions") }
    return normalized(slice(reshape(numbers, [numbers.count / width, width]), 0..<slices))
  }

  func visit(_ visitor: inout ParameterVisitor) {
    if let projector { visitor.module(projector, "projector") }
  }
}

/// N ∫ |φ̂(t) - exp(-t²/2)|² exp(-t²/2) dt over [-end, end], with φ̂ the characteristic function of N numbers (Epps and
/// Pulley 1983; paper, section 4.2), by the trapezoidal rule: the integrand is even, so that half of it is computed.
struct EppsPulley {
  private let places: [Float]
  private let gaussian: [Float]
  private let weights: [Float]

  /// - Parameters:
  ///   - points: from 0 to `end`, 2 or more.
  ///   - end: of the integral.
  init(points: Int, end: Double) {
    let step = end / Double(points - 1)
    let places = (0..<points).map { Double($0) * step }
    let values = places.map { exp(-$0 * $0 / 2) }
    self.places = places.map(Float.init)
    gaussian = values.map(Float.init)
    weights = values.indices.map {
      Float(values[$0] * ($0 == 0 || $0 == points - 1 ? step : 2 * step))
    }
  }

  /// x (V, N, D), directions (M, D) → (V, M)
  func callAsFunction(_ x: Tensor, along directions: Tensor) -> Tensor {
    let (views, count, slices) = (x.shape[0], x.shape[1], directions.shape[0])
    func row(_ values: [Float]) -> Tensor { Tensor(values, shape: [values.count]) }
    let projected = linear(x, weight: directions, bias: nil)
    let angles = reshape(projected, [views, count, slices, 1]) * row(places)
    let error =
      square(cos(angles).mean(over: [1]) - row(gaussian)) + square(sin(angles).mean(over: [1]))
    return (error * row(weights)).sum(over: [2]) * Float(count)
  }
}
