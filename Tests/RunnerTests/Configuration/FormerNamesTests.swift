import Foundation
import Runs
import Testing
import WorldModel

@testable import Radiographs
@testable import Training

/// What earlier versions wrote is read; what their users type is answered with the name that it has now.
@Suite struct FormerNamesTests {
  /// The file of a run that an older version wrote is read under today's names; a user's is answered with them.
  @Test func formerNamesAreReadOrAnswered() throws {
    let probe = PluginSettings(
      name: "probe", isTask: false,
      declarations: [
        OptionDeclaration("neighbours", .integer(default: 20, in: 1...1000), help: "Neighbours.")
      ])
    let catalogue = try SettingsCatalogue(plugins: ConfigurationFixture.plugins + [probe])
    let text = "[probe]\nlabels = [\"nodule\"]\nfilms = 7\n\n[probes]\nneighbours = 3\n"
    try ConfigurationFixture.withFile(text) { path in
      var request = SettingsRequest(configuration: path)
      request.readsFormerNames = true
      let settings = try Settings(catalogue: catalogue, request: request)
      #expect(settings["evaluation", "labels"].value == .list([.text("nodule")]))
      #expect(settings["evaluation", "images"].value == .integer(7))
      #expect(settings["probe", "neighbours"].value == .integer(3))
      request.readsFormerNames = false
      let refused = #expect(throws: SettingsError.self) {
        _ = try Settings(catalogue: catalogue, request: request)
      }
      #expect("\(refused!)".contains("write [probe]"), "\(refused!)")
    }
  }

  /// A run's file has the options of tasks that it does not train on too; those that are gone since decide nothing. Those
  /// of its own tasks, and a user's, are refused.
  @Test(arguments: [("\"other\"", true), ("\"mae\"", false)])
  func anOptionThatIsGoneIsRefusedWhereItDecides(task: String, isRead: Bool) throws {
    let declaration = OptionDeclaration("mask_ratio", .number(default: 0.75, in: 0...1), help: "Share.")
    let mae = PluginSettings(name: "mae", isTask: true, declarations: [declaration])
    let catalogue = try SettingsCatalogue(plugins: ConfigurationFixture.plugins + [mae])
    let text = "[run]\ntasks = [\(task)]\n\n[mae]\nhidden = 0.5\nmask_ratio = 0.6\n"
    try ConfigurationFixture.withFile(text) { path in
      var request = SettingsRequest(configuration: path)
      request.dispensableTables = ["mae"]
      request.readsFormerNames = true
      guard isRead else {
        let refused = #expect(throws: SettingsError.self) {
          _ = try Settings(catalogue: catalogue, request: request)
        }
        #expect("\(refused!)".contains("[mae] hidden"), "\(refused!)")
        return
      }
      let settings = try Settings(catalogue: catalogue, request: request)
      #expect(settings["mae", "mask_ratio"].value == .number(0.6))
      request.readsFormerNames = false
      #expect(throws: SettingsError.self) { _ = try Settings(catalogue: catalogue, request: request) }
    }
  }

  @Test(arguments: [
    ("health.films", "[diagnostics] images"), ("health.minimum_rank", "[diagnostics] minimum_rank"),
    ("data.weights", "[data] sampling_weights"), ("evaluation.films", "[evaluation] images"),
    ("probe.films", "[evaluation] images"),
  ])
  func aFormerSettingIsAnswered(former: String, current: String) throws {
    let refused = ConfigurationFixture.refusal(["--set", "\(former)=3"])
    #expect(refused.contains("write \(current)"), "\(refused)")
  }

  @Test func keysOfEarlierFilesAreRead() throws {
    struct Speed: Codable, Equatable {
      var imagesPerSecond: Double
      var diagnostics: [String: Int]
    }
    let old = Data(#"{"filmsPerSecond": 4.5, "health": {"films": 3}}"#.utf8)
    // Keys of a dictionary are data, not names.
    #expect(
      try JsonText.decoded(Speed.self, from: old) == Speed(imagesPerSecond: 4.5, diagnostics: ["films": 3]))
    let new = try JsonText.encoded(Speed(imagesPerSecond: 4.5, diagnostics: ["films": 3]), keys: .snakeCase)
    #expect(new.contains("images_per_second"))
    #expect(
      try JsonText.decoded(Speed.self, from: Data(new.utf8), keys: .snakeCase)
        == Speed(imagesPerSecond: 4.5, diagnostics: ["films": 3]))
  }

  @Test func metricsOfEarlierRunsAreRead() throws {
    let path = NSTemporaryDirectory() + "former-\(UUID().uuidString).jsonl"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try #"{"step": 1, "loss": 0.5, "films_per_second": 8, "momentum": 0.99}"#.write(
      toFile: path, atomically: true, encoding: .utf8)
    let line = try #require(try MetricsLog.lines(ofFile: path).first)
    #expect(line["images_per_second"] as? Double == 8 && line["ema_decay"] as? Double == 0.99)
  }
}
