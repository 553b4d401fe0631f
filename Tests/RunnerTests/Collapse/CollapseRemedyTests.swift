import Testing

@testable import Training

@Suite struct CollapseRemedyTests {
  private static func configuration(_ settings: [String]) throws -> RunConfiguration {
    try ConfigurationFixture.configuration(settings.flatMap { ["--set", $0] })
  }

  private func remedies(_ settings: [String]) throws -> [CollapseRemedy] {
    CollapseRemedy.all(try Self.configuration(settings))
  }

  @Test func theLikeliestCauseComesFirst() throws {
    let fastTarget = try remedies(["training.ema_start=0.9", "training.ema_end=0.9"])
    #expect(fastTarget.map(\.suffix) == ["slower-target", "slower-learning"])
    #expect(fastTarget[0].settings == ["training.ema_start=0.98", "training.ema_end=0.996"])
    let fastLearning = try remedies(["training.learning_rate=9e-3"])
    #expect(fastLearning.map(\.suffix) == ["slower-learning", "slower-target"])
    #expect(fastLearning[0].settings == ["training.learning_rate=0.0009"])
    let unnormalized = try remedies(["model.normalize_targets=false"])
    #expect(unnormalized.map(\.suffix) == ["normalized", "slower-learning", "slower-target"])
    #expect(try remedies(["model.target_encoder=\"frozen\""]).map(\.suffix) == ["slower-learning"])
  }

  /// What is proposed must be allowed: the final learning rate stays under the highest, EMA decay does not fall.
  @Test(arguments: [
    ["training.ema_start=0", "training.ema_end=0"], ["training.ema_start=0.996", "training.ema_end=1"],
    ["training.ema_start=0.999", "training.ema_end=0.999"],
    ["training.learning_rate=2e-6", "training.final_learning_rate=1e-6"],
    ["training.learning_rate=10", "training.final_learning_rate=10"], ["training.ema_start=1"],
    ["training.ema_start=0.3", "training.ema_end=0.4"],
  ]) func proposalsAreAllowed(_ settings: [String]) throws {
    let all = try remedies(settings)
    #expect(!all.isEmpty)
    for remedy in all {
      let names = Set(remedy.settings.map { $0.prefix { $0 != "=" } })
      let kept = settings.filter { !names.contains($0.prefix { $0 != "=" }) }
      #expect(throws: Never.self, "\(remedy)") { try Self.configuration(kept + remedy.settings) }
    }
  }

  @Test func commandsAreOneWordAPath() throws {
    let remedy = CollapseRemedy(purpose: "", suffix: "x", settings: ["a.b=1", "a.c=2"])
    #expect(
      remedy.command(run: "runs/first", step: 300)
        == "chex-runner resume runs/first --step 300 --set a.b=1 --set a.c=2 --out runs/first-x")
    #expect(CollapseRemedy.quoted("my runs/it's") == #"'my runs/it'\''s'"#)
    #expect(CollapseRemedy.quoted("$HOME") == "'$HOME'" && CollapseRemedy.quoted("") == "''")
  }
}
