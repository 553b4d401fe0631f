import Foundation
import Testing

extension EndToEnd {
  /// What users give that cannot be used.
  @Suite struct BadInput {
    /// A PNG of 8 × 8 pixels.
    private static let tiny =
      "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAAFElEQVR4nGNgYGRiZmFlY2egjAEAHngA4VecJIMAAAAASUVORK5CYII="

    private func writeBadRadiographs(_ scratch: Scratch, whole: Data) throws {
      try scratch.write(whole.prefix(whole.count / 2), "images/truncated.png")
      try scratch.write(Data(), "images/empty.png")
      try scratch.write(try #require(Data(base64Encoded: Self.tiny)), "images/tiny.png")
      try scratch.write(Data("this is a letter, not a radiograph".utf8), "images/letter.jpg")
    }

    private let reasons = [
      "truncated.png: ", "empty.png: the file is empty", "tiny.png: tiny: 8 × 8 pixels",
      "letter.jpg: not an image",
    ]

    private func export(_ scratch: Scratch, _ count: Int) throws {
      let outcome = try scratch.run([
        "phantom", "--count", "\(count)", "--size", "64", "--out", "export", "--plugins", Repository.plugins,
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func someRadiographsOfAFolder() throws {
      let scratch = try Scratch()
      try export(scratch, 20)
      let good = try scratch.names("export/images")
      for name in good {
        try scratch.write(try scratch.bytes("export/images/" + name), "images/" + name)
      }
      try writeBadRadiographs(scratch, whole: try scratch.bytes("export/images/" + good[0]))
      let outcome = try scratch.pretrain(["--data", "images", "--steps", "9", "--out", "run"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      let skipped = try scratch.text("run/skipped.txt").split(separator: "\n")
      #expect(skipped.count == 4)
      for reason in reasons { #expect(skipped.contains { $0.contains(reason) }, "\(reason) in \(skipped)") }
      #expect(outcome.everything.contains("4 radiographs could not be used"))
    }

    @Test func noRadiographOfAFolder() throws {
      let scratch = try Scratch()
      try export(scratch, 1)
      let name = try #require(try scratch.names("export/images").first)
      try writeBadRadiographs(scratch, whole: try scratch.bytes("export/images/" + name))
      let outcome = try scratch.pretrain(
        [
          "--data", "images", "--holdout", "0", "--steps", "4", "--out", "run",
        ], batch: 2)
      #expect(outcome.status == 1)
      for reason in reasons { #expect(outcome.errors.contains(reason)) }
      #expect(((try? scratch.text("run/metrics.jsonl")) ?? "").isEmpty)
    }

    @Test func sourceThatIsNotThere() throws {
      let scratch = try Scratch()
      let missing = try scratch.pretrain(["--data", "nowhere/images", "--out", "run"])
      #expect(missing.status != 0 && missing.errors.contains("nowhere/images"))
      try FileManager.default.createDirectory(
        atPath: scratch.path + "/hollow", withIntermediateDirectories: true)
      let hollow = try scratch.pretrain(["--data", "hollow", "--out", "run"])
      #expect(hollow.status == 1 && hollow.errors.contains("no radiograph found"))
      #expect(!scratch.has("run"))
    }

    @Test func fewerRadiographsThanAStepTakes() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--set", "data.limit=4", "--out", "run"])
      #expect(outcome.status == 2 && outcome.errors.contains("--batch"))
    }

    @Test(arguments: [
      (["pretrain", "--taskz", "local"], "--tasks"), (["pretrian"], "pretrain"),
      (["verify"], "CASE_DIR"), (["pretrain", "--preset", "quik"], "quick"),
      (["bench", "walk"], "expected step"), (["phantom"], "--out"), (["--steps", "many"], "--steps"),
    ])
    func wordsThatAreNotUnderstood(words: [String], hint: String) throws {
      let outcome = try Scratch().run(
        words + (words[0] == "pretrain" ? ["--plugins", Repository.plugins] : []))
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains(hint), "\(outcome.errors)")
    }

    @Test func keyThatDoesNotExist() throws {
      let scratch = try Scratch()
      try scratch.write(Data("[training]\nsteps = 3\nepocs = 3\n".utf8), "bad.toml")
      let outcome = try scratch.pretrain(["--config", "bad.toml"])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("bad.toml:3") && outcome.errors.contains("did you mean epochs"))
    }

    @Test func configurationPrintedAndReadAgain() throws {
      let scratch = try Scratch()
      let words = [
        "--seed", "7", "--set", "local.blocks=3", "--tasks", "local,domain", "--filter", "a=b \"c\"",
      ]
      let printed = try scratch.pretrain(words + ["--print-config"])
      #expect(printed.status == 0, "\(printed.errors)")
      try scratch.write(Data(printed.output.utf8), "all.toml")
      let first = try values(scratch.pretrain(words + ["--print-config", "--json"]).output)
      let again = try scratch.run([
        "--config", "all.toml", "--print-config", "--json", "--plugins", Repository.plugins,
      ])
      #expect(again.status == 0, "\(again.errors)")
      #expect(first["local.blocks"] == "3" && first["run.seed"] == "7")
      #expect(try values(again.output) == first)
    }

    private func values(_ text: String) throws -> [String: String] {
      var found: [String: String] = [:]
      for (table, settings) in try parsed(text, as: [String: [String: [String: Any]]].self) {
        for (name, setting) in settings { found["\(table).\(name)"] = "\(setting["value"] ?? "none")" }
      }
      return found
    }
  }
}
