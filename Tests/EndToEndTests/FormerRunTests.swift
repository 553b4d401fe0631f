import Foundation
import Testing

extension EndToEnd {
  /// Folders of runs that earlier versions left, under the names that these wrote.
  @Suite struct FormerRuns {
    @Test func aRunUnderFormerNamesIsCompared() throws {
      let scratch = try Scratch()
      for name in ["old", "new"] {
        let outcome = try scratch.pretrain(["--steps", "3", "--out", name])
        #expect(outcome.status == 0, "\(outcome.everything)")
      }
      try rename(
        scratch, "old/config.toml",
        [
          ("[diagnostics]", "[health]"), ("\nimages =", "\nfilms ="), ("\nsampling_weights =", "\nweights ="),
          ("\ndevice = \"cpu\"", ""),
        ])
      try rename(
        scratch, "old/metrics.jsonl",
        [("\"images_per_second\"", "\"films_per_second\""), ("\"ema_decay\"", "\"momentum\"")])
      try rename(
        scratch, "old/summary.json",
        [
          ("\"imagesPerSecond\"", "\"filmsPerSecond\""), ("\"diagnostics\"", "\"health\""),
          ("\"radiographs\"", "\"films\""),
        ])
      let outcome = try scratch.run(["compare", "old", "new", "--json"])
      #expect(outcome.status == 0, "\(outcome.everything)")
      let rows: [[String: Any]] = try parsed(outcome.output)
      #expect(rows.map { $0["loss_group"] as? Int } == [1, 1])
      #expect(rows.allSatisfy { ($0["images_per_second"] as? Double ?? 0) > 0 })
      #expect(rows[0]["settings"] as? [String: String] == rows[1]["settings"] as? [String: String])
      try FileManager.default.removeItem(atPath: scratch.path + "/old/summary.json")
      #expect(try scratch.run(["compare", "old", "new"]).status == 0)
    }

    /// Each name must be there, else nothing was tested.
    private func rename(_ scratch: Scratch, _ file: String, _ names: [(String, String)]) throws {
      var text = try scratch.text(file)
      for (name, former) in names {
        #expect(text.contains(name), "\(file) has no \(name)")
        text = text.replacing(name, with: former)
      }
      try scratch.write(Data(text.utf8), file)
    }
  }
}
