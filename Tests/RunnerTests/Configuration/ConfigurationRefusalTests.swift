import Foundation
import Testing
import WorldModel

@testable import Commands
@testable import Console
@testable import Training

@Suite("Settings that are refused")
struct ConfigurationRefusalTests {
  typealias Fixture = ConfigurationFixture

  @Test(arguments: [
    ("[trainig]\nepochs = 3\n", ["run.toml:1: [trainig]", "no such table", "did you mean [training]?"]),
    ("[local]\nblocks = 3\n[moon]\n", ["run.toml:3: [moon]", "no plugin of that name", "phantom"]),
    (
      "[training]\n\nepoch = 3\n",
      ["run.toml:3: [training] epoch", "no such key", "did you mean epochs (integer from 1 to 1000000)?"]
    ),
    (
      "[model]\nbatch_size = 3\n",
      ["run.toml:2: [model] batch_size", "did you mean batch_size of [training]?"]
    ),
    ("[local]\nblock = 3\n", ["run.toml:2: [local] block", "did you mean blocks"]),
    ("epochs = 3\n", ["run.toml:1: epochs", "outside any table", "put it below [training]"]),
    ("training = 3\n", ["run.toml:1: training", "it is a table, not a key"]),
    ("[[training]]\nepochs = 3\n", ["run.toml", "training"]),
    (
      "[training]\nepochs = 0\n",
      ["run.toml:2: [training] epochs: 0 is not allowed", "integer from 1 to 1000000"]
    ),
    ("[training]\nepochs = 3.5\n", ["run.toml:2", "3.5 is not allowed", "allowed: integer"]),
    ("[training]\nepochs = \"3\"\n", ["run.toml:2", "\"3\" is not allowed"]),
    ("[training]\nepochs = 1979-05-27\n", ["run.toml:2: [training] epochs", "is not allowed"]),
    ("[training]\nepochs.x = 3\n", ["[training] epochs: a table is not allowed"]),
    (
      "[training]\nlearning_rate = nan\n",
      ["run.toml:2: [training] learning_rate", "number from 0.0 to 10.0"]
    ),
    ("[training]\nlearning_rate = -1\n", ["-1 is not allowed"]),
    ("[run]\nnaive = 1\n", ["run.toml:2: [run] naive: 1 is not allowed; allowed: true or false"]),
    ("[run]\ntasks = 1\n", ["run.toml:2: [run] tasks", "a list of texts"]),
    ("[run]\ntasks = [\"local\", 3]\n", ["run.toml:2: [run] tasks", "is not allowed"]),
    ("[run]\ntasks = [[1979-05-27]]\n", ["run.toml:2: [run] tasks: a list of other things is not allowed"]),
    (
      "[run]\ncompatibility = \"publishd\"\n",
      ["run.toml:2", "one of \"paper\", \"published\"", "did you mean published?"]
    ),
    (
      "[views]\narea = [0.9, 0.4]\n",
      ["run.toml:2: [views] area: [0.9, 0.4] is not allowed", "two ascending numbers"]
    ),
    ("[views]\narea = [0.3]\n", ["run.toml:2: [views] area"]),
    ("[views]\narea = [0, 1]\n", ["run.toml:2: [views] area", "from 0.01 to 1.0"]),
    (
      "[local]\nblocks = 99\n",
      ["run.toml:2: [local] blocks: 99 is not allowed; allowed: integer from 1 to 16"]
    ),
    ("[training\nepochs = 3\n", ["run.toml"]),
    ("[training]\nepochs = 3\nepochs = 4\n", ["run.toml"]),
    ("\u{0}\u{1}\u{2}", ["run.toml"]),
  ])
  func aFileIsRefused(text: String, parts: [String]) throws {
    let message = try Fixture.refusal(ofFile: text)
    for part in parts { #expect(message.contains(part), "\(message)") }
    #expect(!message.isEmpty)
  }

  @Test func anEmptyFileChangesNothing() throws {
    #expect(try Fixture.refusal(ofFile: "").isEmpty)
    #expect(try Fixture.refusal(ofFile: "[training]\n").isEmpty)
  }

  @Test func aMissingFileIsNamed() {
    #expect(Fixture.refusal(["--config", "/nowhere/run.toml"]).contains("/nowhere/run.toml"))
    #expect(!Fixture.refusal(["--config", "/"]).isEmpty)
  }

  @Test(arguments: [
    (["--preset", "quik"], ["--preset", "no such preset", "paper, small, quick", "did you mean quick?"]),
    (["--epochs", "many"], ["--epochs: [training] epochs: \"many\" is not allowed", "integer from 1"]),
    (["--epochs", "1e3"], ["--epochs"]),
    (["--epochs", "99999999999999999999"], ["--epochs"]),
    (["--learning-rate", "inf"], ["--learning-rate: [training] learning_rate"]),
    (["--learning-rate", "0x1"], ["--learning-rate"]),
    (["--model", "bse"], ["--model: [model] size", "did you mean base?"]),
    (["--tasks", "local,,global"], ["--tasks: [run] tasks"]),
    (["--set", "training.epochs"], ["--set: expected TABLE.KEY=VALUE"]),
    (["--set", "epochs=3"], ["--set: expected TABLE.KEY=VALUE"]),
    (["--set", "a.b.c=3"], ["--set: expected TABLE.KEY=VALUE"]),
    (["--set", ""], ["--set: expected TABLE.KEY=VALUE"]),
    (["--set", "training.epoch=3"], ["--set: [training] epoch", "did you mean epochs"]),
    (["--set", "lokal.blocks=3"], ["--set: [lokal]", "did you mean [local]?"]),
    (["--set", "run.naive=yes"], ["--set: [run] naive: \"yes\" is not allowed; allowed: true or false"]),
    (["--set", "views.area=[0.3"], ["--set: [views] area"]),
    (["--set", "run.out=\"a\"\nseed = 3"], ["--set: [run] out"]),
    (["--set", "run.out=\"a\" # b\""], []),
    (["--set", "views.area=0.3,x"], ["--set: [views] area"]),
    (
      ["--epochs", "3", "--set", "training.epochs=4"],
      ["--epochs and --set: training.epochs is set twice; keep one of them"]
    ),
    (["--set", "run.seed=3", "--set", "run.seed=4"], ["--set: run.seed is set twice"]),
  ])
  func aFlagIsRefused(words: [String], parts: [String]) {
    let message = Fixture.refusal(words)
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test(arguments: [
    (
      ["--image-size", "100"],
      ["model.patch_size = 16 (default), model.image_size = 100 (--image-size)", "must divide", "96 or 112"]
    ),
    (["--image-size", "16", "--set", "model.patch_size=32"], ["model.patch_size = 32 (--set)"]),
    (
      ["--model", "custom"],
      ["model.size = \"custom\" (--model)", "needs width, depth and heads", "model.width"]
    ),
    (["--model", "custom", "--set", "model.width=8", "--set", "model.depth=2"], ["set model.heads"]),
    (["--model", "tiny", "--set", "model.width=384"], ["tiny has width 192", "custom"]),
    (
      ["--model", "custom", "--set", "model.width=100", "--set", "model.depth=2", "--set", "model.heads=3"],
      [
        "model.width = 100 (--set), model.heads = 3 (--set)", "heads must divide",
        "1, 2, 4, 5, 10, 20, 25, 50 heads",
      ]
    ),
    (
      ["--model", "custom", "--set", "model.width=102", "--set", "model.depth=2", "--set", "model.heads=2"],
      ["4 divides", "use 104"]
    ),
    (["--set", "model.predictor_width=390"], ["model.predictor_width = 390", "4 divides", "use 392"]),
    (
      ["--set", "model.predictor_width=64"],
      [
        "model.predictor_heads = 0 (default), model.size = \"base\"", "12 heads do not divide",
        "1, 2, 4, 8, 16, 32",
      ]
    ),
    (["--set", "model.predictor_heads=5"], ["5 heads do not divide"]),
    (["--set", "model.mlp_ratio=0.3"], ["model.mlp_ratio", "not a whole number"]),
    (
      ["--epochs", "40"],
      ["training.warmup_epochs = 40.0 (default), training.epochs = 40 (--epochs)", "warmup_epochs=4.0"]
    ),
    (
      ["--learning-rate", "1e-7"], ["training.final_learning_rate = 1e-06", "make the final one the smaller"]
    ),
    (["--set", "training.ema_end=0.9"], ["training.ema_start = 0.996", "make ema_start the smaller"]),
    (["--set", "training.schedule_scale=0.5"], ["training.schedule_scale = 0.5", "use 1 or more"]),
    (
      ["--tasks", "locl"],
      ["run.tasks", "there is no task \"locl\"", "tasks: local, global", "did you mean local?"]
    ),
    (["--tasks", "phantom"], ["\"phantom\" is a plugin, but no task"]),
    (["--tasks", "local,global,local"], ["\"local\" is named twice"]),
    (["--filter", "nih"], ["data.filter", "\"nih\" is no filter", "--filter"]),
    (["--evaluation-filter", "=nih"], ["evaluation.filter", "write column=value"]),
    (["--set", "evaluation.labels=[\"\"]"], ["evaluation.labels", "empty name"]),
  ])
  func valuesThatDoNotFitTogetherAreRefused(words: [String], parts: [String]) {
    let message = Fixture.refusal(words)
    #expect(!message.isEmpty)
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test func noRadiographsAtAllAreRefused() throws {
    let settings = try Settings(catalogue: Fixture.catalogue())
    let error = try #require(throws: SettingsError.self) { try RunConfiguration(settings) }
    for part in ["data.source = [] (default)", "plugins.toml is the default", "--data", "default = true"] {
      #expect("\(error)".contains(part), "\(error)")
    }
  }

  @Test func aPluginMayNotSpeakOfAPresetThatIsNone() throws {
    let plugin = PluginSettings(name: "clinic", isTask: false, declarations: [], presets: ["quik": [:]])
    let error = try #require(throws: SettingsError.self) { try SettingsCatalogue(plugins: [plugin]) }
    #expect(
      "\(error)".contains("plugin clinic: preset \"quik\"") && "\(error)".contains("did you mean quick?"))
  }

  @Test func aPluginMayNotTakeATableThatExists() {
    let taken = PluginSettings(name: "data", isTask: false, declarations: [])
    #expect(throws: SettingsError.self) { try SettingsCatalogue(plugins: [taken]) }
    #expect(throws: SettingsError.self) {
      try SettingsCatalogue(plugins: [ConfigurationFixture.plugins[0], ConfigurationFixture.plugins[0]])
    }
    let option = OptionDeclaration("x", .boolean(default: true), help: "")
    let twice = PluginSettings(name: "odd", isTask: true, declarations: [option, option])
    #expect(throws: SettingsError.self) { try SettingsCatalogue(plugins: [twice]) }
  }

  @Test func pluginsFileIsSearchedAndNamed() throws {
    try Fixture.withFile("", name: "plugins.toml") { path in
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      #expect(try PluginsFile.locate(given: path, directory: "/nowhere", executable: "/nowhere/x") == path)
      #expect(try PluginsFile.locate(given: nil, directory: folder, executable: "/nowhere/x") == path)
      try Data().write(to: URL(fileURLWithPath: folder + "/Package.swift"))
      let built = folder + "/.build/triple/release/chex-runner"
      #expect(try PluginsFile.locate(given: nil, directory: "/nowhere", executable: built) == path)
    }
    #expect(throws: SettingsError.self) { try PluginsFile.locate(given: "/nowhere/p.toml") }
    #expect(throws: SettingsError.self) {
      try PluginsFile.locate(given: nil, directory: "/nowhere", executable: "/nowhere/bin/x")
    }
    #expect(throws: SettingsError.self) { try PluginsFile.locate(given: "/") }
  }

