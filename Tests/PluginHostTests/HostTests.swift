import Foundation
import TestSupport
import Testing
import WorldModel

@testable import PluginHost

/// Loads the libraries that the build made.
@Suite struct HostTests {
  private func refusal(_ text: String) throws -> PluginError {
    try #require(throws: PluginError.self) { try host(text).load() }
  }

  @Test func loadsTheTasksOfTheRepositoryInOrder() throws {
    let manifest = try PluginManifest(path: BuildFolder.repository + "/plugins.toml")
    let tasks = manifest.entries.filter { $0.kind == .task }.map(\.name)
    for name in manifest.entries.filter({ $0.kind == .task }).map(\.library) {
      _ = try BuildFolder.library(name)
    }
    let host = PluginHost(manifest: manifest, searchFolders: [try BuildFolder.folder()])
    let plugins = try host.load(only: Set(tasks))
    let enabled = ["local", "global", "domain"]
    #expect(
      plugins.map(\.name) == enabled + [
        "mae", "visible", "frozen-teacher", "simmim", "sigreg", "moco-v3", "dino",
      ])
    for plugin in plugins {
      guard case .task(let definition) = plugin.definition else {
        Issue.record("\(plugin.name) is no task")
        continue
      }
      #expect(
        definition.name == plugin.name && !plugin.version.isEmpty
          && plugin.enabled == enabled.contains(plugin.name))
      // The task was made by the plugin's code and is of this process's own protocol.
      let environment = TaskEnvironment(
        geometry: ImageGeometry(imageSize: 64, patchSize: 8), featureWidth: 16, predictorWidth: 8,
        compatibility: .paper)
      let task = try definition.make(plugin.options, environment)
      #expect(task.name == plugin.name)
    }
    let all = try host.load()
    #expect(
      all.map(\.name) == [
        "local", "global", "domain", "mae", "visible", "frozen-teacher", "simmim", "sigreg", "moco-v3",
        "dino", "phantom", "dicom",
        "probe",
        "imagine", "imagine-decoder",
        "imagine-rcdm", "correspondence", "sensitivity", "pca", "surprise", "finetune",
        "finetune-segment",
        "torch", "public-weights", "mpi", "c10d",
      ])
    #expect(
      all.map(\.definition.kind) == [
        .task, .task, .task, .task, .task, .task, .task, .task, .task, .task, .data, .codec, .evaluation,
        .evaluation, .evaluation,
        .evaluation, .evaluation,
        .evaluation,
        .evaluation,
        .evaluation, .evaluation, .evaluation, .backend, .weights, .communicator, .communicator,
      ])
    #expect(try host.load(only: ["domain", "local"]).map(\.name) == ["local", "domain"])
  }

  @Test func optionsOfTheManifestReachThePlugin() throws {
    let text = plugin("local", "LocalTask") + "[plugin.options]\nblocks = 2\narea = [0.1, 1e-1]\n"
    let local = try #require(try host(text).load().first)
    #expect(local.given["blocks"] == GivenOption(value: .integer(2), line: 7))
    #expect(local.given["area"] == GivenOption(value: .list([.number(0.1), .number(0.1)]), line: 8))
    #expect(local.options.integer("blocks") == 2)
    #expect(local.options.interval("context") == 0.75...1)
    let file = try BuildFolder.library("LocalTask")
    #expect(local.libraryPath == file)
  }

  @Test func refusesOptionsThatThePluginDoesNotKnow() throws {
    let head = plugin("local", "LocalTask") + "[plugin.options]\n"
    expect(
      try refusal(head + "blokcs = 2"), "plugins.toml:7: plugin.local.options.blokcs",
      "did you mean \"blocks\"?", "aspect")
    expect(try refusal(head + "\nblocks = 65"), "plugins.toml:8:", "integer from 1 to 64", "integer 65")
    expect(try refusal(head + "blocks = 2.5"), "integer from 1 to 64", "number 2.5")
    expect(try refusal(head + "blocks = 1979-05-27"), "date or time", "the default is 4")
    expect(try refusal(head + "blocks = {}"), "found a table")
    expect(try refusal(head + "area = [0.2, 0.1]"), "two ascending numbers", "list [0.2, 0.1]")
    expect(try refusal(head + "area = [nan, inf]"), "two ascending numbers")
  }

  @Test func refusesAnotherInterfaceVersion() throws {
    let error = try refusal(plugin("wrong-version", "WrongVersionPlugin"))
    let file = try BuildFolder.library("WrongVersionPlugin")
    #expect(error == .wrongVersion(plugin: "wrong-version", file: file, expected: 1, found: 2))
    expect(error, file, "expected plugin interface version 1, found 2", "rebuild it with 'swift build'")
  }

  @Test func refusesAnotherCoresFingerprint() throws {
    let error = try refusal(plugin("foreign-core", "ForeignCorePlugin"))
    let file = try BuildFolder.library("ForeignCorePlugin")
    let own = PluginHost.coreFingerprint
    #expect(
      error
        == .foreignCore(
          plugin: "foreign-core", file: file, expected: own,
          found: String(repeating: "0123456789abcdef", count: 4)))
    expect(error, file, "expected core fingerprint \(own.prefix(16)), found 0123456789abcdef", "rebuild it")
  }

  @Test func refusesAnotherRegistry() throws {
    let error = try refusal(plugin("foreign-registry", "ForeignRegistryPlugin"))
    let file = try BuildFolder.library("ForeignRegistryPlugin")
    #expect(error == .foreignRegistry(plugin: "foreign-registry", file: file))
    expect(error, "found that of a second core", "dynamic product CoreTensor")
  }

  @Test func refusesAPluginThatThrows() throws {
    let error = try refusal(plugin("throwing", "ThrowingPlugin"))
    let file = try BuildFolder.library("ThrowingPlugin")
    #expect(error == .refusedItself(plugin: "throwing", file: file, reason: "no scanner is attached"))
    expect(error, "no scanner is attached", "enabled = false")
  }

  @Test func refusesATaskThatIsRegisteredTwice() throws {
    let error = try refusal(plugin("duplicate", "DuplicatePlugin"))
    expect(
      error, try BuildFolder.library("DuplicatePlugin"), "it to register one task \"duplicate\"",
      "found task \"duplicate\" and task \"duplicate\"")
  }

  @Test func refusesAnotherKindAndAnotherName() throws {
    expect(
      try refusal(plugin("local", "LocalTask", kind: "data")), "one data \"local\"", "found task \"local\"",
      "correct kind")
    expect(
      try refusal(plugin("locale", "LocalTask")), "calls itself \"locale\"", "found \"local\"", "correct name"
    )
  }

  @Test func refusesAMissingLibrary() throws {
    let folder = try BuildFolder.folder()
    expect(
      try refusal(plugin("none", "NoSuchTask")), "its library \"NoSuchTask\"", "\(folder)/libNoSuchTask.so",
      "build it with 'swift build'")
    expect(try refusal(plugin("none", "./none.so")), FileManager.default.currentDirectoryPath + "/none.so")
  }

  @Test func aPathIsTakenFromTheManifestsFolder() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createDirectory(atPath: folder + "/sub", withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/sub/any.so", withDestinationPath: try BuildFolder.library("LocalTask"))
      let loaded = try host(plugin("local", "sub/any.so"), path: folder + "/plugins.toml").load()
      #expect(loaded.map(\.libraryPath) == [folder + "/sub/any.so"])
    }
  }

  @Test func refusesLibrariesThatAreNoPlugins() throws {
    let core = try BuildFolder.library("CoreTensor")
    expect(try refusal(plugin("core", core)), core, "a library without the entry point chex_plugin")
    let mathematics = try BuildFolder.loadedFile("libm.so")
    expect(try refusal(plugin("math", mathematics)), mathematics, "a library without the entry point")
    expect(try refusal(plugin("text", BuildFolder.repository + "/plugins.toml")), "no ELF library")
    expect(try refusal(plugin("folder", BuildFolder.repository + "/Sources")), "cannot be read")
    expect(try refusal(plugin("program", "/proc/self/exe")), "found a")
  }

  @Test func refusesDamagedLibraries() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: BuildFolder.library("LocalTask")))
    try withTemporaryFolder { folder in
      for size in [0, 3, 17, 63, 4096, whole.count / 2, whole.count - 1] {
        try whole.prefix(size).write(to: URL(fileURLWithPath: folder + "/libCut.so"))
        let cut = PluginHost(
          manifest: try PluginManifest(text: plugin("local", "Cut"), path: "p.toml"), searchFolders: [folder])
        let error = try #require(throws: PluginError.self) { try cut.load() }
        guard case .notAPlugin(_, let file, _) = error, file == folder + "/libCut.so" else {
          Issue.record("\(size) bytes: \(error)")
          continue
        }
      }
    }
  }

  /// A copy of a good library in which one name of its string table is misspelt.
  private func refusal(misspelling name: String, as other: String) throws -> PluginError {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: BuildFolder.library("ThrowingPlugin")))
    while let range = bytes.range(of: Data(name.utf8)) {
      bytes.replaceSubrange(range, with: Data(other.utf8))
    }
    return try withTemporaryFolder { folder in
      try bytes.write(to: URL(fileURLWithPath: folder + "/misspelt.so"))
      return try refusal(plugin("throwing", folder + "/misspelt.so"))
    }
  }

  @Test func refusesALibraryThatLacksASymbolOrALibrary() throws {
    let symbol = try refusal(misspelling: "17pluginInformation", as: "17pluginInformatiox")
    guard case .unresolvedSymbol(_, _, let name) = symbol else { throw symbol }
    #expect(name.contains("17pluginInformatiox"))
    expect(symbol, "misspelt.so", "found no $s10WorldModel17pluginInformatiox", "rebuild it")
    let library = try refusal(misspelling: "libCoreTensor.so", as: "libCoreTensox.so")
    guard case .notLoadable = library else { throw library }
    expect(library, "misspelt.so", "libCoreTensox.so", "install what it needs")
  }

  @Test func tellsTheLoadersReasons() {
    let library = PluginLibrary(plugin: "p", file: "/a/libP.so")
    let symbol = library.refusal(ofLoader: "/a/libP.so: undefined symbol: $s10WorldModel3FooV (fatal)")
    #expect(symbol == .unresolvedSymbol(plugin: "p", file: "/a/libP.so", symbol: "$s10WorldModel3FooV"))
    expect(symbol, "found no $s10WorldModel3FooV", "rebuild it")
    let other = library.refusal(ofLoader: "libz.so.9: cannot open shared object file")
    #expect(
      other
        == .notLoadable(plugin: "p", file: "/a/libP.so", reason: "libz.so.9: cannot open shared object file"))
  }

  @Test func aDisabledPluginThatFailsStopsNoRun() throws {
    let text =
      plugin("throwing", "ThrowingPlugin", enabled: false) + plugin("local", "LocalTask", enabled: false)
    let host = try host(text)
    #expect(try host.load().map(\.name) == ["local"])
    #expect(try host.load().map(\.enabled) == [false])
    #expect(throws: PluginError.self) { try host.load(only: ["throwing"]) }
    let statuses = host.inspect()
    #expect(statuses.map(\.name) == ["throwing", "local"])
    guard case .failed(let entry, .refusedItself) = statuses[0], case .loaded(let local) = statuses[1] else {
      Issue.record("\(statuses)")
      return
    }
    #expect(!entry.enabled && local.name == "local")
  }

  @Test func refusesANameThatTheManifestLacks() throws {
    let host = try host(plugin("local", "LocalTask"))
    let error = try #require(throws: PluginError.self) { try host.load(only: ["locla"]) }
    #expect(error == .unknownPlugin(name: "locla", manifest: "plugins.toml", known: ["local"]))
    expect(error, "did you mean \"local\"?")
  }

  @Test func warnsOfACoreWithoutFingerprint() {
    #expect(PluginHost.warning(host: "a", core: "a") == nil)
    #expect(PluginHost.warning(host: "unset", core: "unset")?.contains("found one without") == true)
    #expect(PluginHost.warning(host: "a", core: "b")?.contains("fingerprint a") == true)
    #expect(PluginHost.coreFingerprint == CHEX_CORE_FINGERPRINT)
  }

  @Test func refusesDeclarationsThatContradictThemselves() throws {
    let entry = PluginManifest.Entry(name: "p", kind: .task, library: "P")
    let check = OptionCheck(entry: entry, manifest: "p.toml", file: "/a/libP.so")
    let good = OptionDeclaration("a", .integer(default: 1, in: 0...2), help: "")
    try check.declarations([good])
    for (declarations, part) in [
      ([good, good], "found two"),
      ([OptionDeclaration("a", .integer(default: 3, in: 0...2), help: "")], "integer from 0 to 2, found 3"),
      ([OptionDeclaration("a", .number(default: .nan, in: 0...2), help: "")], "number from 0.0 to 2.0"),
      ([OptionDeclaration("a", .choice(default: "x", of: ["y"]), help: "")], "one of \"y\", found \"x\""),
      ([OptionDeclaration("a", .interval(default: 0...3, in: 0...2), help: "")], "two ascending numbers"),
      ([OptionDeclaration("a b", .boolean(default: true), help: "")], "a name of ASCII letters"),
      ([OptionDeclaration("", .boolean(default: true), help: "")], "a name of ASCII letters"),
    ] {
      let error = try #require(throws: PluginError.self) { try check.declarations(declarations) }
      expect(error, "option \"", part, "correct the plugin")
    }
  }
}
