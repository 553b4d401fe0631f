import Foundation
import Testing

extension EndToEnd {
  /// Weights in and out, as a user would move them.
  @Suite struct Weights {
    static let cases = Verifying.cases.filter {
      FileManager.default.fileExists(atPath: $0 + "/checkpoint.pth.tar")
    }
    static let missing = "no checkpoint.pth.tar in ../shared/golden"

    @Test(.enabled(if: !cases.isEmpty, "\(missing)"), arguments: cases)
    func verifyTakesAPyTorchCheckpoint(path: String) throws {
      let scratch = try Scratch()
      let file = path + "/checkpoint.pth.tar"
      let named = try scratch.run(["verify", path, "--weights", file, "--plugins", Repository.plugins])
      #expect(named.status == 0 && named.output.contains("\(path): PASSED"), "\(named.everything)")
      try FileManager.default.copyItem(atPath: path, toPath: scratch.path + "/case")
      try FileManager.default.removeItem(atPath: scratch.path + "/case/weights.safetensors")
      let found = try scratch.run(["verify", "case", "--plugins", Repository.plugins])
      #expect(found.status == 0 && found.output.contains("case: PASSED"), "\(found.everything)")
    }

    @Test(.enabled(if: !cases.isEmpty, "\(missing)"), arguments: cases)
    func checkpointBecomesARunThatTrainsOn(path: String) throws {
      let scratch = try Scratch()
      let hasAction = !path.hasSuffix("without_action")
      let outcome = try scratch.run(
        ["weights", "import", path + "/checkpoint.pth.tar", "--heads", "4", "--out", "run", "--json"]
          + (hasAction ? [] : ["--tasks", "local,global"]) + ["--steps", "2", "--batch", "4"]
          + ["--set", "phantom.images=32", "--set", "phantom.size=64", "--plugins", Repository.plugins])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      #expect((report["loaded"] as? [String])?.contains("target_encoder.norm.weight") == true)
      #expect((report["missing"] as? [String])?.isEmpty == true)
      #expect(try scratch.names("run") == ["checkpoints", "config.toml", "lock", "run.log", "versions.json"])
      #expect(try scratch.text("run/run.log").contains("PyTorch zip, world model names"))
      let order = path.hasSuffix("published") ? "published" : "paper"
      #expect(try scratch.text("run/config.toml").contains("compatibility = \"\(order)\""))
      let again = try scratch.run(
        [
          "weights", "import", path + "/checkpoint.pth.tar", "--heads", "4", "--out", "run", "--plugins",
          Repository.plugins,
        ]
          + (hasAction ? [] : ["--tasks", "local,global"]))
      #expect(again.status == 1 && again.errors.contains("already holds a run"), "\(again.everything)")
      let resumed = try scratch.run(["resume", "run"])
      #expect(resumed.status == 0 && scratch.has("run/checkpoints/step-000002"), "\(resumed.everything)")
    }

    @Test(.enabled(if: !cases.isEmpty, "\(missing)")) func showListsAndRefuses() throws {
      let scratch = try Scratch()
      let file = Self.cases[0] + "/checkpoint.pth.tar"
      let shown = try scratch.run(["weights", "show", file])
      #expect(shown.status == 0, "\(shown.errors)")
      for part in [
        "model.encoder.patch_embed.proj.weight", "checksums agree", "epoch = ", "args.lr = 0.0002",
      ] {
        #expect(shown.output.contains(part), "\(part) in \(shown.output.suffix(600))")
      }
      let listing: [String: Any] = try parsed(try scratch.run(["weights", "show", file, "--json"]).output)
      #expect(listing["verified"] as? Bool == true && listing["layout"] as? String == "world model")
      let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
      try scratch.write(bytes.prefix(bytes.count / 2), "half.pth")
      let half = try scratch.run(["weights", "show", "half.pth"])
      #expect(half.status == 1 && half.errors.contains("cut short"), "\(half.everything)")
      let fixed = try scratch.run(
        [
          "weights", "import", file, "--heads", "4", "--out", "run", "--set", "model.width=64", "--plugins",
          Repository.plugins,
        ])
      #expect(fixed.status == 2 && fixed.errors.contains("the file tells this size"), "\(fixed.everything)")
    }

