import Batches
import CoreTensor
import NeuralNetworks
import Radiographs
import Runs
import WorldModel

/// Model, optimiser, batches and schedule of a run, as its configuration makes them.
package struct RunParts {
  package let setup: RunSetup
  package let tasks: TaskSet
  package let source: RadiographCache
  package let split: DataSplit
  package let optimization: Optimization
  package let builder: BatchBuilder
  package let schedule: any Schedule
  package let stepsPerEpoch: Int

  package init(_ setup: RunSetup) throws {
    self.setup = setup
    let configuration = setup.configuration
    let training = configuration.training
    tasks = try setup.taskSet()
    try training.checkBatch(of: tasks.tasks)
    source = try setup.radiographSource()
    split = try DataSplit(source.records, hasLabels: !source.findingNames.isEmpty, configuration)
    let seed = UInt64(configuration.run.seed)
    let records = source.records
    let orders = Sampler(weights: setup.weights(split.pretrain.map { records[$0] }), seed: seed)
    stepsPerEpoch = try training.stepsPerEpoch(radiographs: orders.imagesPerEpoch)
    schedule = try setup.components.schedule(
      totalSteps: training.totalSteps(radiographs: orders.imagesPerEpoch))
    let model = setup.model(tasks, recomputesActivations: training.checkpointActivations)
    optimization = Optimization(
      model, optimizer: try setup.components.optimizer(model),
      reduction: setup.configuration.objective.reduction, backend: setup.backend)
    builder = BatchBuilder(
      source: source, radiographs: split.pretrain, orders: orders,
      assemblies: TaskAssembly.assemblies(
        tasks: tasks.tasks, views: setup.configuration.views, naive: configuration.run.isNaive),
      geometry: configuration.model.geometry, seed: seed, batchSize: training.batchSize,
      batchesPerEpoch: stepsPerEpoch * training.accumulation)
  }

  /// Which radiographs the run trains on, for its record.
  func splitRecord() throws -> SplitRecord {
    split.record(source.records, list: try setup.splitList()?.checksum)
  }

  /// Compares with the encoder as this seed initialises it.
  func monitor() -> DiagnosticsMonitor {
    DiagnosticsMonitor(source, split, setup.configuration, setup.backend) {
      setup.model(tasks).transferredEncoder
    }
  }
}
