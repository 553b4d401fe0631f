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
    let request = SettingsRequest(of: folder, versions, assignments: assignments)
    try self.init(request, pluginsFile: pluginsFile, wanted: wanted, begins: false)
  }
}
