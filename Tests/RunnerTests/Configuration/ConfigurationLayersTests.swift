import Foundation
import Testing
import WorldModel

@testable import Console
@testable import Evaluations
@testable import Training

@Suite("Settings in layers")
struct ConfigurationLayersTests {
  typealias Fixture = ConfigurationFixture

  @Test func defaultsAreThePapersAndSaySo() throws {
    let settings = try Fixture.settings()
    #expect(settings["training", "epochs"].value == .integer(300))
    // The registry says which radiographs there are.
    let source = SettingKey("data", "source")
    #expect(settings.catalogue.keys.allSatisfy { $0 == source || settings[$0].origin == .default })
    #expect(settings["training", "epochs"].origin.description == "default")
    #expect(settings.catalogue.keys.count == 116)
  }

  @Test func eachLayerOverridesTheOneBefore() throws {
    let fromPlugins = SettingAssignment(
      SettingKey("phantom", "images"), .value(.integer(7)), from: .file("plugins.toml", line: 31))
    let key = SettingKey("phantom", "images")
    #expect(try Fixture.settings(pluginsFile: [fromPlugins])[key].origin.description == "plugins.toml:31")
    let preset = try Fixture.settings(preset: "quick", pluginsFile: [fromPlugins])[key]
    #expect(preset.value == .integer(1536) && preset.origin.description == "preset quick")
    try Fixture.withFile("# mine\n[phantom]\nimages = 12\n") { path in
      let words = ["--preset", "quick", "--config", path]
      let file = try Fixture.settings(words, pluginsFile: [fromPlugins])[key]
      #expect(file.value == .integer(12) && file.origin.description == "\(path):3")
      let flag = try Fixture.settings(words + ["--set", "phantom.images=5"], pluginsFile: [fromPlugins])[key]
      #expect(flag.value == .integer(5) && flag.origin.description == "--set" && flag.layer == .flags)
    }
  }

  @Test func everyDedicatedFlagReachesItsSetting() throws {
    let words = [
      "--tasks", "global, local", "--data", "radiographs, more", "-o", "runs/x", "--seed", "9", "--epochs",
      "50",
      "--steps", "4",
      "--batch", "8", "--learning-rate", "1e-3", "--naive", "--compatibility", "published", "--model", "tiny",
      "--image-size", "128", "--sampling-weights", "2", "--fraction", "0.5", "--threads", "2",
      "--loader-threads", "0",
      "--holdout", "0.25", "--path-column",
      "file",
      "--label-column", "labels", "--patient-column", "patient_id", "--split-column", "split", "--filter",
      "source=nih", "--filter", "view=a,b", "--pretrain-splits", "a,b", "--label", "nodule",
      "--evaluation-filter", "source=kermany", "--precision", "bf16", "--device", "torch:cuda:0",
      "--checkpoint-activations", "--split-file", "splits.csv", "--split-fold", "2", "--split-checksum", "ab",
      "--landmarks", "points.csv", "--from", "runs/imported",
    ]
    let settings = try Fixture.settings(words)
    for flag in SettingFlag.all {
      let setting = settings[flag.key]
      #expect(setting.origin == .flag(flag.name), "\(flag.name)")
      #expect(setting.value != settings.catalogue[flag.key]?.defaultValue, "\(flag.name)")
    }
    let configuration = try RunConfiguration(settings)
    #expect(configuration.run.tasks == ["global", "local"] && configuration.run.isNaive)
    #expect(configuration.run.precision == .bf16 && configuration.run.instructions == nil)
    #expect(configuration.run.device == "torch:cuda:0")
    #expect(configuration.training.checkpointActivations)
    #expect(configuration.data.sources == ["radiographs, more"])
    #expect(configuration.data.filter.map(\.description) == ["source=nih", "view=a,b"])
    #expect(configuration.training.learningRate == 1e-3 && configuration.model.encoder.width == 192)
  }

  @Test func setTakesEveryKindOfValue() throws {
    let settings = try Fixture.settings([
      "--set", "views.area=[0.4, 0.9]", "--set", "views.aspect=0.8,1.2", "--set", "run.tasks=[\"local\"]",
      "--set", "evaluation.labels=nodule, effusion", "--set", "run.naive=true", "--set",
      "run.out=\"a \\\"b\\\", c\"",
      "--set", "training.warmup_epochs=3", "--set", "local.blocks= 2 ", "--set",
      "run.compatibility=published",
      "--set", "data.pretrain_splits=",
    ])
    #expect(settings["views", "area"].value == .list([.number(0.4), .number(0.9)]))
    #expect(settings["views", "aspect"].value == .list([.number(0.8), .number(1.2)]))
    #expect(settings["run", "tasks"].value == .list([.text("local")]))
    #expect(settings["evaluation", "labels"].value == .list([.text("nodule"), .text("effusion")]))
    #expect(settings["run", "naive"].value == .boolean(true))
    #expect(settings["run", "out"].value == .text("a \"b\", c"))
    #expect(settings["training", "warmup_epochs"].value == .number(3))
    #expect(settings["local", "blocks"].value == .integer(2))
    #expect(settings["data", "pretrain_splits"].value == .list([]))
    #expect(settings.options(of: "local").integer("blocks") == 2)
  }

