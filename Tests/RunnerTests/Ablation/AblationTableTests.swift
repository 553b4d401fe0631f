import Foundation
import PluginHost
import TestSupport
import Testing

@testable import Ablation

@Suite struct AblationTableTests {
  private func table(_ text: String) throws -> AblationTable {
    try AblationTable(Toml.parse(text: text, name: "my.toml"), file: "my.toml")
  }

  @Test func thePaperHasItsSevenRows() throws {
    let table = try AblationTable.named("paper", in: BuildFolder.repository + "/tables")
    #expect(table.rows.map(\.name).count == 7)
    #expect(table.reportedMetrics == ["VinDr-CXR AUROC (%)", "RSNA accuracy (%)"])
    #expect(table.rows.filter(\.isNaive).map(\.name) == ["all three, naive"])
    #expect(
      table.rows[5].assignments == [
        .init("run.tasks", #"["local", "global", "domain"]"#), .init("domain.latent", "false"),
      ])
    #expect(table.rows[3].reported[0] == .init("VinDr-CXR AUROC (%)", 90.53, deviation: 1.01))
  }

  @Test func aTableOfOnesOwn() throws {
    let table = try table(
      """
      title = "Mine"
      [[row]]
      name = "low"
      tasks = ["local"]
      [row.settings.training]
      learning_rate = 1e-4
      [[row]]
      name = "plain"
      reported.AUROC = 0.5
      [[evaluation]]
      command = "probe --neighbours 5"
      metrics = ["AUROC, linear probe"]
      """)
    #expect(table.rows[0].settings == [.init("training.learning_rate", "0.0001")])
    #expect(table.rows[1].tasks == nil && table.rows[1].reported == [.init("AUROC", 0.5)])
    #expect(table.evaluations == [.init("probe --neighbours 5", metrics: ["AUROC, linear probe"])])
  }

  @Test(arguments: [
    ("", "expected a [[row]] or more"),
    ("rows = 1", "my.toml:1: expected one of title, source, row, evaluation, found \"rows\""),
    ("[[row]]\ntasks = [\"local\"]", "row: expected a name"),
    ("[[row]]\nname = 3", "my.toml:2: name: expected text, found integer 3"),
    ("[[row]]\nname = \"a\"\ntasks = \"local\"", "my.toml:3: tasks: expected a list of texts"),
    ("[[row]]\nname = \"a\"\nnaive = 1", "naive: expected true or false"),
    ("[[row]]\nname = \"a\"\nsettings = { local = 1 }", "expected a table of settings under \"local\""),
    ("[[row]]\nname = \"a\"\nsettings = { run.seed = 1 }", "run.seed is the ablation's own"),
    ("[[row]]\nname = \"a\"\nreported.x = \"high\"", "expected MEAN or [MEAN, DEVIATION]"),
    ("[[row]]\nname = \"a\"\n[[row]]\nname = \"A!\"", "names that differ"),
    ("[[row]]\nname = \"a\"\n[[evaluation]]\nmetrics = [\"x\"]", "expected command"),
    ("row = 5", "expected [[row]]"),
  ])
  func mistakesAreNamedWithTheLine(text: String, says: String) {
    let error = #expect(throws: TomlError.self) { try table(text) }
    #expect(error.map { "\($0)" }?.contains(says) == true, "\(String(describing: error))")
  }

