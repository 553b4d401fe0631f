import Batches
import Runs
import WorldModel

/// Whose radiographs a run was pre-trained on, as far as that can be told of the radiographs at hand.
package enum PretrainedPatients: Equatable {
  /// The run was made of imported weights, whose training is not known here.
  case imported
  /// These radiographs come from other sources than the run's.
  case ofOtherSources([String])
  /// `RadiographRecord.patientKey` of each.
  case known(Set<String>)
  /// Why it cannot be told.
  case unknown(String)
}

extension RunSetup {
  /// Whose of some radiographs the run in a folder was pre-trained on.
  /// - Parameters:
  ///   - folder: of the run, whose own settings decide, whatever is set over them now.
  ///   - source: the radiographs at hand.
  /// - Throws: what reading the run's files throws.
  package func pretrainedPatients(of folder: RunFolder, _ source: any RadiographSource) throws
    -> PretrainedPatients
  {
    guard folder.has(.metrics) else { return .imported }
    let versions = try RunVersions(of: folder)
    let request = SettingsRequest(of: folder, versions)
    let own = try RunConfiguration(Settings(catalogue: settings.catalogue, request: request))
    guard own.data.sources == configuration.data.sources else { return .ofOtherSources(own.data.sources) }
    let records = source.records
    let split: DataSplit
    do { split = try DataSplit(records, hasLabels: false, own) } catch let error as SplitError {
      return .unknown(
        "the run's own settings find nothing to pre-train on among these radiographs (\(error))")
    }
    let found = split.record(records, list: versions.split?.list)
    if let recorded = versions.split, recorded.checksum != found.checksum {
      return .unknown(
        "the run's own settings give another split than it was trained with: its checksum was \(recorded.checksum), and of "
          + "these radiographs it is \(found.checksum)")
    }
    return .known(Set(split.pretrain.map { records[$0].patientKey }))
  }
}
