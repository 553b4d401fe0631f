import CoreTensor
import Foundation
import NeuralNetworks

/// What PyTorch made of a loss, of inputs and parameters that are waves: `golden.json` beside a test, as
/// `Benchmarks/peer_masked.py` writes it.
public struct GoldenLoss: Codable {
  public let loss: Double
  /// Gradients of inputs, row by row.
  let inputs: [String: [Double]]
  /// Of each parameter's gradient: its norm, and its product with a wave.
  let norms: [String: Double]
  let products: [String: Double]

  /// - Parameter test: path of the test's source.
  public static func cases(beside test: String = #filePath) throws -> [String: GoldenLoss] {
    let file = URL(fileURLWithPath: test).deletingLastPathComponent().appending(path: "golden.json")
    return try JSONDecoder().decode([String: GoldenLoss].self, from: Data(contentsOf: file))
  }

  /// What differs by more than 1e-5 of what is expected; a gradient's values by more than that of its norm.
  /// - Parameters:
  ///   - loss: one value, with history; the backward pass is made here.
  ///   - module: whose parameters have gradients to compare.
  ///   - inputs: likewise, by name.
  public func differences(
    _ loss: Tensor, _ module: any Module, inputs given: [String: Parameter] = [:]
  ) -> [String] {
    var found: [String] = []
    func compare(_ value: Double, _ expected: Double, of size: Double, _ name: String) {
      if !(Swift.abs(value - expected) <= 1e-5 * size) {
        found.append("\(name): \(value), expected \(expected)")
      }
    }
    compare(Double(loss.scalar), self.loss, of: Swift.abs(self.loss), "loss")
    loss.backward()
    let entries = module.entries.filter { !$0.isBuffer }
    if Set(entries.map(\.name)) != Set(norms.keys) { found.append("parameters \(entries.map(\.name))") }
    for entry in entries {
      let gradient = entry.parameter.gradient?.values.map(Double.init) ?? []
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let expected = norms[entry.name] ?? .nan
      compare(norm, expected, of: expected, "norm of \(entry.name)")
      let product = zip(gradient, Self.wave(gradient.count, 3)).reduce(0) { $0 + $1.0 * Double($1.1) }
      // The wave has a norm of its own.
      let size = expected * (Double(gradient.count) / 2).squareRoot()
      compare(product, products[entry.name] ?? .nan, of: size, "product of \(entry.name)")
    }
    for (name, expected) in inputs {
      let gradient = given[name]?.gradient?.values.map(Double.init) ?? []
      if gradient.count != expected.count { found.append("\(gradient.count) gradients of \(name)") }
      let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for (own, other) in zip(gradient, expected) { compare(own, other, of: norm, "gradient of \(name)") }
    }
    return found
  }

  /// The wave of some values, and a tensor of it.
  public static func wave(_ count: Int, _ phase: Double, scale: Double = 1) -> [Float] {
    (0..<count).map { Float(scale * Foundation.sin(0.37 * Double($0) + phase)) }
  }
  public static func wave(_ shape: [Int], _ phase: Double) -> Tensor {
    Tensor(wave(shape.reduce(1, *), phase), shape: shape)
  }

  /// Gives parameters waves, numbered in the order of their names; scales of norms lie about 1.
  public static func fill(_ module: any Module) {
    let entries = module.entries.filter { !$0.isBuffer }.sorted { $0.name < $1.name }
    for (number, entry) in entries.enumerated() {
      let shape = entry.parameter.shape
      let fan = shape.count > 1 ? shape.dropFirst().reduce(1, *) : 100
      let isScale = shape.count == 1 && entry.name.hasSuffix("weight")
      let values = wave(entry.parameter.tensor.count, Double(number), scale: pow(Double(fan), -0.5))
      entry.parameter.assign(values.map { $0 + (isScale ? 1 : 0) })
    }
  }
}
