import CoreTensor
import Foundation
import Imaging
import NeuralNetworks
import PluginHost
import TestSupport
import Testing
import WorldModel

/// Tasks from the plugins as they were built.
enum TaskPlugins {
  struct MissingLibrary: Error, CustomStringConvertible { let description: String }

  static let repository = BuildFolder.repository

  private static func library(_ name: String) throws -> String {
    if name == "invert" {
      let path = repository + "/.build/tests/release/libInvertTask.so"
      guard FileManager.default.fileExists(atPath: path) else {
        throw MissingLibrary(description: "no \(path): run scripts/packages")
      }
      return path
    }
    let path = try BuildFolder.folder() + "/lib\(name.capitalized)Task.so"
    guard FileManager.default.fileExists(atPath: path) else {
      throw MissingLibrary(description: "no \(path): run 'swift build' with this configuration")
    }
    return path
  }

  static func definitions(_ names: [String]) throws -> [TaskDefinition] {
    try load(names).map(\.definition)
  }

  private static func load(_ names: [String]) throws -> [(definition: TaskDefinition, plugin: LoadedPlugin)] {
    let text = try names.map {
      "[[plugin]]\nname = \"\($0)\"\nkind = \"task\"\nlibrary = \"\(try library($0))\"\nenabled = true\n"
    }
    let manifest = try PluginManifest(text: text.joined(), path: "plugins.toml")
    return try PluginHost(manifest: manifest, searchFolders: []).load().map { plugin in
      guard case .task(let definition) = plugin.definition else {
        throw MissingLibrary(description: "\(plugin.name) is no task")
      }
      return (definition, plugin)
    }
  }

  /// - Parameters:
  ///   - names: in the order wanted.
  ///   - options: by task, then option.
  static func make(
    _ names: [String], _ options: [String: [String: OptionValue]] = [:],
    compatibility: Compatibility = .paper, geometry: ImageGeometry = small
  ) throws -> [any WorldTask] {
    let environment = TaskEnvironment(
      geometry: geometry, featureWidth: 24, predictorWidth: 16, compatibility: compatibility)
    return try load(names).map { definition, plugin in
      try definition.make(Options(definition.options, given: options[plugin.name] ?? [:]), environment)
    }
  }
}

/// 8 × 8 patches.
let small = ImageGeometry(imageSize: 32, patchSize: 4)

let subsets = [
  ["local"], ["global"], ["domain"], ["local", "global"], ["local", "domain"], ["global", "domain"],
  ["local", "global", "domain"],
]

/// A radiograph of waves and noise, another for each index.
func radiograph(_ index: Int, height: Int = 50, width: Int = 60) -> GrayImage {
  var random = RandomStream(seed: 7, stream: "image", index: index)
  var image = GrayImage(width: width, height: height)
  let (down, right) = (random.uniform(in: 0.1...0.4), random.uniform(in: 0.1...0.4))
  for row in 0..<height {
    for column in 0..<width {
      let wave = 0.5 + 0.35 * sin(Double(row) * down + Double(column) * right)
      image[row, column] = Float(wave + 0.1 * random.unit())
    }
  }
  return image
}

func scope(step: Int = 3, batch: Int = 4, geometry: ImageGeometry = small) -> BatchScope {
  BatchScope(seed: 11, step: step, batchSize: batch, geometry: geometry)
}

func samples(
  _ assembly: TaskAssembly, _ scope: BatchScope
) throws -> (plan: BatchPlan, samples: [AssembledSample]) {
  let plan = assembly.plan(scope)
  return (plan, try (0..<scope.batchSize).map { try plan.sample(radiograph($0), index: $0) })
}

func batch(_ tasks: [any WorldTask], _ scope: BatchScope = scope(), naive: Bool = false) throws -> WorldBatch
{
  let parts = try TaskAssembly.assemblies(tasks: tasks, views: ViewSettings(), naive: naive).map { assembly in
    let (plan, drawn) = try samples(assembly, scope)
    return try plan.collate(drawn)
  }
  return WorldBatch.joined(parts)
}

func model(_ tasks: [any WorldTask]) -> WorldModel {
  let shape = WorldModelConfiguration(
    encoder: VisionTransformerConfiguration(imageSize: 32, patchSize: 4, width: 24, depth: 2, heads: 2),
    predictor: PredictorConfiguration(featureWidth: 24, width: 16, depth: 2, heads: 2, gridSize: 8))
  let latents = tasks.flatMap { task in
    var random = RandomStream(seed: 5, stream: "weights." + task.name)
    return task.makeLatents(random: &random)
  }
  return WorldModel(shape, latents: latents, seed: 5)
}

/// A context of nothing, for draws without pixels.
struct BlankContext: Context {
  let view: Int
  let frame: Frame
  let geometry: ImageGeometry
  var pixels = GrayImage(width: 1, height: 1)
  var visible: [Int]
  var hidden: [Int] = []

  init(_ geometry: ImageGeometry, view: Int = 0) {
    self.view = view
    self.geometry = geometry
    frame = wholeFrame
    visible = Array(0..<geometry.patchCount)
  }
}

let wholeFrame = Frame(
  row: 0, column: 0, height: 50, width: 60, mirrored: false, imageHeight: 50, imageWidth: 60)

/// A number that a distribution should have, to within `deviations` of its standard error.
func expectMean(_ values: [Double], _ mean: Double, _ name: String, deviations: Double = 5) {
  let found = values.reduce(0, +) / Double(values.count)
  let variance = values.reduce(0) { $0 + ($1 - found) * ($1 - found) } / Double(values.count)
  let allowed = deviations * (variance / Double(values.count)).squareRoot()
  #expect(abs(found - mean) <= allowed, "\(name): mean \(found), expected \(mean) ± \(allowed)")
}