  @Test func aTableThatIsNotThereIsNamed() {
    let error = #expect(throws: AblationError.self) {
      try AblationTable.named("papr", in: BuildFolder.repository + "/tables")
    }
    #expect(error?.description.contains("/tables (baselines, paper) or a TOML file") == true)
  }

  // MARK: Sweeps

  @Test func aGridMakesEveryCombination() throws {
    let axes = [
      try AblationTable.Axis("training.learning_rate=1e-4,3e-4"),
      try AblationTable.Axis("local.area=[0.1,0.2],[0.2,0.3]"),
    ]
    let table = try AblationTable(title: "", rows: [.init(""), .init("b", tasks: ["local"])]).crossed(
      with: axes)
    #expect(table.rows.count == 8)
    #expect(table.rows[1].name == "training.learning_rate = 1e-4, local.area = [0.2,0.3]")
    #expect(table.rows[4].name.hasPrefix("b, training") && table.rows[4].tasks == ["local"])
    #expect(Set(table.rows.map { FolderName.of($0.name) }).count == 8)
  }

  @Test(arguments: ["learning_rate=1", "a.b", "a.b=", "a.b=1,1", "a.b=1,,2", "run.seed=1,2"])
  func gridsThatAreNoneAreRefused(text: String) {
    #expect(throws: AblationError.self) { try AblationTable.Axis(text) }
  }

  @Test func aGridOverWhatARowSetsIsRefused() throws {
    let table = AblationTable(title: "", rows: [.init("a", settings: [.init("domain.latent", "false")])])
    #expect(throws: AblationError.self) {
      try table.crossed(with: [AblationTable.Axis("domain.latent=true,false")])
    }
  }

  @Test func subsetsAreOrderedBySizeAndThenAsTheTasks() {
    let names = AblationTable.subsets(of: ["local", "global", "domain"]).rows.map(\.name)
    #expect(
      names == [
        "local", "global", "domain", "local, global", "local, domain", "global, domain",
        "local, global, domain",
      ])
  }

  // MARK: Plans

  @Test func everyCellHasItsWordsAndFolder() throws {
    let table = AblationTable(
      title: "",
      rows: [
        .init("a", tasks: ["local"]),
        .init("b, Δ", isNaive: true, settings: [.init("local.area", "[0.1, 0.2]")]),
      ],
      evaluations: [.init("probe --neighbours 5")])
    let plan = AblationPlan(table, seeds: [0, 1], common: ["--preset=quick"], out: "x")
    #expect(plan.cells.map(\.seed) == [0, 0, 1, 1])
    #expect(
      plan.cells[3].words == [
        "pretrain", "--preset=quick", "--naive", "--set", "local.area=[0.1, 0.2]", "--set",
        "run.evaluations=none", "--seed=1",
        "--out=x/runs/b-delta/seed-1",
      ])
    let lines = try plan.commandLines(program: "chex-runner")
    #expect(lines.count == 8)
    #expect(
      lines[1]
        == "chex-runner probe --neighbours 5 x/runs/a/seed-0 --out=x/runs/a/seed-0/evaluations/probe-neighbours-5"
    )
    #expect(lines[2].contains("--set 'local.area=[0.1, 0.2]'"))
  }

  @Test func whatARowSetsReplacesWhatHoldsForAll() {
    let table = AblationTable(
      title: "", rows: [.init("scratch", settings: [.init("training.steps", "1")]), .init("trained")])
    for common in [["--steps=50", "--preset=quick"], ["--set", "training.steps=50", "--preset=quick"]] {
      let plan = AblationPlan(table, seeds: [0], common: common, out: "x")
      #expect(plan.cells[0].words.prefix(4) == ["pretrain", "--preset=quick", "--set", "training.steps=1"])
      #expect(Array(plan.cells[1].words.prefix(1 + common.count)) == ["pretrain"] + common)
    }
  }

  @Test func equalComputeGivesStepsToRowsThatHaveNone() {
    let steps = EqualCompute.steps(["a": 0.02, "b": 0.005, "c": 0.031], first: "a", of: 1000)
    #expect(steps == ["a": 1000, "b": 4000, "c": 645])
    let table = AblationTable(
      title: "", rows: [.init("a"), .init("b"), .init("scratch", settings: [.init("training.steps", "1")])])
    let plan = AblationPlan(table, seeds: [0], common: ["--steps=1000"], out: "x")
    #expect(EqualCompute(plan).missing(["a": 1000]) == ["b"])
    let given = plan.giving(steps: ["a": 1000, "b": 4000, "scratch": 9])
    #expect(
      given.table.rows.map { $0.settings.map(\.value) } == [["1000"], ["4000"], ["1"]])
    #expect(given.cells[1].words.prefix(3) == ["pretrain", "--set", "training.steps=4000"])
  }

  @Test(arguments: [
    ("probe --x 'a b'", ["probe", "--x", "a b"]), ("a\\ b \"c 'd'\" ''", ["a b", "c 'd'", ""]), ("  ", []),
  ])
  func wordsAreDividedAsAShellDoes(text: String, words: [String]) throws {
    #expect(try ShellWords.split(text) == words)
    #expect(try ShellWords.split(words.map(ShellWords.quoted).joined(separator: " ")) == words)
  }

  @Test func anOpenQuoteIsRefused() {
    #expect(throws: AblationError.self) { try ShellWords.split("probe 'x") }
  }
}
