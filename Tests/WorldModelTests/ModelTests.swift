import CoreTensor
import Foundation
import NeuralNetworks
import Testing

@testable import WorldModel

/// The world model with the tasks' batches.
@Suite struct ModelTests {
  private static let invertAll: [String: [String: OptionValue]] = ["invert": ["probability": .number(1)]]

  private func trained(_ tasks: [any WorldTask], naive: Bool = false) throws -> (WorldModel, WorldOutput) {
    let world = model(tasks)
    let output = try world(batch(tasks, naive: naive), reduction: .sum)
    output.objective.backward()
    return (world, output)
  }

  @Test(arguments: subsets) func everySubsetTrainsAlikeTwice(_ names: [String]) throws {
    let tasks = try TaskPlugins.make(names)
    let (world, output) = try trained(tasks)
    #expect(output.loss.isFinite && output.loss > 0 && output.objective.scalar.isFinite)
    for parameter in world.trainable {
      guard let gradient = parameter.gradient else { continue }
      #expect(gradient.values.allSatisfy { $0.isFinite }, "\(parameter.name)")
    }
    let (again, repeated) = try trained(tasks)
    #expect(repeated.objective.scalar.bitPattern == output.objective.scalar.bitPattern)
    for (first, second) in zip(world.trainable, again.trainable) {
      let bits = [first, second].map { $0.gradient?.values.map(\.bitPattern) }
      #expect(bits[0] == bits[1], "\(first.name)")
    }
  }

  @Test(arguments: subsets + [["local", "global", "domain", "invert"]])
  func gradientsReachEveryTrainableParameter(_ names: [String]) throws {
    let (world, output) = try trained(TaskPlugins.make(names, Self.invertAll))
    for parameter in world.trainable {
      let gradient = try #require(parameter.gradient, "\(parameter.name)")
      #expect(gradient.shape == parameter.shape)
      #expect(gradient.values.contains { $0 != 0 }, "\(parameter.name)")
    }
    let following = world.entries.filter { $0.name.hasPrefix("target_encoder.") }
    #expect(following.count == world.encoder.entries.count)
    #expect(following.allSatisfy { !$0.parameter.isTrainable && $0.parameter.gradient == nil })
    #expect(output.targets.allSatisfy { $0?.requiresGradient == false })
    #expect(output.predictions.allSatisfy { $0.requiresGradient })
  }

