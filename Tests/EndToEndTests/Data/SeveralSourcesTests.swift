import Foundation
import Testing

extension EndToEnd {
  /// Runs that take their radiographs from more than one place.
  @Suite struct SeveralSources {
    private func export(_ scratch: Scratch, _ count: Int, _ folder: String) throws {
      let outcome = try scratch.run([
        "phantom", "--count", "\(count)", "--size", "64", "--seed", "\(count)", "--out", folder, "--plugins",
        Repository.plugins,
      ])
      #expect(outcome.status == 0, "\(outcome.errors)")
    }

    @Test func twoFoldersAndThePhantomByWeight() throws {
      let scratch = try Scratch()
      try export(scratch, 12, "east")
      try export(scratch, 8, "west")
      let words = [
        "--data", "east/labels.csv", "--data", "west/images", "--data", "phantom", "--sampling-weights",
        "2,1,0.5",
        "--holdout",
        "0", "--steps", "12",
      ]
      let outcome = try scratch.pretrain(words + ["--out", "run"])
      #expect(outcome.status == 0, "\(outcome.errors)")
      for name in ["labels.csv: table", "images: folder", "phantom: phantom, seed"] {
        #expect(outcome.everything.contains(name), "\(outcome.everything)")
      }
      // The same bytes whatever reads the radiographs ahead.
      let other = try scratch.pretrain(words + ["--out", "other", "--loader-threads", "3"])
      #expect(other.status == 0, "\(other.errors)")
      let weights = "checkpoints/step-000012/model.safetensors"
      #expect(try scratch.bytes("run/" + weights) == scratch.bytes("other/" + weights))
    }

    @Test func weightsForOtherSources() throws {
      let scratch = try Scratch()
      let outcome = try scratch.pretrain(["--data", "phantom", "--sampling-weights", "1,2", "--out", "run"])
      #expect(outcome.status == 2 && outcome.errors.contains("2 weights for 1 sources"))
    }
  }
}