  @Test func theRuleForRegistriesHasAnOrder() throws {
    try Fixture.withFile("", name: "plugins.toml") { path in
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      let shared = folder + "/tree/share/chexworld"
      try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
      try Data().write(to: URL(fileURLWithPath: shared + "/plugins.toml"))
      let program = folder + "/tree/bin/chex-runner"
      let working = try PluginsFile.find(given: nil, directory: folder, executable: program)
      #expect(
        working == .init(path: path, reason: "the working folder's", others: [shared + "/plugins.toml"]))
      let installed = try PluginsFile.find(given: nil, directory: "/nowhere", executable: program)
      #expect(
        installed == .init(path: shared + "/plugins.toml", reason: "the installed tree's own", others: []))
      let named = try PluginsFile.find(
        given: shared + "/plugins.toml", directory: folder, executable: program)
      #expect(named.reason == "--plugins names it" && named.others == [path])
    }
  }

  @Test func aRegistryThatCannotBeWrittenSaysWhatToDo() throws {
    let place = PluginsFile.Location(
      path: "/proc/plugins.toml", reason: "the installed tree's own", others: [])
    let error = #expect(throws: ScaffoldError.self) { try place.checkWritable() }
    #expect(
      "\(error!)".contains("cannot be written") && "\(error!)".contains("cp /proc/plugins.toml plugins.toml"))
    try Fixture.withFile("", name: "plugins.toml") { path in
      try PluginsFile.Location(path: path, reason: "", others: []).checkWritable()
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["plugins.toml"])
    }
  }

  @Test func namesThatACommandLineMentions() throws {
    func names(_ words: [String]) throws -> Set<String> {
      try SettingsRequest(ArgumentParser(command: Fixture.command).parse(words)).mentionedNames()
    }
    #expect(try names(["--tasks", "local, scale", "--data", "clinic"]) == ["local", "scale", "clinic"])
    #expect(try names(["--set", "run.tasks=[\"scale\"]", "--set", "ring.width=3"]) == ["scale", "ring"])
    try Fixture.withFile("[run]\ntasks = [\"a\"]\n[data]\nsource = \"b\"\n") { path in
      let ofFile = try names(["--config", path])
      let overFile = try names(["--config", path, "--tasks", "c"])
      #expect(ofFile == ["a", "b"] && overFile == ["b", "c"])
    }
  }

  @Test func pluginsThatWereRefusedSayWhy() throws {
    let catalogue = try SettingsCatalogue(
      plugins: ConfigurationFixture.plugins, refused: ["scale": "its library is missing"], registry: "p.toml")
    func refusal(_ words: [String]) -> String {
      do {
        let request = try SettingsRequest(ArgumentParser(command: Fixture.command).parse(words))
        _ = try RunConfiguration(Settings(catalogue: catalogue, request: request))
        return ""
      } catch { return "\(error)" }
    }
    for words in [["--tasks", "local,scale"], ["--set", "scale.side=2"]] {
      #expect(refusal(words).contains("could not be loaded; its library is missing"), "\(refusal(words))")
    }
    #expect(refusal(["--tasks", "scael"]).contains("tasks of p.toml: local, global"))
  }
}
