import Foundation
import Testing

extension EndToEnd {
  /// What commands say of a run's frozen features.
  @Suite struct FrozenFeatures {
    /// A run of a few steps.
    private func trained() throws -> Scratch {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--steps", "2", "--out", "run"])
      try #require(outcome.status == 0, "\(outcome.errors)")
      return scratch
    }

    private let more = ["--set", "phantom.images=200", "--set", "probe.resamples=40"]

    @Test func probe() throws {
      let scratch = try trained()
      let json = try scratch.run(
        ["probe", "run", "--json", "--label", "effusion,nodule", "--holdout", "0.4"] + more)
      #expect(json.status == 0, "\(json.everything)")
      let report: [String: Any] = try parsed(json.output)
      #expect(report["train_images"] as? Int == 120 && report["test_images"] as? Int == 80)
      #expect(report["summary"] as? String == "AUROC, linear probe")
      let metrics = try #require(report["metrics"] as? [[String: Any]])
      let areas = metrics.filter { $0["name"] as? String == "AUROC" }
      #expect(
        areas.map { $0["class"] as? String } == ["effusion", "nodule", nil, "effusion", "nodule", nil])
      for area in areas {
        func value(_ encoder: String, _ key: String) -> Double {
          (area[encoder] as? [String: Double])?[key] ?? .nan
        }
        #expect((0...1).contains(value("trained", "value")) && value("pixels", "value") > 0)
        #expect(value("trained", "low") <= value("trained", "high"))
        #expect(
          abs(value("trained", "value") - value("random", "value") - value("difference", "value")) < 1e-12)
      }
      let positives = metrics.filter { $0["name"] as? String == "test positives" }
      #expect(positives.count == 2)
      for own in positives { #expect(((own["trained"] as? [String: Double])?["value"] ?? 0) >= 4) }
      let table = try scratch.run(["probe", "run", "--label", "effusion", "--holdout", "0.4"] + more)
      #expect(table.status == 0, "\(table.everything)")
      for word in ["linear probe, AUROC", "nearest neighbours, AUROC", "plain pixels", "effusion", "mean"] {
        #expect(table.output.contains(word))
      }
    }

