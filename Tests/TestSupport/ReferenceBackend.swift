import CoreTensor
import Foundation

/// Every operation as its formula says, one value after the other, sums in double: what other backends are
/// compared with. Slow, and meant to be.
public struct ReferenceBackend: Backend {
  public let activationType: ElementType
  public var device: any Device { CPUDevice.shared }

  /// - Parameter type: how activations between products are stored; they are rounded to it and nothing else is.
  public init(_ type: ElementType = .float32) { activationType = type }

  // MARK: Products

  public func product(
    _ x: Tensor, _ weight: Tensor, _ direction: ProductDirection, into out: Tensor,
    then epilogue: ProductEpilogue
  ) {
    let outputs = weight.shape[0]
    let inputs = weight.count / outputs
    let (k, n) = direction == .forward ? (inputs, outputs) : (outputs, inputs)
    let (left, right) = (operand(x), operand(weight))
    let exact = (0..<x.count / k * n).map { place -> Double in
      let (row, column) = (place / n, place % n)
      return (0..<k).reduce(0) { sum, inner in
        let y = right[direction == .forward ? column * inputs + inner : inner * inputs + column]
        return sum + Double(left[row * k + inner]) * Double(y)
      }
    }
    finish(exact, out, epilogue, columns: n)
  }

  /// What a product multiplies.
  func operand(_ x: Tensor) -> [Float] {
    guard activationType == .bfloat16, x.elementType != .bfloat16 else { return x.values }
    return x.values.map(Self.roundedToBFloat16)
  }

  private func finish(_ exact: [Double], _ out: Tensor, _ epilogue: ProductEpilogue, columns: Int) {
    switch epilogue {
    case .none: write(exact, to: out)
    case .bias(let bias):
      write(exact.enumerated().map { $1 + Double(bias.pointer[$0 % columns]) }, to: out)
    case .biasResidual(let bias, let residual):
      write(
        exact.enumerated().map { $1 + Double(bias.pointer[$0 % columns]) + Double(residual.pointer[$0]) },
        to: out)
    case .biasGELU(let bias, let activated):
      let sums = exact.enumerated().map { $1 + Double(bias.pointer[$0 % columns]) }
      write(sums, to: out)
      write(sums.map { $0 * normalShare($0) }, to: activated)
    case .geluGradient(let x, let activated):
      let points = x.values.map(Double.init)
      write(zip(exact, points).map { $0 * geluGradient($1) }, to: out)
      write(points.map { $0 * normalShare($0) }, to: activated)
    }
  }

  public func weightGradient(_ outputGradient: Tensor, _ x: Tensor, into out: Tensor, accumulate: Bool) {
    let (rows, n) = sides(outputGradient)
    let k = x.count / rows
    let (up, input) = (operand(outputGradient), operand(x))
    each(n * k) { place in
      let (row, column) = (place / k, place % k)
      let sum = (0..<rows).reduce(accumulate ? Double(out.pointer[place]) : 0) {
        $0 + Double(up[$1 * n + row]) * Double(input[$1 * k + column])
      }
      out.pointer[place] = Float(sum)
    }
  }

  public func addRowVector(_ vector: Tensor, to x: Tensor) {
    let columns = vector.count
    each(x.count) { x.pointer[$0] += vector.pointer[$0 % columns] }
  }

  public func sumRows(_ x: Tensor, into out: Tensor, accumulate: Bool) {
    let (rows, columns) = sides(x)
    let values = x.values
    for column in 0..<columns {
      var sum = accumulate ? Double(out.pointer[column]) : 0
      for row in 0..<rows { sum += Double(values[row * columns + column]) }
      out.pointer[column] = Float(sum)
    }
  }

  // MARK: One value at a time

  public func convert(_ x: Tensor, into out: Tensor) { write(x.values.map(Double.init), to: out) }

