import Console
import CoreTensor
import Foundation
import PluginHost
import Runs

/// `versions.json`: what the run was made with.
package struct RunVersions: Codable {
  package struct Plugin: Codable, Equatable {
    package let name: String
    package let version: String
    package let library: String
  }
  package let runner: String
  package let core: String
  /// What products multiplied, after `auto` was settled.
  package let precision: String
  package let instructions: InstructionSet
  /// Where the run computed; nil in runs of versions before 0.3.0, whose device was the processor.
  package let device: String?
  /// Path of `plugins.toml`.
  package let registry: String
  package let plugins: [Plugin]
  /// What `config.toml` must be; nil in runs of versions before 0.2.0.
  package let settings: FileSeal?
  /// Which radiographs are pre-trained on and which held out; nil in runs of earlier versions, and in those that
  /// were made of other people's weights.
  package let split: SplitRecord?
  /// The family of the checkpoint that the encoder was imported from, by this run or by the one that it began with; nil
  /// where it began from a seed.
  package let weightsFamily: String?

  init(
    _ setup: RunSetup, settings: FileSeal? = nil, split: SplitRecord? = nil, weightsFamily: String? = nil
  ) {
    (self.settings, self.split, self.weightsFamily) = (settings, split, weightsFamily)
    runner = ProgramVersion.current
    core = PluginHost.coreFingerprint
    precision = setup.backend.activationType.rawValue
    device = setup.backend.device.name
    instructions = InstructionSet.current
    registry = URL(fileURLWithPath: setup.manifest.path).standardizedFileURL.path
    plugins = setup.plugins.map { Plugin(name: $0.name, version: $0.version, library: $0.libraryPath) }
  }

  /// - Throws: `StorageError` where the file is missing or says something else.
  package init(of folder: RunFolder) throws {
    let text = try folder.text(of: .versions)
    do { self = try JsonText.decoded(Self.self, from: Data(text.utf8)) } catch {
      throw StorageError.damaged(
        file: folder.path(of: .versions), expected: "what a run of this version writes",
        found: "something else (\(JsonText.reason(error)))")
    }
  }

  /// As the file has it.
  func text() throws -> String {
    try JsonText.encoded(self)
  }

  /// A sentence where the registry that is taken now is another than the run's; nil where it is the same, or the run's
  /// is no longer there.
  func difference(from taken: PluginsFile.Location) -> String? {
    guard !PluginsFile.isSame(registry, taken.path), access(registry, R_OK) == 0 else { return nil }
    return "the run began with the registry \(registry); this command takes \(taken.path), \(taken.reason); "
      + "give --plugins \(registry) for the other"
  }

  /// What is different now, so that the run does not go on to the bits it would have ended with; a sentence each.
  func changes(to now: RunVersions) -> [String] {
    func change(_ what: String, _ before: String, _ after: String) -> String? {
      before == after
        ? nil : "the run began with \(what) \(before) and goes on with \(after); results will differ a little"
    }
    let versions = plugins.map { plugin in
      now.plugins.first { $0.name == plugin.name }
        .flatMap { change("plugin \(plugin.name)", plugin.version, $0.version) }
    }
    return
      ([
        change("device", device ?? DeviceChoice.cpu, now.device ?? DeviceChoice.cpu),
        change("precision", precision, now.precision),
        change("instructions", instructions.rawValue, now.instructions.rawValue),
      ] + versions).compactMap { $0 }
  }
}