    /// Probe and fine-tuning take the class token of an encoder that has one, and refuse where there is none.
    @Test func classToken() throws {
      let scratch = try Scratch()
      let own = try scratch.pretrain(["--steps", "1", "--set", "model.class_token=true", "--out", "run"])
      #expect(own.status == 0, "\(own.errors)")
      #expect(try scratch.pretrain(["--steps", "1", "--out", "plain"]).status == 0)
      func area(_ words: [String]) throws -> Double {
        let outcome = try scratch.run(
          ["probe", "run", "--json", "--label", "effusion", "--holdout", "0.4"] + more + words)
        #expect(outcome.status == 0, "\(outcome.everything)")
        let metrics = try #require(
          try parsed(outcome.output, as: [String: Any].self)["metrics"] as? [[String: Any]])
        return try #require((metrics[0]["trained"] as? [String: Double])?["value"])
      }
      let token = ["--set", "evaluation.pooling=class"]
      #expect(try area(token) != area([]))
      let tuning = [
        "--fraction", "1", "--seeds", "1", "--epochs", "2", "--minimum-steps", "0", "--pooling", "class",
      ]
      let tuned = try scratch.run(["finetune", "classify", "run"] + tuning + more.prefix(2))
      #expect(tuned.status == 0, "\(tuned.everything)")
      let probe = try scratch.run(["probe", "plain"] + token)
      #expect(
        probe.status == 1 && probe.errors.contains("the run's encoder has no class token"),
        "\(probe.everything)")
      let refused = try scratch.run(["finetune", "classify", "plain"] + tuning)
      #expect(refused.status == 1 && refused.errors.contains("use --pooling mean"), "\(refused.everything)")
    }

    /// Options of the plugin are flags, in the help and on the command line; what was renamed is told.
    @Test func theCommandIsThePlugins() throws {
      let scratch = try trained()
      let help = try scratch.run(["probe", "--help"])
      #expect(
        help.status == 0 && help.output.contains("--neighbours N") && help.output.contains("--label A,B"))
      #expect(try scratch.run(["--help"]).output.contains("Commands of plugins:"))
      let few = try scratch.run(["probe", "run", "--neighbours", "0"])
      #expect(few.status == 2 && few.errors.contains("integer from 1 to 1000"), "\(few.everything)")
      for (words, name) in [
        (["--probe-labels", "effusion"], "--label"),
        (["--set", "probes.neighbours=3"], "[probe] neighbours"),
      ] {
        let old = try scratch.run(["probe", "run"] + words)
        #expect(old.status == 2 && old.errors.contains(name), "\(old.everything)")
      }
      let drawn = try scratch.run(
        ["probe", "run", "--out", "probed", "--holdout", "0.4", "--label", "effusion"] + more)
      #expect(drawn.status == 0 && scratch.has("probed/metrics.json"), "\(drawn.everything)")
    }

    @Test func probeRefusals() throws {
      let scratch = try trained()
      let unknown = try scratch.run(["probe", "run", "--label", "effusoin"])
      #expect(unknown.status == 1 && unknown.errors.contains("did you mean effusion?"))
      let few = try scratch.run(["probe", "run", "--set", "phantom.images=12"])
      #expect(few.status == 1 && few.errors.contains("to learn from"), "\(few.everything)")
    }

    @Test func features() throws {
      let scratch = try trained()
      let exported = try scratch.run([
        "phantom", "--count", "35", "--size", "64", "--out", "export", "--plugins", Repository.plugins,
      ])
      try #require(exported.status == 0, "\(exported.errors)")
      try scratch.write(Data("no radiograph".utf8), "export/images/broken.png")
      let outcome = try scratch.run([
        "features", "run", "--data", "export/images", "--out", "f.npy", "--json",
      ])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      #expect(report["radiographs"] as? Int == 35 && report["shape"] as? [Int] == [35, 32])
      #expect(try scratch.bytes("f.npy").count == 128 + 35 * 32 * 4)
      let lines = try scratch.text("f.npy.images.csv").split(separator: "\n")
      #expect(lines.count == 36 && lines[0].hasPrefix("row,file,patient"))
      #expect(try scratch.text("f.npy.skipped.txt").contains("broken.png"))
      let tokens = try scratch.run([
        "features", "run", "--data", "export/images", "--out", "t.npy", "--tokens", "--encoder", "context",
      ])
      #expect(tokens.status == 0 && tokens.output.contains("35 × 64 × 32"), "\(tokens.everything)")
      #expect(try scratch.bytes("t.npy").count == 128 + 35 * 64 * 32 * 4)
      let again = try scratch.run(["features", "run", "--data", "export/images", "--out", "f.npy"])
      #expect(again.status == 1 && again.errors.contains("exists already"))
    }

    @Test func featuresAgreeInEveryFormatAndWithTheirTokens() throws {
      let scratch = try trained()
      let few = ["--set", "data.limit=3", "--set", "phantom.images=8"]
      for words in [["--out", "p.csv"], ["--out", "t.csv", "--tokens"]] {
        let outcome = try scratch.run(["features", "run"] + words + few)
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      let pooled = try scratch.text("p.csv").split(separator: "\n").dropFirst()
      let tokens = try scratch.text("t.csv").split(separator: "\n").dropFirst()
      #expect(pooled.count == 3 && tokens.count == 3 * 64)
      let first = try #require(pooled.first).split(separator: ",")
      let mean =
        tokens.prefix(64).map { Double($0.split(separator: ",")[3]) ?? .nan }.reduce(0, +) / 64
      #expect(abs((Double(first[1]) ?? .nan) - mean) < 1e-5)
    }

    @Test func featuresRefusals() throws {
      let scratch = try trained()
      let cases: [([String], String, Int32)] = [
        (["--out", "f.txt"], ".safetensors, .npy, .csv", 2), ([], "--out FILE is required", 2),
        (["--out", "f.npy", "--encoder", "both"], "target, context", 2),
        (["--out", "f.npy", "--split", "test"], "it names no splits", 2),
        (["--out", "f.npy", "--checkpoint", "77"], "no checkpoint of that step", 1),
        (["--out", "nowhere/f.npy"], "nowhere", 1),
      ]
      for (words, sentence, status) in cases {
        let outcome = try scratch.run(["features", "run"] + words)
        #expect(outcome.status == status && outcome.errors.contains(sentence), "\(outcome.everything)")
      }
      #expect(!scratch.has("f.npy") && !scratch.has("f.npy.images.csv"))
    }
  }
}