  @Test func aFlagOfSizeReplacesOlderDimensions() throws {
    let settings = try Fixture.settings(["--preset", "quick", "--model", "tiny"])
    #expect(settings["model", "width"].value == .integer(0))
    #expect(settings["model", "width"].origin.description == "--model, in place of 96 of preset quick")
    #expect(try RunConfiguration(settings).model.encoder == ModelSize.tiny.blocks)
    try Fixture.withFile("[training]\nsteps = 40\n") { path in
      let epochs = try Fixture.settings(["--config", path, "--epochs", "80"])
      #expect(epochs["training", "steps"].value == .integer(0))
      #expect(epochs["training", "steps"].origin.description == "--epochs, in place of 40 of \(path):2")
      #expect(try Fixture.settings(["--config", path])["training", "steps"].value == .integer(40))
    }
  }

  @Test func presetsParseAndAreValid() throws {
    for preset in Preset.all {
      let configuration = try Fixture.configuration(["--preset", preset.name])
      #expect(configuration.model.patchCount > 0)
    }
    let bare = try Fixture.settings()
    let paper = try Fixture.settings(["--preset", "paper"])
    #expect(bare.catalogue.keys.allSatisfy { bare[$0] == paper[$0] })
    let quick = try Fixture.configuration(["--preset", "quick"])
    #expect(quick.model.encoder == TransformerConfiguration(width: 96, depth: 3, heads: 4))
    #expect(quick.model.predictor == TransformerConfiguration(width: 48, depth: 2, heads: 4))
    #expect(quick.model.imageSize == 96 && quick.training.batchSize == 16)
    #expect(quick.plugins["phantom"]?["images"] == .integer(1536))
    #expect(quick.training.warmupEpochs / Double(quick.training.epochs) == 0.05)
    #expect(try Fixture.configuration(["--preset", "small"]).model.encoder == ModelSize.small.blocks)
  }

  @Test func theTargetEncodersModeReachesTheModel() throws {
    for (words, mode) in [
      ([], TargetEncoderMode.follows), (["--set", "model.target_encoder=ema"], .follows),
      (["--set", "model.target_encoder=frozen"], .frozen),
      (["--set", "model.target_encoder=absent"], .absent),
    ] {
      let model = try Fixture.configuration(words).model
      #expect(model.targetEncoder == mode && WorldModelConfiguration(model, .paper).targetEncoder == mode)
    }
    #expect(Fixture.refusal(["--set", "model.target_encoder=none"]).contains("[model] target_encoder"))
    #expect(throws: UsageError.self) {
      try TargetEncoderCheck.check(.absent, "--encoder target", remedy: "--encoder context")
    }
    for mode in [TargetEncoderMode.follows, .frozen] {
      #expect(throws: Never.self) { try TargetEncoderCheck.check(mode, "--encoder target", remedy: "") }
    }
  }

  @Test func normalizedTargetsReachTheModel() throws {
    for (words, expected) in [([], true), (["--set", "model.normalize_targets=false"], false)] {
      let model = try Fixture.configuration(words).model
      #expect(model.normalizesTargets == expected)
      #expect(WorldModelConfiguration(model, .paper).normalizesTargets == expected)
    }
    #expect(Fixture.refusal(["--set", "model.normalize_targets=1"]).contains("[model] normalize_targets"))
  }

  @Test func everyNamedSizeFitsTheQuickPreset() throws {
    for size in ModelSize.allCases where size != .custom {
      let model = try Fixture.configuration(["--preset", "quick", "--model", size.rawValue]).model
      #expect(model.encoder == size.blocks)
    }
  }

  @Test func withoutAPresetOnTheCommandLineTheStandardOneIsMeant() throws {
    let arguments = try ArgumentParser(command: Fixture.command).parse(["--seed", "4"])
    #expect(try SettingsRequest(arguments).preset == Preset.standardName)
    #expect(try Preset.named(Preset.standardName).name == Preset.standardName)
  }
}