    @Test func aWholeModelComesBackAsItWent() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--out", "run", "--steps", "2"])
      #expect(trained.status == 0, "\(trained.everything)")
      let families: [[String: Any]] = try parsed(
        try scratch.run(["weights", "families", "--json", "--plugins", Repository.plugins]).output)
      let exports = Dictionary(
        uniqueKeysWithValues: families.map { ($0["name"] as? String ?? "", $0["exports"] as? String) })
      #expect(exports["timm"] == "encoder" && exports["chexworld"] == "model")
      #expect(exports["ijepa"] == .some(nil))
      let outcome = try scratch.run(["weights", "export", "run", "--as", "chexworld", "--out", "whole"])
      #expect(outcome.status == 0 && outcome.output.contains("model of run at step 2 as chexworld"))
      let back = try scratch.run([
        "weights", "import", "whole/model.safetensors", "--out", "back", "--heads", "4", "--json",
        "--plugins",
        Repository.plugins,
      ])
      #expect(back.status == 0, "\(back.everything)")
      let report: [String: Any] = try parsed(back.output)
      #expect(report["family"] as? String == "chexworld" && (report["missing"] as? [String]) == [])
      let again = try scratch.run(["weights", "export", "back", "--as", "chexworld", "--out", "again"])
      #expect(again.status == 0, "\(again.everything)")
      #expect(try scratch.bytes("whole/model.safetensors") == scratch.bytes("again/model.safetensors"))
      for (words, expected) in [
        (["--as", "chexworld", "--encoder", "target"], "leave --encoder out"),
        (["--as", "ijepa"], "its files are only read; families that are written: timm, "),
        (["--as", "tim"], "found none of that name; did you mean timm?"),
      ] {
        let refused = try scratch.run(["weights", "export", "run", "--out", "none"] + words)
        #expect(refused.status == 2 && refused.errors.contains(expected), "\(refused.everything)")
      }
      let odd = try scratch.run([
        "weights", "import", "whole/model.safetensors", "--family", "timm", "--out", "none", "--plugins",
        Repository.plugins,
      ])
      #expect(odd.status == 1 && odd.errors.contains("it is one of chexworld"), "\(odd.everything)")
    }

    @Test func exportWritesWhatTimmReads() throws {
      let scratch = try Scratch()
      let trained = try scratch.pretrain(["--out", "run", "--steps", "2"])
      #expect(trained.status == 0, "\(trained.everything)")
      for part in ["target", "context"] {
        let outcome = try scratch.run([
          "weights", "export", "run", "--out", part, "--encoder", part, "--json",
        ])
        #expect(outcome.status == 0, "\(outcome.everything)")
        let report: [String: Any] = try parsed(outcome.output)
        #expect(report["encoder"] as? String == part && report["tensors"] as? Int == 29, "\(report)")
        #expect(try scratch.names(part) == ["config.json", "model.safetensors"])
        let arguments = try #require(try scratch.json(part + "/config.json")["model_args"] as? [String: Any])
        #expect(arguments["embed_dim"] as? Int == 32 && arguments["patch_size"] as? Int == 8)
        #expect(arguments["img_size"] as? Int == 64 && arguments["class_token"] as? Bool == false)
      }
      #expect(try scratch.bytes("target/model.safetensors") != scratch.bytes("context/model.safetensors"))
      let again = try scratch.run(["weights", "export", "run", "--out", "target"])
      #expect(
        again.status == 2 && again.errors.contains("expected a new or empty folder"), "\(again.everything)")
      // And back: an encoder alone.
      let back = [
        "weights", "import", "target/model.safetensors", "--out", "back", "--plugins", Repository.plugins,
      ]
      let refused = try scratch.run(back + ["--heads", "4"])
      #expect(
        refused.status == 1 && refused.errors.contains("--allow-missing 'predictor.*'"),
        "\(refused.everything)")
      let imported = try scratch.run(
        back + ["--heads", "4", "--allow-missing", "predictor.*", "--image-size", "96"])
      #expect(imported.status == 0, "\(imported.everything)")
      #expect(imported.output.contains("grid 8 → 12 bicubic, antialiased"), "\(imported.output)")
    }
  }
}