  public func add(_ a: Tensor, _ b: Tensor, into out: Tensor) {
    each(out.count) { out.pointer[$0] = a.pointer[$0] + b.pointer[$0] }
  }
  public func scale(_ x: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor) {
    let factor = factor * (scalar?.values[0] ?? 1)
    each(out.count) { out.pointer[$0] = x.pointer[$0] * factor }
  }
  public func addScaled(_ x: Tensor, by factor: Float, into out: Tensor) {
    each(out.count) {
      out.pointer[$0] = Float(Double(out.pointer[$0]) + Double(x.pointer[$0]) * Double(factor))
    }
  }
  public func gelu(_ x: Tensor, into out: Tensor) {
    each(out.count) {
      let value = Double(x.pointer[$0])
      out.pointer[$0] = Float(value * normalShare(value))
    }
  }
  public func geluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    each(out.count) {
      let value = Double(x.pointer[$0])
      out.pointer[$0] = Float(Double(outputGradient.pointer[$0]) * geluGradient(value))
    }
  }
  public func relu(_ x: Tensor, into out: Tensor) {
    each(out.count) { out.pointer[$0] = x.pointer[$0] > 0 ? x.pointer[$0] : 0 }
  }
  public func reluGradient(_ x: Tensor, _ outputGradient: Tensor, into out: Tensor) {
    each(out.count) { out.pointer[$0] = x.pointer[$0] > 0 ? outputGradient.pointer[$0] : 0 }
  }
  public func difference(_ a: Tensor, _ b: Tensor, by factor: Float, times scalar: Tensor?, into out: Tensor)
  {
    let factor = Double(factor) * Double(scalar?.values[0] ?? 1)
    each(out.count) {
      out.pointer[$0] = Float(factor * (Double(a.pointer[$0]) - Double(b.pointer[$0])))
    }
  }
  public func firstNonFinite(_ x: Tensor) -> Int? { x.values.firstIndex { !$0.isFinite } }

  // MARK: Sums and the optimiser

  public func meanSquaredError(_ a: Tensor, _ b: Tensor, into mean: Tensor) {
    let sum = zip(a.values, b.values).reduce(0.0) {
      let gap = Double($1.0) - Double($1.1)
      return $0 + gap * gap
    }
    mean.pointer[0] = Float(sum / Double(a.count))
  }

  public func gradientScale(
    _ gradients: [Tensor], losses: Tensor?, share: Double, clipNorm: Double, into out: Tensor
  ) {
    let squares = gradients.flatMap(\.values).reduce(0.0) { $0 + Double($1) * Double($1) }
    let norm = squares.squareRoot() * share
    let clip = clipNorm > 0 ? min(1, clipNorm / (norm + 1e-6)) : 1
    let isFinite = norm.isFinite && (losses?.values.allSatisfy(\.isFinite) ?? true)
    write([norm, clip * share, isFinite ? 1 : 0], to: out)
  }

  public func adamW(_ updates: [ParameterUpdate], _ step: AdamWStep, scale: Tensor) {
    let (factor, verdict) = (Double(scale.pointer[1]), scale.pointer[2])
    guard verdict != 0 else { return }
    for update in updates {
      if let gradient = update.gradient { move(update, gradient, factor, step) }
      guard let average = update.average else { continue }
      each(average.count) {
        average.pointer[$0] = Float(
          step.averageDecay * Double(average.pointer[$0])
            + (1 - step.averageDecay) * Double(update.parameter.pointer[$0]))
      }
    }
  }

  private func move(_ update: ParameterUpdate, _ gradient: Tensor, _ factor: Double, _ step: AdamWStep) {
    let correction1 = 1 - pow(step.beta1, Double(step.count))
    let correction2 = 1 - pow(step.beta2, Double(step.count))
    each(update.parameter.count) {
      let gradient = Double(gradient.pointer[$0]) * factor
      let mean = step.beta1 * Double(update.first.pointer[$0]) + (1 - step.beta1) * gradient
      let square = step.beta2 * Double(update.second.pointer[$0]) + (1 - step.beta2) * gradient * gradient
      let decayed = Double(update.parameter.pointer[$0]) * (1 - update.learningRate * update.weightDecay)
      let move = mean / correction1 / ((square / correction2).squareRoot() + step.epsilon)
      update.first.pointer[$0] = Float(mean)
      update.second.pointer[$0] = Float(square)
      update.parameter.pointer[$0] = Float(decayed - update.learningRate * move)
    }
  }

  // MARK: Helpers

  /// Φ(x): the share of a standard normal distribution that lies under `value`.
  private func normalShare(_ value: Double) -> Double { erfc(-value / 2.0.squareRoot()) / 2 }

  private func geluGradient(_ value: Double) -> Double {
    normalShare(value) + value * exp(-value * value / 2) / (2 * Double.pi).squareRoot()
  }

  /// Writes values in out's element type.
  func write(_ values: [Double], to out: Tensor) {
    precondition(values.count == out.count, "ReferenceBackend: \(values.count) values for \(out.shape)")
    for (place, value) in values.enumerated() {
      if out.elementType == .float32 {
        out.pointer[place] = Float(value)
      } else {
        let bits = Self.roundedToBFloat16(Float(value)).bitPattern >> 16
        out.bytes.storeBytes(of: UInt16(bits), toByteOffset: 2 * place, as: UInt16.self)
      }
    }
  }

  /// To nearest, ties to even, in exact arithmetic.
  public static func roundedToBFloat16(_ value: Float) -> Float {
    guard value.isFinite, value != 0 else { return value }
    let unit = Float(sign: .plus, exponent: max(value.exponent, -126) - 7, significand: 1)
    return (value / unit).rounded(.toNearestOrEven) * unit
  }

  func each(_ count: Int, _ body: (Int) -> Void) { for position in 0..<count { body(position) } }

  /// Rows and columns of a tensor seen as a matrix of its last axis.
  func sides(_ x: Tensor) -> (rows: Int, columns: Int) {
    let columns = x.shape[x.shape.count - 1]
    return (columns == 0 ? 0 : x.count / columns, columns)
  }
}
