import Batches
import Foundation
import Testing

@testable import Runs
@testable import Training

/// What the watch leaves in a run's folder, and what it says.
@Suite struct CollapseRecordTests {
  private let scratch: TemporaryFolder
  private var folder: RunFolder { RunFolder(path: scratch.path) }
  init() throws { scratch = try TemporaryFolder() }

  private static let glance = FeatureGlance(
    deviation: 0.125, rank: 15.5, targetVariance: 0.0625, patchRank: 36.25, radiographs: 64)

  @Test func observationsReadBack() throws {
    let seen: [CollapseWatch.Observation] = [
      .init(step: 0, Self.glance), .init(step: 50, Self.glance, error: 0.5),
      .init(step: 100, Self.glance, error: .nan, probe: 0.625, randomProbe: 0.5),
    ]
    let record = try CollapseRecord(folder)
    for observation in seen { try record.append(observation) }
    let found = try CollapseRecord(folder).observations()
    #expect(found.prefix(2) == seen.prefix(2) && found.count == 3)
    #expect(found[2].error?.isNaN == true && found[2].probe == 0.625 && found[2].randomProbe == 0.5)
    try record.truncate(afterStep: 50)
    #expect(try CollapseRecord(folder).observations() == Array(seen.prefix(2)))
  }

  @Test(arguments: ["{\"step\":1}\n", "{\"step\":1,\"rank\":\"much\",\"deviation\":1}\n", "text\n"])
  func damagedRecordsAreRefused(_ text: String) throws {
    try Bytes.write(Array(text.utf8), to: folder.path(of: .diagnostics))
    let error = #expect(throws: StorageError.self) { try CollapseRecord(folder).observations() }
    #expect("\(error!)".contains("diagnostics.jsonl"))
  }

  @Test func errorsAreThoseOfPredictions() throws {
    let terms = [("z11", 0.5), ("local.z22", 1.5), ("mae.reconstruction", 9), ("patches.z12", 7)]
    #expect(CollapseRecord.error(ofTerms: terms) == 1)
    #expect(CollapseRecord.error(ofTerms: [("mae.reconstruction", 9)]) == nil)
    let metrics = try MetricsLog(path: folder.path(of: .metrics))
    for step in 1...4 { try metrics.append(step: step, [("loss", 9), ("z11", .number(Double(step)))]) }
    #expect(try CollapseRecord.errors(of: folder, afterStep: 2) == [3, 4])
  }

  private func message(kept: [Int], error: Double?) throws -> String {
    for step in kept {
      try Folder.create(folder.path(of: .checkpoints) + "/step-000\(step)")
    }
    let alarm = Collapse(
      since: 150, seenAt: 200, lastHealthyStep: 130,
      signs: [CollapseSign(.patchRank, value: 7.8, random: 36, best: 30)], errorBefore: 0.5, error: error)
    let configuration = try ConfigurationFixture.configuration(["--set", "training.ema_start=0.9"])
    return try CollapseMessage(alarm, folder, configuration).text()
  }

  @Test func theMessageNamesTheCheckpointFromBefore() throws {
    let text = try message(kept: [100, 130, 140, 200], error: 0.1)
    #expect(text.contains("falling since step 150, seen at step 200: effective rank of patch features 7.8"))
    #expect(text.contains("(random encoder 36.0, best of this run 30.0)"))
    #expect(text.contains("fell meanwhile from 0.5000 to 0.1000, which is no good sign"))
    #expect(text.contains("1. let the target encoder follow more slowly:"))
    #expect(
      text.contains(
        "resume \(scratch.path) --step 130 --set training.ema_start=0.98 --set training.ema_end=1"))
    #expect(text.contains("--out \(scratch.path)-slower-target"))
  }

  @Test func theMessageSaysWhereNoCheckpointIsLeft() throws {
    let text = try message(kept: [140, 200], error: 0.6)
    #expect(text.contains("no checkpoint of step 130 or before is kept; begin anew"))
    #expect(text.contains("rose meanwhile from 0.5000 to 0.6000") && !text.contains("no good sign"))
    #expect(!text.contains("chex-runner resume") && text.contains("--set training.ema_start=0.98"))
    #expect(!(try message(kept: [], error: nil)).contains("meanwhile"))
  }
}
