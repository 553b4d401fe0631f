import Console
import Foundation
import Runs

extension RunSetup {
  /// The setup of a run that was begun earlier. Where its folder names another registry than the one that is taken, a
  /// warning says so.
  /// - Parameters:
  ///   - assignments: settings over those of the run.
  ///   - pluginsFile: what `--plugins` says; nil for what the rule of `PluginsFile` gives, never what the folder says.
  ///   - wanted: names of plugins that the command needs beside those of the run.
  package init(
    reopening folder: RunFolder, assignments: [SettingAssignment] = [], pluginsFile: String?,
    wanted: Set<String> = []
  ) throws {
    _ = try RunRecord(of: folder)
    let versions = try RunVersions(of: folder)
    if pluginsFile == nil, let difference = versions.difference(from: try PluginsFile.find(given: nil)) {
      ProgressReporter.standardError("chex-runner: warning: \(difference)\n")
    }
    var request = SettingsRequest(configuration: folder.path(of: .configuration), assignments: assignments)
    // The run's file has a table for every plugin of its registry; those of plugins that are gone since decide nothing.
    let names = versions.plugins.map(\.name)
    request.dispensableTables = Set(names + names.compactMap { Renames.plugins[$0] })
    request.readsFormerNames = true
    try self.init(request, pluginsFile: pluginsFile, wanted: wanted, begins: false)
  }
}
