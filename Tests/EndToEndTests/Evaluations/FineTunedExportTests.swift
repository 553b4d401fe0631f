import Foundation
import Testing

extension EndToEnd {
  /// `weights export` of what was fine-tuned.
  @Suite struct FineTunedExports {
    @Test(arguments: [
      (
        "classify", ["--label", "effusion,nodule"], ["head.weight", "head.bias"], ["effusion", "nodule"], 8
      ),
      (
        "segment", ["--masks", "lungs", "--decoder", "linear", "--patch-size", "4"],
        ["decoder.head.weight", "decoder.head.bias"], ["lungs"], 4
      ),
    ])
    func encoderAndHead(verb: String, words: [String], head: [String], classes: [String], patch: Int) throws {
      let scratch = try Scratch()
      #expect(try scratch.pretrain(["--steps", "2", "--out", "run"]).status == 0)
      let plugins = ["--plugins", Repository.plugins]
      let tuned = try scratch.run(
        ["finetune", verb, "run", "--epochs", "1", "--seeds", "1", "--minimum-steps", "0", "--out", "tuned"]
          + words + plugins)
      #expect(tuned.status == 0, "\(tuned.everything)")
      let outcome = try scratch.run(["weights", "export", "tuned", "--out", "new", "--json"] + plugins)
      #expect(outcome.status == 0, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      #expect(report["head_tensors"] as? Int == head.count && report["model"] as? String == "fraction-1")
      #expect(
        try scratch.names("new").sorted() == [
          "config.json", "head", "model.safetensors",
        ])
      #expect(try scratch.names("new/head").sorted() == ["head.json", "head.safetensors"])
      let description = try scratch.json("new/head/head.json")
      #expect(description["classes"] as? [String] == classes && description["patch_size"] as? Int == patch)
      let shown = try scratch.run(["weights", "show", "new/head/head.safetensors"] + plugins)
      for name in head { #expect(shown.output.contains(name), "\(shown.everything)") }
      let arguments = try #require(try scratch.json("new/config.json")["model_args"] as? [String: Any])
      #expect(arguments["patch_size"] as? Int == patch)
      // The encoder is no longer the run's.
      #expect(try scratch.run(["weights", "export", "run", "--out", "target"] + plugins).status == 0)
      #expect(
        try scratch.bytes("new/model.safetensors") != scratch.bytes("target/model.safetensors"))
      for (words, text) in [
        (["tuned", "--out", "x", "--encoder", "target"], "a fine-tuned model has one encoder"),
        (["tuned", "--out", "x", "--as", "chexworld"], "a family of encoders"),
        (["tuned", "--out", "x", "--model", "fraction-2"], "has no such model"),
        (["run", "--out", "x", "--model", "fraction-1"], "is of an evaluation's folder"),
        (["tuned", "--out", "new"], "expected a new or empty folder"),
      ] {
        let refused = try scratch.run(["weights", "export"] + words + plugins)
        #expect(refused.status != 0 && refused.errors.contains(text), "\(words): \(refused.everything)")
      }
    }
  }
}