  @Test func aFourthTaskFromAnotherPackageJoinsIn() throws {
    let tasks = try TaskPlugins.make(["local", "global", "domain", "invert"], Self.invertAll)
    let (world, output) = try trained(tasks)
    #expect(output.terms.map(\.name) == ["z11", "z22", "z12", "z21"])
    let own = world.entries.filter { $0.name.hasPrefix("predictor.invert.") }
    #expect(own.map(\.name) == ["predictor.invert.vector"])
    let gradient = try #require(own.first?.parameter.gradient)
    #expect(gradient.values.contains { $0 != 0 })
    let told = try batch(tasks).supervisions.map { $0.latents.map(\.name) }
    #expect(
      told == [["policy_net", "invert"], ["policy_net", "invert"]]
        + Array(repeating: ["offset", "policy_net", "invert"], count: 2))
  }

  @Test func theFourthTaskInvertsAndTellsSo() throws {
    let alone = try TaskPlugins.make(["invert"], Self.invertAll)
    let (_, drawn) = try samples(TaskAssembly(tasks: alone, views: ViewSettings()), scope())
    for sample in drawn {
      #expect(sample.contexts[0].pixels.pixels == sample.targets[0].pixels.pixels.map { 1 - $0 })
      #expect(sample.latents == [[LatentValue(latent: "invert", numbers: [1])]])
    }
    // The vector is added where the context is the negative, and nowhere else.
    let latent = try #require(model(alone).latents.first)
    let vector = try #require(latent.entries.first).parameter.tensor.values
    let tokens = Tensor([2, 3, 16], repeating: 0.5)
    let conditioned = latent.condition(tokens, numbers: Tensor([1, 0], shape: [2, 1])).values
    for position in conditioned.indices {
      let added = position < 48 ? vector[position % 16] : 0
      #expect(abs(conditioned[position] - 0.5 - added) < 1e-6)
    }
    #expect(vector.contains { $0 != 0 })
  }

  @Test func batchedPassesEqualSinglePasses() throws {
    let tasks = try TaskPlugins.make(["local", "global", "domain", "invert"])
    let world = model(tasks)
    for naive in [false, true] {
      let whole = try batch(tasks, naive: naive)
      let output = try world(whole, reduction: .mean)
      for (index, prediction) in whole.supervisions.enumerated() {
        var own = prediction
        (own.context, own.target, own.group) = (0, 0, 0)
        let single = try world(
          WorldBatch(
            contexts: [whole.contexts[prediction.context]], targets: [whole.targets[prediction.target]],
            supervisions: [own]), reduction: .mean)
        #expect(abs(single.loss - output.terms[index].value) < 1e-5)
        let (expected, found) = (single.predictions[0], output.predictions[index])
        #expect(expected.shape == found.shape)
        #expect(zip(expected.values, found.values).allSatisfy { abs($0 - $1) < 1e-5 })
      }
    }
  }

  @Test func reductionsDifferByTheNumberOfTerms() throws {
    let tasks = try TaskPlugins.make(["local", "global", "domain"])
    let (world, batch) = (model(tasks), try batch(tasks))
    let (sum, mean) = (try world(batch, reduction: .sum), try world(batch, reduction: .mean))
    #expect(abs(sum.objective.scalar - 4 * mean.objective.scalar) < 1e-4)
    #expect(sum.loss == mean.loss)
  }

  @Test func theTargetEncoderFollowsTheEncoder() {
    let world = model([])
    let pairs = Array(zip(world.encoder.entries, world.targetEncoder!.entries))
    #expect(pairs.allSatisfy { $0.parameter.tensor.values == $1.parameter.tensor.values })
    let averages = world.averages
    #expect(averages.count == pairs.filter { !$0.0.isBuffer }.count)
    for (leading, following) in pairs {
      #expect(
        averages[ObjectIdentifier(leading.parameter)] === (leading.isBuffer ? nil : following.parameter))
    }
  }

  /// Layer norm takes mean and scale of each patch's features; without it they are the encoder's own.
  @Test func targetsAreNormalizedUnlessTheConfigurationSaysOtherwise() throws {
    let tasks = try TaskPlugins.make(["local"])
    let images = try batch(tasks).targets[0]
    let normed = model(tasks)
    var shape = normed.shape
    shape.normalizesTargets = false
    let plain = WorldModel(shape, latents: [], seed: 5)
    let encoder = try #require(plain.targetEncoder)
    #expect(plain.targetFeatures(images).values == encoder(images).values)
    let width = shape.encoder.width
    let rows = normed.targetFeatures(images).values
    for row in stride(from: 0, to: rows.count, by: width).map({ rows[$0..<$0 + width] }) {
      #expect(abs(row.reduce(0, +)) < 1e-3 && abs(row.reduce(0) { $0 + $1 * $1 } / Float(width) - 1) < 1e-2)
    }
    let written = try JSONEncoder().encode(shape)
    #expect(try JSONDecoder().decode(WorldModelConfiguration.self, from: written) == shape)
    var fields = try #require(try JSONSerialization.jsonObject(with: written) as? [String: Any])
    fields["normalizesTargets"] = nil
    let former = try JSONSerialization.data(withJSONObject: fields)
    #expect(try JSONDecoder().decode(WorldModelConfiguration.self, from: former).normalizesTargets)
  }

  /// Features that no prediction is compared with are not computed, and those that are do not change.
  @Test(arguments: [["local"], ["local", "global", "domain"]])
  func targetsAreComputedWhereTheyAreCompared(_ names: [String]) throws {
    let tasks = try TaskPlugins.make(names)
    let (world, batch) = (model(tasks), try batch(tasks))
    let output = try world(batch, reduction: .sum)
    for (index, target) in batch.targets.enumerated() {
      let whole = world.targetFeatures(target)
      let features = try #require(output.targets[index])
      let wanted = TargetPatches(of: index, in: batch, patchCount: whole.shape[1])
      #expect(features.shape[1] == wanted.rows?[0].count ?? whole.shape[1])
      #expect((wanted.rows == nil) == (names.count > 1))
      let expected = wanted.rows.map { gatherTokens(whole, $0) } ?? whole
      #expect(zip(expected.values, features.values).allSatisfy { abs($0 - $1) < 1e-5 })
      for prediction in batch.supervisions where prediction.target == index {
        let compared = wanted.features(features, at: prediction.patches).values
        let own = gatherTokens(whole, prediction.patches).values
        #expect(zip(compared, own).allSatisfy { abs($0 - $1) < 1e-5 })
      }
    }
  }

  @Test func rowsOfWantedPatchesHaveOneLength() {
    let image = Tensor.zeros([2, 1, 1, 1])
    func prediction(_ patches: [[Int]], target: Int = 0) -> WorldBatch.SupervisedPatches {
      WorldBatch.SupervisedPatches(name: "", context: 0, target: target, patches: patches, latents: [])
    }
    let batch = WorldBatch(
      contexts: [], targets: [image, image],
      supervisions: [
        prediction([[5, 2], [7, 1]]), prediction([[2, 3], [1, 7]]),
        prediction([[0, 1], [2, 3]], target: 1),
      ])
    #expect(TargetPatches(of: 0, in: batch, patchCount: 9).rows == [[2, 3, 5], [0, 1, 7]])
    #expect(TargetPatches(of: 1, in: batch, patchCount: 9).rows == [[0, 1], [2, 3]])
    #expect(TargetPatches(of: 0, in: batch, patchCount: 3).rows == nil)
  }
}
