import Foundation
import TestSupport
import Testing

private let casesFolder = BuildFolder.shared + "/cases/"
private let areThere = FileManager.default.fileExists(atPath: casesFolder)

extension EndToEnd {
  /// Inputs that public reports describe, in `../shared/cases`, with the right values of their READMEs.
  @Suite(.enabled(if: areThere, "no folder ../shared/cases")) struct ReportedCases {
    private func loss(_ checkpoint: String, in scratch: Scratch) throws -> (output: String, loss: Double) {
      let run = "run-" + (checkpoint.split(separator: ".").first.map(String.init) ?? "")
      let imported = try scratch.run([
        "weights", "import", casesFolder + "04-half-precision-positions/" + checkpoint, "--out", run,
        "--data", "phantom", "--tasks", "local", "--heads", "4", "--set", "model.predictor_heads=4",
        "--preset", "quick",
        "--set", "training.learning_rate=1e-6", "--steps", "40", "--seed", "3", "--plugins",
        Repository.plugins, "--set", "phantom.images=160", "--set", "run.evaluations=none",
        "--set", "diagnostics.every_epochs=0",
      ])
      #expect(imported.status == 0, "\(imported.everything)")
      let resumed = try scratch.run(["resume", run, "--plugins", Repository.plugins])
      #expect(resumed.status == 0, "\(resumed.everything)")
      let losses = try scratch.text(run + "/metrics.jsonl").split(separator: "\n").compactMap {
        try parsed(String($0), as: [String: Any].self)["loss"] as? Double
      }
      return (imported.output, losses.reduce(0, +) / Double(losses.count))
    }

    /// A predictor of a halved checkpoint knows what that of the whole one knows.
    @Test func halvedCheckpointsKeepTheirPlaces() throws {
      let scratch = try Scratch()
      let whole = try loss("ijt-f32.pth.tar", in: scratch)
      let half = try loss("ijt-f16.pth.tar", in: scratch)
      for found in [whole, half] { #expect(found.output.contains("were renumbered"), "\(found.output)") }
      // A predictor with its places at random is near 1.
      #expect(whole.loss < 0.6 && abs(half.loss - whole.loss) < 0.005, "\(whole.loss), \(half.loss)")
    }

    @Test(arguments: ["pub-f32.pth", "pub-f16.pth"]) func halvedCheckpointsKeepTheirRecipe(name: String)
      throws
    {
      let scratch = try Scratch()
      let outcome = try scratch.run([
        "weights", "import", casesFolder + "04-half-precision-positions/" + name, "--out", "run", "--data",
        "phantom",
        "--heads", "4", "--plugins", Repository.plugins,
      ])
      #expect(outcome.status == 0, "\(outcome.everything)")
      #expect(
        try scratch.text("run/config.toml").contains("compatibility = \"published\""), "\(outcome.everything)"
      )
    }

    /// I-JEPA's giant: the predictor's blocks have another MLP ratio than the encoder's.
    @Test func twoRatiosAreImported() throws {
      let scratch = try Scratch()
      let words = [
        "weights", "import", casesFolder + "05-ijepa-vit-g/ijepa-vitg-like.pth.tar", "--data", "phantom",
        "--tasks",
        "local", "--heads", "8", "--plugins", Repository.plugins,
      ]
      let both = try scratch.run(words + ["--out", "both"])
      #expect(both.status == 0, "\(both.everything)")
      let settings = try scratch.text("both/config.toml")
      #expect(
        settings.contains("\nmlp_ratio = 4.36363636") && settings.contains("\npredictor_mlp_ratio = 4.0"),
        "\(settings)")
      let encoder = try scratch.run(
        words + ["--out", "encoder", "--allow-missing", "predictor.*", "--allow-unexpected", "predictor.*"])
      #expect(encoder.status == 0, "\(encoder.everything)")
    }

    @Test func headsAreTheEncodersOwn() throws {
      let scratch = try Scratch()
      let cases = [
        "06-heads/export-of-quick/model.safetensors": "4 heads", "06-heads/heads-remark2.pth": "8 heads",
      ]
      for (file, heads) in cases {
        let outcome = try scratch.run([
          "weights", "import", casesFolder + file, "--out", heads, "--data", "phantom", "--allow-missing",
          "predictor.*",
          "--plugins", Repository.plugins,
        ])
        #expect(outcome.status == 0 && outcome.output.contains(heads), "\(outcome.everything)")
      }
    }

    @Test func radiographsOfAnyNameAreFound() throws {
      let scratch = try Scratch()
      let outcome = try scratch.run([
        "data", "prepare", "--data", casesFolder + "10-film-endings-ignored/films", "--out", "store",
        "--plugins",
        Repository.plugins,
      ])
      #expect(outcome.status == 0 && outcome.output.contains("7 read, 7 kept"), "\(outcome.everything)")
    }

    @Test(arguments: [
      "test-control", "test-float", "test-space", "test-zeros", "test-column-PatientID",
      "test-column-patientid",
      "test-column-subject_id",
    ])
    func patientsAreRecognised(test: String) throws {
      let cases = casesFolder + "11-patients-not-recognised/"
      let outcome = try Scratch().run([
        "data", "audit", "--data", cases + "train", "--against", cases + test, "--json", "--plugins",
        Repository.plugins,
      ])
      let report: [String: Any] = try parsed(outcome.output)
      let verdicts = try #require(report["verdicts"] as? [[String: Any]])
      let shared = verdicts.first { $0["name"] as? String == "patients-shared-with-test" }
      #expect(outcome.status == 1 && shared?["count"] as? Int == 6, "\(outcome.everything)")
    }

    @Test func frontalRadiographsTrainWhateverTheirViewIsCalled() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain([
        "--data", casesFolder + "12-views/table/metadata.csv", "--holdout", "0", "--steps", "1", "--out",
        "run",
      ])
      #expect(
        outcome.status == 0 && outcome.everything.contains("1 radiographs are no frontal views"),
        "\(outcome.everything)")
    }
  }
}
