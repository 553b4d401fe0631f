import Console
import Runs
import Training
import Weights
import WorldModel

/// Which family's file an export is, and why.
struct FamilyChoice {
  let families: WeightsFamilies
  let family: any WeightsFamily
  /// As a phrase.
  let reason: String

  /// - Parameters:
  ///   - name: as the user says it; nil for the family that the run's encoder was imported from, where it writes encoders,
  ///     else for the first that is written.
  ///   - folder: of the run.
  ///   - families: of the registry.
  /// - Throws: `UsageError` where there is none, or it is only read; `StorageError` where the run's record is damaged.
  init(_ name: String?, of folder: RunFolder, _ families: WeightsFamilies) throws {
    self.families = families
    let written = families.all.filter { $0.exports != nil }
    if let name {
      (family, reason) = (try Self.family(name, families), "--as")
      return
    }
    guard let first = written.first else {
      throw UsageError(
        "weights export: expected a family of checkpoints that is written, found none; families: \(families.listing)"
      )
    }
    guard let origin = try RunVersions(of: folder).weightsFamily else {
      (family, reason) = (first, "the default, as no import is recorded")
      return
    }
    if let own = written.first(where: { $0.name == origin && $0.exports == .encoder }) {
      (family, reason) = (own, "as the encoder was imported")
    } else {
      (family, reason) = (
        first, "the default, as \(origin), which it was imported from, writes no encoder alone"
      )
    }
  }

  private static func family(_ name: String, _ families: WeightsFamilies) throws -> any WeightsFamily {
    let written = families.all.filter { $0.exports != nil }.map(\.name)
    let known = written.isEmpty ? "none" : written.joined(separator: ", ")
    guard let family = families.all.first(where: { $0.name == name }) else {
      throw UsageError(
        "--as \(name): expected a family of checkpoints, found none of that name"
          + Suggestions.clause(for: name, in: written) + "; families that are written: \(known)")
    }
    guard family.exports != nil else {
      throw UsageError("--as \(name): its files are only read; families that are written: \(known)")
    }
    return family
  }
}
