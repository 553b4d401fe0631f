import CoreTensor
import Foundation
import Radiographs
import TestSupport
import Testing
import WorldModel

@testable import Batches
@testable import Console
@testable import Training

@Suite struct TrainingLoaderTests {
  static let plugins = BuildFolder.repository + "/plugins.toml"

  private func parts(_ words: [String] = []) throws -> RunParts {
    let small = [
      "--preset", "quick", "--set", "phantom.images=24", "--set", "phantom.size=64", "--image-size", "64",
      "--set", "model.patch_size=8", "--batch", "4",
    ]
    let arguments = try ArgumentParser(command: ConfigurationFixture.command).parse(small + words)
    return try RunParts(RunSetup(SettingsRequest(arguments), pluginsFile: Self.plugins))
  }

  /// All that a batch holds, to be compared bit by bit.
  private struct Contents: Equatable {
    let step: Int
    let radiographs: [String]
    let draws: [[String: [Double]]]
    let pixels: [[Float]]
    let visible: [[[Int]]?]
    let names: [String]
    let patches: [[[Int]]]
    let latents: [[[Float]]]

    init(_ loaded: LoadedBatch) {
      let batch = loaded.batch
      (step, radiographs, draws) = (loaded.step, loaded.radiographs, loaded.draws)
      pixels = batch.contexts.map(\.images.values) + batch.targets.map(\.values)
      visible = batch.contexts.map(\.visible)
      names = batch.supervisions.map(\.name)
      patches = batch.supervisions.map(\.patches)
      latents = batch.supervisions.map { $0.latents.map(\.numbers.values) }
    }
  }

  private func batches(_ builder: BatchBuilder, _ steps: Range<Int>, threads: Int) throws -> [Contents] {
    let loader = BatchLoader(builder, steps: steps, threads: threads)
    defer { loader.stop() }
    return try steps.map { _ in Contents(try loader.next()) }
  }

  @Test(arguments: [[], ["--naive"]]) func sameBatchesForAnyThreads(words: [String]) throws {
    let expected = try batches(parts(words).builder, 0..<12, threads: 0)
    #expect(expected.map(\.step) == Array(0..<12))
    #expect(Set(expected.map(\.radiographs)).count > 1)
    for threads in [1, 3] {
      #expect(try batches(parts(words).builder, 0..<12, threads: threads) == expected)
    }
  }

  @Test func batchDependsOnItsStepNotOnTheFirst() throws {
    let builder = try parts().builder
    let all = try batches(builder, 0..<9, threads: 1)
    #expect(try batches(builder, 6..<9, threads: 3) == Array(all[6...]))
  }

  @Test func epochVisitsEveryRadiographOnce() throws {
    let parts = try parts(["--holdout", "0"])
    let radiographs = try batches(parts.builder, 0..<parts.stepsPerEpoch, threads: 2).flatMap(\.radiographs)
    #expect(radiographs.count == 24 && Set(radiographs).count == 24)
    let next = try batches(parts.builder, parts.stepsPerEpoch..<2 * parts.stepsPerEpoch, threads: 2)
    #expect(
      next.flatMap(\.radiographs) != radiographs && Set(next.flatMap(\.radiographs)) == Set(radiographs))
  }

  @Test func stoppingEarlyEndsTheThreads() throws {
    let loader = BatchLoader(try parts().builder, steps: 0..<1000, threads: 3)
    #expect(try loader.next().step == 0)
    loader.stop()
  }

  /// Packed radiographs train as the files that they were packed from, to the bit.
  @Test func storeGivesTheBatchesOfItsFolder() throws {
    let folder = NSTemporaryDirectory() + "loader-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder + "/images", withIntermediateDirectories: true)
    let phantom = try parts().source
    for (index, record) in phantom.records.enumerated() {
      try PngWriter.write(
        phantom.radiograph(at: index), to: "\(folder)/images/\(record.identifier).png",
        depth: index % 2 == 0 ? .eight : .sixteen)
    }
    let source = try openRadiographSource(path: folder + "/images")
    let preparation = try StorePreparation(
      source, settings: StoreSettings(keepsBorders: true, imagesPerShard: 5), folder: folder + "/store")
    try preparation.complete(try #require(try preparation.run(threads: 2)))
    let packed = try parts(["--data", folder + "/store"])
    let expected = try batches(parts(["--data", folder + "/images"]).builder, 0..<6, threads: 0)
    #expect(try batches(packed.builder, 0..<6, threads: 2) == expected)
    #expect(packed.source.keptBytes == 0)
  }
}

@Suite struct SourceWeightTests {
  private func setup(_ words: [String]) throws -> RunSetup {
    let arguments = try ArgumentParser(command: ConfigurationFixture.command).parse(words)
    return try RunSetup(SettingsRequest(arguments), pluginsFile: TrainingLoaderTests.plugins)
  }

  @Test func eachCollectionHasItsOwnWeight() throws {
    let setup = try setup(["--data", "nih:/a", "--data", "/b/clinic", "--sampling-weights", "2,0.5"])
    let records = ["clinic", "nih", "clinic"].map {
      RadiographRecord(identifier: $0, attributes: ["collection": $0])
    }
    #expect(setup.weights(records) == [0.5, 2, 0.5])
    #expect(try self.setup(["--data", "/b"]).weights(records) == [1, 1, 1])
    #expect(try self.setup(["--data", "/b", "--sampling-weights", "3"]).weights(records) == [3, 3, 3])
  }

  @Test func sourcesOfOneNameAreNumbered() {
    #expect(
      RunSetup.shortNames(["nih:/a", "nih:/b", "/c/nih", "phantom"]) == ["nih", "nih-2", "nih-3", "phantom"])
  }
}
