import Foundation
import Testing

extension EndToEnd {
  /// Runs whose target encoder does not follow.
  @Suite struct TargetEncoders {
    @Test func aFrozenOneKeepsItsWeights() throws {
      let scratch = try Scratch()
      for (run, steps) in [("short", 1), ("long", 3)] {
        let trained = try scratch.pretrain([
          "--out", run, "--steps", "\(steps)", "--set", "model.target_encoder=frozen",
        ])
        #expect(trained.status == 0, "\(trained.everything)")
        #expect(try scratch.text(run + "/config.toml").contains("target_encoder = \"frozen\""))
        for part in ["target", "context"] {
          let outcome = try scratch.run(
            ["weights", "export", run, "--out", "\(run)-\(part)", "--encoder", part])
          #expect(outcome.status == 0, "\(outcome.everything)")
        }
      }
      func weights(_ name: String) throws -> Data { try scratch.bytes(name + "/model.safetensors") }
      #expect(try weights("short-target") == weights("long-target"))
      #expect(try weights("short-context") != weights("long-context"))
      // What was trained is what features are taken of, unless the teacher's are asked for.
      for (words, encoder) in [([], "context"), (["--encoder", "target"], "target")] {
        let outcome = try scratch.run(
          ["features", "long", "--out", "\(encoder).npy", "--json", "--plugins", Repository.plugins] + words)
        #expect(outcome.status == 0, "\(outcome.everything)")
        let report: [String: Any] = try parsed(outcome.output)
        #expect(report["encoder"] as? String == encoder)
      }
    }

    @Test func supervisionsNeedOne() throws {
      let scratch = try Scratch()
      let refused = try scratch.pretrain([
        "--out", "run", "--steps", "1", "--tasks", "local", "--set", "model.target_encoder=absent",
      ])
      #expect(refused.status != 0, "\(refused.everything)")
      for words in ["tasks local: supervisions z11", "model.target_encoder = \"absent\"", "\"frozen\""] {
        #expect(refused.errors.contains(words), "\(refused.everything)")
      }
      let unknown = try scratch.pretrain(["--out", "run", "--set", "model.target_encoder=follows"])
      #expect(unknown.status == 2, "\(unknown.everything)")
      #expect(unknown.errors.contains("\"ema\", \"frozen\", \"absent\""), "\(unknown.everything)")
    }
  }
}
