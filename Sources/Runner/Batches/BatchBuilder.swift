import CoreTensor
import Foundation
import Imaging
import WorldModel

/// Makes the batch of any step: a function of seed and step alone, whatever thread makes it.
package final class BatchBuilder: Sendable {
  package let source: RadiographCache
  /// Radiographs to train on, as indices into the source.
  package let radiographs: [Int]
  package let assemblies: [TaskAssembly]
  package let geometry: ImageGeometry
  package let seed: UInt64
  package let batchSize: Int
  /// Batches of an epoch; radiographs that do not fill a batch wait for the next epoch's order.
  package let batchesPerEpoch: Int
  private let orders: Sampler

  package init(
    source: RadiographCache, radiographs: [Int], orders: Sampler, assemblies: [TaskAssembly],
    geometry: ImageGeometry,
    seed: UInt64,
    batchSize: Int, batchesPerEpoch: Int
  ) {
    self.source = source
    self.radiographs = radiographs
    self.orders = orders
    self.assemblies = assemblies
    self.geometry = geometry
    self.seed = seed
    self.batchSize = batchSize
    self.batchesPerEpoch = batchesPerEpoch
  }

  /// One sample of every assembly, and the radiograph that it was made from.
  package struct Sample: Sendable {
    package let radiograph: Int
    package let parts: [AssembledSample]
  }

  package func plans(step: Int) -> [BatchPlan] {
    let scope = BatchScope(seed: seed, step: step, batchSize: batchSize, geometry: geometry)
    return assemblies.map { $0.plan(scope) }
  }

  /// Sample `index` of batch `step`. An unusable radiograph is replaced by the next usable one of the epoch's order.
  /// - Throws: `NoUsableRadiograph` when there is none.
  package func sample(step: Int, index: Int, plans: [BatchPlan]) throws -> Sample {
    let order = orders.order(epoch: step / batchesPerEpoch)
    let position = step % batchesPerEpoch * batchSize + index
    for skipped in order.indices {
      let radiograph = radiographs[order[(position + skipped) % order.count]]
      do {
        let pixels = try source.radiograph(at: radiograph)
        return Sample(radiograph: radiograph, parts: try plans.map { try $0.sample(pixels, index: index) })
      } catch is UnusableRadiograph { continue }
    }
    throw NoUsableRadiograph(radiographs: radiographs.count, examples: Array(source.skipped.prefix(5)))
  }

  func collate(_ samples: [Sample], step: Int, plans: [BatchPlan]) throws -> LoadedBatch {
    let parts = try plans.indices.map { part in try plans[part].collate(samples.map { $0.parts[part] }) }
    let records = source.records
    return LoadedBatch(
      step: step, batch: parts.count == 1 ? parts[0] : WorldBatch.joined(parts),
      radiographs: samples.map { records[$0.radiograph].identifier }, seconds: seconds(samples),
      draws: samples.map { sample in
        zip(assemblies, sample.parts).reduce(into: [:]) { all, part in
          for (key, numbers) in part.1.record { all[part.0.label + key] = numbers }
        }
      })
  }

  private func seconds(_ samples: [Sample]) -> [TaskSeconds] {
    var sums: [TaskSeconds] = []
    for own in samples.flatMap(\.parts).flatMap(\.seconds) {
      let index = sums.firstIndex { $0.task == own.task } ?? sums.count
      if index == sums.count { sums.append(TaskSeconds(task: own.task)) }
      sums[index].draw += own.draw
      sums[index].edit += own.edit
    }
    return sums
  }

  /// The whole batch, on this thread.
  package func batch(step: Int) throws -> LoadedBatch {
    let plans = plans(step: step)
    let samples = try (0..<batchSize).map { try sample(step: step, index: $0, plans: plans) }
    return try collate(samples, step: step, plans: plans)
  }
}

/// A batch, and what it was made of.
package struct LoadedBatch: Sendable {
  package let step: Int
  package private(set) var batch: WorldBatch
  /// Identifiers of its radiographs.
  package let radiographs: [String]
  /// Processor seconds of each task for all samples together.
  package let seconds: [TaskSeconds]
  /// For each sample, the numbers that tasks drew.
  package let draws: [[String: [Double]]]

  func moved(to device: any Device) -> LoadedBatch {
    var moved = self
    moved.batch = batch.moved(to: device)
    return moved
  }
}

/// Every radiograph of the run failed to decode.
package struct NoUsableRadiograph: Error, CustomStringConvertible {
  package let radiographs: Int
  package let examples: [UnusableRadiograph]

  package init(radiographs: Int, examples: [UnusableRadiograph]) {
    (self.radiographs, self.examples) = (radiographs, examples)
  }

  package var description: String {
    "data: none of the \(radiographs) radiographs to pre-train on can be used:\n"
      + examples.map { "  \($0)\n" }.joined()
      + "check --data and the files' formats (PNG, JPEG and those of enabled codec plugins, 32 px or more)"
  }
}
