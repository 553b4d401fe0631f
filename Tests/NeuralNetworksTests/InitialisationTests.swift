import CoreTensor
import Foundation
import TestSupport
import Testing

@testable import NeuralNetworks

/// What models own, by which name, and how it begins.
@Suite struct InitialisationTests {
  @Test func namesAndShapesAreThoseOfTimm() {
    let encoder = tinyEncoder(width: 8, depth: 2, heads: 2)
    let block: [(String, [Int])] = [
      ("norm1.weight", [8]), ("norm1.bias", [8]), ("attn.qkv.weight", [24, 8]), ("attn.qkv.bias", [24]),
      ("attn.proj.weight", [8, 8]), ("attn.proj.bias", [8]), ("norm2.weight", [8]), ("norm2.bias", [8]),
      ("mlp.fc1.weight", [32, 8]), ("mlp.fc1.bias", [32]), ("mlp.fc2.weight", [8, 32]), ("mlp.fc2.bias", [8]),
    ]
    let expected: [(String, [Int])] =
      [
        ("patch_embed.proj.weight", [8, 3, 2, 2]), ("patch_embed.proj.bias", [8]), ("pos_embed", [1, 16, 8]),
      ]
      + (0..<2).flatMap { layer in block.map { ("blocks.\(layer).\($0.0)", $0.1) } }
      + [("norm.weight", [8]), ("norm.bias", [8])]
    #expect(encoder.entries.map(\.name) == expected.map(\.0))
    #expect(encoder.entries.map(\.parameter.shape) == expected.map(\.1))
    #expect(encoder.entries.filter(\.isBuffer).map(\.name) == ["pos_embed"])
    #expect(encoder.shape.gridSize == 4 && encoder.shape.patchCount == 16)
  }

  @Test func onlyTrainableModulesTrain() {
    for trainable in [true, false] {
      let encoder = tinyEncoder(trainable: trainable)
      #expect(encoder.entries.allSatisfy { $0.parameter.isTrainable == (trainable && !$0.isBuffer) })
      #expect(encoder(tinyImages()).requiresGradient == trainable)
    }
  }

  @Test func weightsAreTruncatedNormalAndScaledWithDepth() {
    let encoder = tinyEncoder(width: 96, depth: 4, heads: 3)
    // A standard normal cut at two deviations has variance 1 - 4 φ(2) / (2 Φ(2) - 1) = 0.7737.
    let deviation = 0.02 * 0.7737.squareRoot()
    for entry in encoder.entries where entry.parameter.shape.count > 1 && !entry.isBuffer {
      var divisor = 1.0
      if entry.name.hasSuffix("attn.proj.weight") || entry.name.hasSuffix("mlp.fc2.weight") {
        let layer = Double(entry.name.split(separator: ".")[1])! + 1
        divisor = (2 * layer).squareRoot()
      }
      let values = entry.parameter.tensor.values.map { Double($0) * divisor }
      let count = Double(values.count)
      let mean = values.reduce(0, +) / count
      let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
      // Four standard errors of a mean and of a deviation.
      #expect(abs(mean) < 4 * deviation / count.squareRoot(), "\(entry.name): mean \(mean)")
      #expect(abs(spread / deviation - 1) < 4 / (2 * count).squareRoot(), "\(entry.name): \(spread)")
      let largest = values.map { abs($0) }.max() ?? 0
      #expect((0.0385...0.0400001).contains(largest), "\(entry.name): largest \(largest)")
    }
  }

  @Test func vectorsBeginAtOneOrZero() {
    for entry in tinyEncoder().entries where entry.parameter.shape.count == 1 {
      let isScale = entry.name.hasSuffix("norm.weight") || entry.name.contains(/norm\d\.weight/)
      #expect(entry.parameter.tensor.values.allSatisfy { $0 == (isScale ? 1 : 0) }, "\(entry.name)")
    }
  }

  @Test func oneStreamMakesOneModel() {
    func weights(_ name: String) -> [[Float]] {
      var start = initializer(name)
      let stack = TransformerStack(
        8, depth: 2, heads: 2, mlpRatio: 4, name: "blocks", initializer: &start)
      return stack.entries.map(\.parameter.tensor.values)
    }
    #expect(weights("a") == weights("a"))
    #expect(weights("a") != weights("b"))
    // Layers do not repeat each other's draws.
    var start = initializer("layers")
    let (one, other) = (Linear(8, 8, initializer: &start), Linear(8, 8, initializer: &start))
    #expect(one.weight.tensor.values != other.weight.tensor.values)
  }

  @Test func positionsDoNotDependOnTheStream() {
    let expected = PositionEncoding(width: 8, order: .columnFirst).grid(4)
    #expect(tinyEncoder(order: .columnFirst).positionTable!.tensor.values == expected.values)
  }
}
