import Batches
import Console
import CoreTensor
import Foundation
import Radiographs
import Training
import WorldModel

/// Times the data path: radiographs decoded, jittered, cut, edited by the tasks, normalised and stacked, without a
/// model.
struct ImagesBench {
  struct Result: Codable {
    let program: String
    let radiographs: Int
    let image: Int
    let threads: Int
    /// Of the whole path, and of decoding alone on one thread.
    let imagesPerSecond: Double
    let decodedPerSecond: Double
  }

  private let setup: RunSetup
  private let seconds: Double
  private let threads: Int
  private static let batchSize = 8

  /// - Parameters:
  ///   - sources: as `--data` takes them.
  ///   - seconds: how long each of the two measurements takes.
  ///   - threads: loader threads, each with a core of its own where there is one.
  init(sources: [String], image: Int, patch: Int, seconds: Double, threads: Int, pluginsFile: String?) throws
  {
    let values: [(String, String, OptionValue)] = [
      ("data", "source", .list(sources.map(OptionValue.text))), ("data", "cache_mib", .integer(0)),
      ("model", "image_size", .integer(image)), ("model", "patch_size", .integer(patch)),
    ]
    setup = try RunSetup(
      SettingsRequest(
        assignments: values.map {
          SettingAssignment(SettingKey($0.0, $0.1), .value($0.2), from: .flag("bench images"))
        }), pluginsFile: pluginsFile)
    (self.seconds, self.threads) = (seconds, threads)
  }

  func run() throws -> Result {
    let source = try setup.radiographSource()
    let count = source.records.count
    let tasks = try setup.taskSet()
    let orders = Sampler(weights: Array(repeating: 1, count: count), seed: 0)
    let size = min(Self.batchSize, count)
    let builder = BatchBuilder(
      source: source, radiographs: Array(0..<count), orders: orders,
      assemblies: TaskAssembly.assemblies(
        tasks: tasks.tasks, views: setup.configuration.views, naive: false),
      geometry: setup.configuration.model.geometry, seed: 0, batchSize: size, batchesPerEpoch: count / size)
    let loader = BatchLoader(builder, steps: 0..<Int.max, threads: threads)
    defer { loader.stop() }
    // The first batches find cold caches and threads that start.
    for _ in 0..<2 { _ = try loader.next() }
    let whole = try rate { try loader.next().radiographs.count }
    loader.stop()
    var next = 0
    let decoded = rate {
      defer { next += 1 }
      return (try? source.radiograph(at: next % count)) == nil ? 0 : 1
    }
    if decoded == 0 {
      throw NoUsableRadiograph(radiographs: count, examples: Array(source.skipped.prefix(5)))
    }
    return Result(
      program: "chex-runner " + CommandLineProgram.version, radiographs: count,
      image: setup.configuration.model.geometry.imageSize, threads: threads,
      imagesPerSecond: BenchFigures.rounded(whole), decodedPerSecond: BenchFigures.rounded(decoded))
  }

  /// Images a second of something that gives how many it did.
  private func rate(_ work: () throws -> Int) rethrows -> Double {
    let began = ProgressReporter.systemClock()
    var (done, now) = (0, began)
    while now - began < seconds {
      done += try work()
      now = ProgressReporter.systemClock()
    }
    return Double(done) / (now - began)
  }
}

extension ImagesBench.Result: CustomStringConvertible {
  var description: String {
    "\(radiographs) radiographs to crops of \(image) px, \(threads) loader threads: \(imagesPerSecond) images/s; "
      + "decoding alone, one thread: \(decodedPerSecond) images/s"
  }
}
