import Foundation
import Testing

@testable import Runs
@testable import Training

@Suite struct StorageCheckpointTests {
  private struct Interrupted: Error {}
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/checkpoints" }
  init() throws { folder = try TemporaryFolder() }

  private func store(keep: Int = 2) throws -> CheckpointStore {
    try CheckpointStore(folder: path, keep: keep)
  }

  @discardableResult
  private func save(_ store: CheckpointStore, _ step: Int, value: Float? = nil) throws -> Checkpoint {
    let value = value ?? Float(step)
    return try store.save(
      step: step, model: [.init(name: "w", shape: [100], floats: .init(repeating: value, count: 100))],
      optimizer: [.init(name: "m", shape: [100], floats: .init(repeating: -value, count: 100))],
      state: "{\"step\":\(step)}")
  }

  private func names() throws -> [String] { try Folder.names(path) }

  @Test func savesReadsBackAndKeepsTheNewest() throws {
    let store = try store()
    #expect(throws: StorageError.noCheckpoint(folder: path)) { try store.latest() }
    for step in [10, 20, 30] { try save(store, step) }
    #expect(try names() == ["step-000020", "step-000030"])
    let found = try self.store().latest()
    #expect(found.checkpoint.step == 30 && found.warnings == [])
    let model = try SafetensorsFile(path: found.checkpoint.path(of: Checkpoint.model))
    #expect(try model.floats(named: "w") == [Float](repeating: 30, count: 100))
    #expect(try Bytes.text(found.checkpoint.path(of: Checkpoint.state)) == "{\"step\":30}")
    #expect(
      try Folder.names(found.checkpoint.path)
        == ["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"])
  }

  /// The checkpoint from before a collapse outlives those that come after it, and only while it is asked for.
  @Test func theKeptStepStays() throws {
    let store = try store()
    for step in [10, 20, 30] { try save(store, step) }
    store.keptStep = 25
    for step in [40, 50, 60] { try save(store, step) }
    #expect(try store.all().map(\.step) == [20, 50, 60])
    // Among the newest it takes no further place.
    store.keptStep = 60
    try save(store, 70)
    #expect(try store.all().map(\.step) == [60, 70])
    store.keptStep = 5
    try save(store, 80)
    #expect(try store.all().map(\.step) == [70, 80])
    store.keptStep = nil
    try save(store, 90)
    #expect(try store.all().map(\.step) == [80, 90])
  }

  /// Where that checkpoint is damaged the one before it is kept in its place.
  @Test func theKeptStepIsIntact() throws {
    let store = try self.store(keep: 4)
    for step in [10, 20, 30, 40] { try save(store, step) }
    try Bytes.write([], to: path + "/step-000020/" + Checkpoint.model)
    let resumed = try self.store()
    resumed.keptStep = 25
    try save(resumed, 50)
    #expect(try resumed.all().map(\.step) == [10, 40, 50])
  }

  @Test func stepsAreOrderedAsNumbersBeyondSixDigits() throws {
    let store = try store(keep: 3)
    for step in [999_999, 1_000_000, 10_000_000] { try save(store, step) }
    #expect(try store.all().map(\.step) == [999_999, 1_000_000, 10_000_000])
    #expect(try store.latest().checkpoint.step == 10_000_000)
    try save(store, 10_000_001)
    #expect(try store.all().map(\.step) == [1_000_000, 10_000_000, 10_000_001])
    #expect(Checkpoint.step(ofFolder: "step-0000012") == nil)
    #expect(Checkpoint.step(ofFolder: "step-12") == nil)
    #expect(Checkpoint.step(ofFolder: "step--00012") == nil)
    #expect(Checkpoint.step(ofFolder: "step-000012") == 12)
  }

  static let files = [Checkpoint.model, Checkpoint.optimizer, Checkpoint.state, Checkpoint.manifest]

  @Test(arguments: files, ["cut", "flipped", "missing", "empty", "longer"])
  func aDamagedFileIsPassedOverWithAWarning(file: String, damage: String) throws {
    let store = try store()
    try save(store, 1)
    let damaged = try save(store, 2).path(of: file)
    var bytes = try Bytes.read(damaged)
    switch damage {
    case "cut": bytes.removeLast(min(bytes.count, 3))
    case "flipped": bytes[bytes.count / 2] ^= 0x10
    case "empty": bytes = []
    case "longer": bytes += [UInt8(ascii: "}")]
    default: break
    }
    if damage == "missing" { unlink(damaged) } else { try Bytes.write(bytes, to: damaged) }
    let found = try self.store().latest()
    #expect(found.checkpoint.step == 1)
    #expect(found.warnings.count == 1)
    #expect(found.warnings[0].contains("step-000002") && found.warnings[0].contains("passed over"))
  }

  @Test func everyFlippedBitOfAManifestIsNoticedOrHarmless() throws {
    let store = try store()
    let checkpoint = try save(store, 5)
    let path = checkpoint.path(of: Checkpoint.manifest)
    let whole = try Bytes.read(path)
    var noticed = 0
    for index in whole.indices {
      var changed = whole
      changed[index] ^= 0x01
      try Bytes.write(changed, to: path)
      // What still passes has verified every file against it, so nothing of the checkpoint can be wrong.
      if (try? checkpoint.verify()) == nil { noticed += 1 }
    }
    #expect(noticed > whole.count / 2)
    try Bytes.write(whole, to: path)
    #expect(throws: Never.self) { try checkpoint.verify() }
  }

  @Test func manifestsCannotPointElsewhere() throws {
    let checkpoint = try save(store(), 5)
    let secret = folder.path + "/secret"
    let seal = try DurableFile.write("secret", to: secret)
    let manifest = CheckpointManifest(
      step: 5, files: [.init(name: "../../secret", bytes: seal.bytes, crc32: seal.crc32)])
    try DurableFile.write(manifest.text(), to: checkpoint.path(of: Checkpoint.manifest))
    #expect(throws: StorageError.self) { try checkpoint.verify() }
  }

  @Test func ifNoneIsIntactEachReasonIsGiven() throws {
    let store = try store()
    for step in [1, 2] { unlink(try save(store, step).path(of: Checkpoint.state)) }
    let error = #expect(throws: StorageError.self) { try self.store().latest() }
    guard case .noIntactCheckpoint(_, let reasons) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(reasons.count == 2)
    #expect("\(error!)".contains("step-000001/state.json"))
  }

  @Test func aSaveThatFailsLeavesTheEarlierOnesAndNothingElse() throws {
    let store = try store(keep: 1)
    try save(store, 1)
    #expect(throws: Interrupted.self) {
      try store.save(
        step: 2,
        files: [
          .init(name: "a") { try $0.write("whole") },
          .init(name: "b") {
            try $0.write("half")
            throw Interrupted()
          },
        ])
    }
    #expect(try names() == ["step-000001"])
    #expect(try store.latest().checkpoint.step == 1)
  }

  @Test func whatAKilledProcessLeftIsCleared() throws {
    try save(store(), 1)
    try Folder.create(path + "/.saving-step-000002")
    try Bytes.write([1, 2, 3], to: path + "/.saving-step-000002/model.safetensors")
    let found = try store().latest()
    #expect(found.checkpoint.step == 1 && found.warnings == [])
    #expect(try names() == ["step-000001"])
  }

  @Test func aReplacedCheckpointComesBackIfTheProcessDiedBetweenTheRenames() throws {
    try save(store(), 7, value: 70)
    try Folder.move(path + "/step-000007", to: path + "/.replaced-step-000007")
    #expect(try store().latest().checkpoint.step == 7)
    try Folder.create(path + "/.replaced-step-000007")
    #expect(try store().latest().checkpoint.step == 7)
    #expect(try names() == ["step-000007"])
  }

  @Test func savingAStepAgainReplacesIt() throws {
    let store = try store()
    try save(store, 3, value: 1)
    let again = try save(store, 3, value: 2)
    #expect(try SafetensorsFile(path: again.path(of: Checkpoint.model)).floats(named: "w")[0] == 2)
    #expect(try names() == ["step-000003"])
  }

  @Test func damagedCheckpointsDoNotCountAsKept() throws {
    let first = try store(keep: 2)
    for step in [10, 20] { try save(first, step) }
    let newest = try save(first, 30)
    try Bytes.write([0], to: newest.path(of: Checkpoint.model))
    let resumed = try store(keep: 2)
    #expect(try resumed.latest().checkpoint.step == 20)
    try save(resumed, 25)
    #expect(try names() == ["step-000020", "step-000025"], "the damaged one of the given-up future is gone")
    try save(resumed, 30)
    #expect(try names() == ["step-000025", "step-000030"])
  }

  @Test func aFolderThatCannotBeWrittenSaysSo() throws {
    if geteuid() == 0 {
      let error = #expect(throws: StorageError.self) { try CheckpointStore(folder: "/proc/none", keep: 1) }
      #expect("\(error!)".contains("create folder /proc/none"))
    } else {
      let store = try store()
      try save(store, 1)
      chmod(path, 0o555)
      defer { chmod(path, 0o755) }
      let error = #expect(throws: StorageError.self) { try save(store, 2) }
      #expect("\(error!)".contains("Permission denied"))
      #expect(try names() == ["step-000001"])
    }
  }
}
