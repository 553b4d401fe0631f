import CoreTensor

/// How far gradients by autograd lie from those by finite differences.
public struct GradientReport: CustomStringConvertible, Sendable {
  /// Largest difference, over the largest gradient of the same parameter (or 0.01 where all are smaller).
  public var worst = 0.0
  public var tolerance: Double
  public var description = "no parameter was checked"
  public var passes: Bool { checked > 0 && worst <= tolerance }
  /// Slopes compared.
  public var checked = 0
}

/// Compares autograd with central finite differences for a function of tensors, each made a parameter.
///
/// The output is projected on fixed random weights; sums of the projection run in double, so that float32
/// rounding (1e-7 of the output) over the step, and the cube of the step, are all that separates the two.
/// - Parameters:
///   - step: distance to either side.
///   - tolerance: allowed difference relative to a parameter's largest gradient.
public func checkGradient(
  inputs: [Tensor], step: Float = 1e-2, tolerance: Double = 2e-3, _ function: ([Tensor]) -> Tensor
) -> GradientReport {
  let parameters = inputs.enumerated().map { Parameter($1.copied(), name: "input \($0)") }
  return checkGradient(parameters: parameters, step: step, tolerance: tolerance) {
    function(parameters.map(\.tensor))
  }
}

/// The same for a function of given parameters, whose values come back unchanged and gradients cleared.
/// - Parameter stride: only every so-manieth value of each parameter is moved.
public func checkGradient(
  parameters: [Parameter], step: Float = 1e-2, tolerance: Double = 2e-3, stride: Int = 1,
  _ function: () -> Tensor
) -> GradientReport {
  parameters.forEach { $0.clearGradient() }
  let output = function()
  var random = RandomTensors("projection")
  let weights = random.normal([1, output.count])
  linear(reshape(output, [1, output.count]), weight: weights, bias: nil).backward()
  func projection() -> Double {
    zip(function().values, weights.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
  var report = GradientReport(tolerance: tolerance)
  for parameter in parameters {
    let gradients = parameter.gradient?.values ?? [Float](repeating: 0, count: parameter.tensor.count)
    let magnitude = max(gradients.reduce(0) { max($0, abs(Double($1))) }, 1e-2)
    for position in Swift.stride(from: 0, to: parameter.tensor.count, by: stride) {
      let measured = quotient(parameter.tensor.pointer + position, step: step, projection)
      let difference = abs(measured - Double(gradients[position])) / magnitude
      report.checked += 1
      guard !(difference < report.worst) || difference.isNaN else { continue }
      report.worst = difference.isNaN ? .infinity : difference
      report.description =
        "\(parameter.name) \(parameter.shape) at \(position): autograd \(gradients[position]), "
        + "differences \(measured), apart by \(difference) of the largest gradient"
    }
    parameter.clearGradient()
  }
  return report
}

/// Central difference of `value` as the number at `place` moves.
private func quotient(_ place: UnsafeMutablePointer<Float>, step: Float, _ value: () -> Double) -> Double {
  let original = place.pointee
  defer { place.pointee = original }
  let (above, below) = (original + step, original - step)
  place.pointee = above
  let high = value()
  place.pointee = below
  return (high - value()) / (Double(above) - Double(below))
}
