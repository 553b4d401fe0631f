import Foundation
import Testing
import WorldModel

@testable import Training

@Suite("Printing settings and the typed configuration")
struct ConfigurationPrintingTests {
  typealias Fixture = ConfigurationFixture

  @Test(arguments: [
    ["--preset", "paper"], ["--preset", "small"], ["--preset", "quick", "--model", "tiny"],
    [
      "--preset", "quick", "--tasks", "global,local", "--data", "a \"b\" \\ c\n\u{7f}é", "--filter",
      "x=y # z", "--set",
      "local.area=0.1,0.25", "--set", "training.epsilon=1e-15", "--seed", "9223372036854775807", "--naive",
    ],
  ])
  func printedSettingsAreReadBack(words: [String]) throws {
    let settings = try Fixture.settings(words)
    let read = try Fixture.withFile(settings.tomlText) { try Fixture.settings(["--config", $0]) }
    for key in settings.catalogue.keys {
      #expect(read[key].value == settings[key].value, "\(key)")
      #expect(read[key].layer == .configuration)
    }
    #expect(try RunConfiguration(read) == RunConfiguration(settings))
  }

  @Test func eachLineSaysWhereItsValueCameFrom() throws {
    let text = try Fixture.settings(["--preset", "quick", "--epochs", "9", "--set", "local.blocks=2"])
      .tomlText
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.contains("epochs = 9 # from --epochs"))
    #expect(lines.contains("batch_size = 16 # from preset quick"))
    #expect(lines.contains("blocks = 2 # from --set"))
    #expect(lines.contains("seed = 0 # from default"))
    #expect(lines.contains("[phantom]") && lines.contains("[training]"))
  }

  @Test func aFileNameCannotBreakTheComment() throws {
    let text = try Fixture.withFile("[run]\nseed = 3\n", name: "a\n[run]\u{2028}b.toml") { path in
      try Fixture.settings(["--config", path]).tomlText
    }
    #expect(text.contains("a?[run]?b.toml:2"))
    #expect(
      try Fixture.withFile(text) { try Fixture.settings(["--config", $0]) }["run", "seed"].value
        == .integer(3))
  }

  @Test func jsonHoldsPlainValuesAndOrigins() throws {
    let text = try Fixture.settings(["--preset", "quick", "--tasks", "local"]).jsonText
    let tables = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [String: [String: Any]]])
    #expect(tables["training"]?["epochs"]?["value"] as? Int == 40)
    #expect(tables["training"]?["epochs"]?["from"] as? String == "preset quick")
    #expect(tables["run"]?["tasks"]?["value"] as? [String] == ["local"])
    #expect(tables["views"]?["area"]?["value"] as? [Double] == [0.3, 1])
    #expect(tables["local"]?["blocks"]?["value"] as? Int == 4)
    #expect(tables["run"]?["naive"]?["value"] as? Bool == false)
  }

  @Test func thePapersNumbers() throws {
    let paper = try Fixture.configuration(["--preset", "paper"])
    #expect(paper.model.encoder == TransformerConfiguration(width: 768, depth: 12, heads: 12))
    #expect(paper.model.predictor == TransformerConfiguration(width: 384, depth: 6, heads: 12))
    #expect(paper.model.gridSize == 14 && paper.model.patchCount == 196)
    #expect(paper.model.encoderHiddenWidth == 3072 && paper.model.predictorHiddenWidth == 1536)
    #expect(paper.model.geometry == ImageGeometry(imageSize: 224, patchSize: 16))
    #expect(paper.training.batchSize == 2048 && paper.training.epochs == 300)
    #expect(paper.training.learningRate == 2e-4 && paper.training.finalLearningRate == 1e-6)
    #expect(paper.training.warmupEpochs == 40 && paper.training.weightDecay == 0.05)
    #expect(paper.training.emaDecayStart == 0.996 && paper.training.emaDecayEnd == 1)
    #expect(paper.views.area == 0.3...1 && paper.views.aspect == 0.75...(4.0 / 3))
    #expect(paper.objective.reduction == .sum && paper.training.scheduleScale == 1)
  }

  @Test func publishedBehaviourResolvesWhatIsLeftOpen() throws {
    let published = try Fixture.configuration(["--compatibility", "published"])
    #expect(published.objective.reduction == .mean && published.training.scheduleScale == 1.25)
    let chosen = try Fixture.configuration([
      "--compatibility", "published", "--set", "objective.reduction=sum", "--set",
      "training.schedule_scale=1",
    ])
    #expect(chosen.objective.reduction == .sum && chosen.training.scheduleScale == 1)
  }

  @Test func theConfigurationSurvivesJson() throws {
    let configuration = try Fixture.configuration(["--preset", "quick", "--filter", "source=nih"])
    let data = try JSONEncoder().encode(configuration)
    let read = try JSONDecoder().decode(RunConfiguration.self, from: data)
    #expect(read == configuration)
    #expect(read.options(of: "phantom", declared: Fixture.plugins[2].declarations).integer("size") == 160)
    #expect(read.options(of: "absent", declared: Fixture.plugins[2].declarations).integer("size") == 256)
  }
}
