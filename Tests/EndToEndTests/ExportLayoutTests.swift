import Foundation
import Testing

extension EndToEnd {
  /// What `weights export` writes of an imported encoder where `--as` is not given.
  @Suite struct ExportLayout {
    private static let golden = Repository.root + "/Tests/RunnerTests/Weights/Encoders/"
    private static let plugins = ["--plugins", Repository.plugins]

    private func export(_ scratch: Scratch, _ run: String, _ words: [String] = []) throws -> [String: Any] {
      let outcome = try scratch.run(
        ["weights", "export", run, "--out", run + "-out", "--json"] + words + Self.plugins)
      #expect(outcome.status == 0, "\(outcome.everything)")
      return try parsed(outcome.output)
    }

    /// The layout stays with an encoder that is trained on, in a run that begins with it and in a branch of that.
    @Test func theLayoutIsTheOneOfTheImport() throws {
      let scratch = try Scratch()
      let imported = try scratch.run(
        ["weights", "import", Self.golden + "eva02-base.safetensors", "--heads", "2", "--out", "imported"]
          + ["--allow-missing", "predictor.*", "--set", "phantom.images=32", "--set", "phantom.size=64"]
          + Self.plugins)
      #expect(imported.status == 0, "\(imported.everything)")
      let continued = try scratch.run(
        ["pretrain", "--from", "imported", "--tasks", "local", "--steps", "4", "--batch", "4"]
          + ["--set", "local.minimum_patches=4", "--set", "training.keep_checkpoints=5"]
          + ["--set", "training.checkpoint_every_steps=2", "--set", "run.evaluations=none"]
          + ["--set", "phantom.images=32", "--set", "phantom.size=64", "--out", "continued"] + Self.plugins)
      #expect(continued.status == 0, "\(continued.everything)")
      let branched = try scratch.run(
        ["resume", "continued", "--step", "2", "--set", "training.learning_rate=1e-5", "--out", "branch"]
          + Self.plugins)
      #expect(branched.status == 0, "\(branched.everything)")
      for run in ["imported", "continued", "branch"] {
        let report = try export(scratch, run)
        #expect(report["family"] as? String == "eva", "\(run): \(report)")
        #expect(report["family_reason"] as? String == "as the encoder was imported")
        let back = try scratch.run(
          ["weights", "import", run + "-out/model.safetensors", "--out", run + "-back"]
            + ["--allow-missing", "predictor.*"] + Self.plugins)
        #expect(back.status == 0 && back.output.contains("EVA names"), "\(back.everything)")
      }
      #expect(
        try scratch.bytes("imported-out/model.safetensors")
          != scratch.bytes("continued-out/model.safetensors"))
      let refused = try scratch.run(
        ["weights", "export", "imported", "--out", "none", "--as", "timm"] + Self.plugins)
      #expect(
        refused.status == 2 && refused.errors.contains("others can: --as chexworld, --as eva"),
        "\(refused.everything)")
    }

    /// Where none was imported, and where its family is only read, it is timm's, and the command says so.
    @Test func otherEncodersAreTimms() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--out", "run", "--steps", "2"])
      #expect(trained.status == 0, "\(trained.everything)")
      let outcome = try scratch.run(["weights", "export", "run", "--out", "own"] + Self.plugins)
      #expect(
        outcome.status == 0
          && outcome.output.contains("as timm (the default, as no import is recorded), 29 tensors"),
        "\(outcome.everything)")
      #expect(
        try scratch.run(
          ["weights", "export", "run", "--as", "chexworld", "--out", "whole"] + Self.plugins
        ).status == 0)
      let back = try scratch.run(
        ["weights", "import", "whole/model.safetensors", "--out", "back"] + Self.plugins)
      #expect(back.status == 0, "\(back.everything)")
      let report = try export(scratch, "back")
      #expect(report["family"] as? String == "timm", "\(report)")
      #expect((report["family_reason"] as? String)?.contains("chexworld") == true, "\(report)")
    }
  }
}
