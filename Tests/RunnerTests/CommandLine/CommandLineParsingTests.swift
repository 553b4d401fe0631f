import Testing

@testable import Console
@testable import Training

@Suite("Reading a command line")
struct CommandLineParsingTests {
  static let command = Command(
    name: "fit", summary: "fits",
    options: [
      CommandOption("--epochs", aliases: ["-e"], .value("N"), help: "How long."),
      CommandOption("--filter", .repeated("COLUMN=VALUE"), help: "Which."),
      CommandOption("--naive", help: "How."),
      CommandOption("--model", .value("SIZE"), help: "What."),
    ],
    arguments: [
      CommandArgument("RUN", help: "a folder"),
      CommandArgument("CASES", help: "more", isRequired: false, isRepeated: true),
    ],
    run: { _ in 0 })

  static func parse(_ words: [String]) throws -> ParsedArguments {
    try ArgumentParser(command: command, otherCommands: ["fit", "bench"]).parse(words)
  }

  static func refusal(_ words: [String]) -> String {
    do {
      _ = try parse(words)
      return ""
    } catch { return "\(error)" }
  }

  @Test func valuesComeAfterASpaceOrAnEqualsSign() throws {
    #expect(try Self.parse(["--epochs", "3", "r"]).value("--epochs") == "3")
    #expect(try Self.parse(["--epochs=3", "r"]).value("--epochs") == "3")
    #expect(try Self.parse(["-e", "3", "r"]).value("--epochs") == "3")
    #expect(try Self.parse(["--filter=a=b=c", "r"]).values("--filter") == ["a=b=c"])
    #expect(try Self.parse(["--model=", "r"]).value("--model") == "")
    #expect(try Self.parse(["--model=--odd", "r"]).value("--model") == "--odd")
    #expect(try Self.parse(["--epochs", "-5", "r"]).value("--epochs") == "-5")
    #expect(try Self.parse(["--model", "-", "r"]).value("--model") == "-")
  }

  @Test func switchesRepeatsAndWordsMayBeMixed() throws {
    let parsed = try Self.parse(["--filter", "a=1", "run", "--naive", "one", "--filter", "b=2", "two"])
    #expect(parsed.has("--naive") && !parsed.has("--model"))
    #expect(parsed.values("--filter") == ["a=1", "b=2"])
    #expect(parsed.required("RUN") == "run" && parsed.arguments("CASES") == ["one", "two"])
    #expect(parsed.occurrences.map(\.option) == ["--filter", "--naive", "--filter"])
  }

  @Test func twoDashesEndTheFlags() throws {
    let parsed = try Self.parse(["--naive", "--", "--epochs", "-x", "--"])
    #expect(parsed.required("RUN") == "--epochs" && parsed.arguments("CASES") == ["-x", "--"])
    #expect(!parsed.has("--epochs"))
  }

  @Test(arguments: [
    (["--epoch", "3", "r"], "fit has no flag --epoch; did you mean --epochs?"),
    (["--zzzz", "r"], "fit has no flag --zzzz"),
    (["r", "--epochs"], "--epochs needs a value, found the end of the line"),
    (["r", "--epochs", "--naive"], "--epochs needs a value, found --naive"),
    (["r", "--epochs", "--"], "--epochs needs a value, found --"),
    (["r", "--epochs", "1", "-e", "2"], "--epochs is given twice (\"1\", \"2\"); it may stand once"),
    (["r", "--naive", "--naive"], "--naive is given twice; it may stand once"),
    (["r", "--naive=yes"], "--naive is a switch and takes no value, found \"yes\""),
    ([], "fit needs RUN: a folder"),
  ])
  func isRefused(words: [String], message: String) {
    #expect(Self.refusal(words).hasPrefix(message), "\(Self.refusal(words))")
  }

  @Test func wordsBeyondTheArgumentsAreRefused() {
    let bare = Command(name: "doctor", summary: "looks", run: { _ in 0 })
    let parser = ArgumentParser(command: bare, otherCommands: ["doctor", "bench"])
    #expect(
      throws: UsageError("doctor takes no words besides its flags, found \"benhc\"; did you mean bench?")
    ) {
      try parser.parse(["benhc"])
    }
    #expect(throws: UsageError("the command comes first: write chex-runner bench and then its flags")) {
      try parser.parse(["bench"])
    }
  }

  @Test func typedValuesAreChecked() throws {
    let parsed = try Self.parse(["--epochs", "12", "--model", "bose", "r"])
    #expect(try parsed.integer("--epochs", in: 1...12) == 12)
    #expect(try parsed.number("--epochs", in: 1...12.5) == 12)
    #expect(throws: UsageError("--epochs: expected an integer from 1 to 11, found \"12\"")) {
      try parsed.integer("--epochs", in: 1...11)
    }
    #expect(throws: UsageError.self) { try parsed.number("--model", in: 0...1) }
    #expect(throws: UsageError("--model: expected one of base, tiny, found \"bose\"; did you mean base?")) {
      try parsed.choice("--model", of: ["base", "tiny"])
    }
    #expect(try parsed.integer("--epochs", in: 0...100) == 12)
  }

  @Test func theNearestNameIsSuggested() {
    let names = ["--epochs", "--batch", "--learning-rate", "--loader-threads", "--threads"]
    #expect(Suggestions.nearest(to: "--epcohs", in: names) == "--epochs")
    #expect(Suggestions.nearest(to: "--learning_rate", in: names) == "--learning-rate")
    #expect(Suggestions.nearest(to: "--rate", in: names) == "--learning-rate")
    #expect(Suggestions.nearest(to: "--thread", in: names) == "--threads")
    #expect(Suggestions.nearest(to: "--colour", in: names) == nil)
    #expect(Suggestions.nearest(to: "", in: names) == nil)
    #expect(Suggestions.nearest(to: "x", in: []) == nil)
    #expect(Suggestions.distance("abcd", "acbd") == 1 && Suggestions.distance("", "abc") == 3)
  }
}
