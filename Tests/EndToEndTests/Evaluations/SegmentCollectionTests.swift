import Foundation
import Imaging
import Radiographs
import Testing

extension EndToEnd {
  /// `finetune segment` on public collections as their owners lay them out, whole and damaged.
  @Suite struct CollectionSegmentation {
    private typealias Layout = MaskedTree.Layout

    /// A run, a collection and its segmentation.
    private struct Stand {
      let scratch: Scratch
      let tree: MaskedTree
      let first: RunnerProcess.Outcome

      init(_ layout: Layout) throws {
        (scratch, tree) = (try Scratch(), try MaskedTree(layout))
        let trained = try scratch.pretrain(["--steps", "1", "--out", "run"])
        try #require(trained.status == 0, "\(trained.everything)")
        try tree.write(to: scratch, "tree")
        first = try Self.segment(scratch, layout, out: "first")
        try #require(first.status == 0, "\(first.everything)")
      }

      private static func segment(
        _ scratch: Scratch, _ layout: Layout, out: String
      ) throws -> RunnerProcess.Outcome {
        try scratch.run([
          "finetune", "segment", "run", "--data", "\(layout.rawValue):tree", "--holdout", "0.4", "--out", out,
          "--seeds", "1", "--epochs", "2", "--minimum-steps", "4", "--decoder", "linear", "--json",
          "--plugins", Repository.plugins,
        ])
      }

      func segment(out: String) throws -> RunnerProcess.Outcome {
        try Self.segment(scratch, tree.layout, out: out)
      }

      /// Tested radiographs' files with their Dice, nil where neither truth nor prediction has a pixel.
      func dice(_ out: String) throws -> [String: Double?] {
        let lines = try scratch.text(out + "/predictions.csv").split(separator: "\n").map {
          $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(lines.first == ["subject", "trial", "radiograph", "patient", "Dice of \(tree.layout.mask)"])
        return Dictionary(uniqueKeysWithValues: lines.dropFirst().map { ($0[2], Double($0[4])) })
      }

      func tested(_ out: String) throws -> [MaskedTree.Radiograph] {
        let files = try dice(out).keys
        return tree.radiographs.filter { files.contains($0.file) }
      }

      /// Figures of a report's only class, by name.
      func figures(_ outcome: RunnerProcess.Outcome) throws -> [String: Double] {
        let report: [String: Any] = try parsed(outcome.output)
        let metrics = try #require(report["metrics"] as? [[String: Any]])
        #expect(Set(metrics.compactMap { $0["class"] as? String }) == [tree.layout.mask])
        return Dictionary(
          uniqueKeysWithValues: try metrics.filter { $0["class"] != nil }.map { metric in
            let trained = try #require(metric["trained"] as? [String: Any])
            return (try #require(metric["name"] as? String), try #require(trained["value"] as? Double))
          })
      }

      /// Every file but what processes said, and locks, which have the number of the last process.
      func files() throws -> [String: Data] {
        let all = FileManager.default.enumerator(atPath: scratch.path)?.compactMap { $0 as? String } ?? []
        let own = all.filter {
          !$0.hasPrefix(".") && !$0.hasSuffix("/lock") && !$0.hasSuffix("/evaluation.log")
        }
        return Dictionary(
          uniqueKeysWithValues: try own.map { path in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: scratch.path + "/" + path, isDirectory: &isFolder)
            return (path, isFolder.boolValue ? Data() : try scratch.bytes(path))
          })
      }
    }

    /// Pixels of a predicted mask beside those of the truth.
    private struct Overlap {
      let both: Int
      let predicted: Int
      let truth: Int

      init(_ prediction: GrayImage, _ truth: GrayImage) {
        both = zip(prediction.pixels, truth.pixels).count { $0 > 0.5 && $1 > 0.5 }
        predicted = prediction.pixels.count { $0 > 0.5 }
        self.truth = truth.pixels.count { $0 > 0.5 }
      }

      var dice: Double? {
        predicted + truth > 0 ? Double(2 * both) / Double(predicted + truth) : nil
      }
    }

    private func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    private func agree(_ a: Double?, _ b: Double?) -> Bool {
      guard let a, let b else { return a == nil && b == nil }
      return abs(a - b) < 1e-9
    }

    private func emptyShare(_ radiographs: [MaskedTree.Radiograph]) -> Double {
      Double(radiographs.count { $0.areas.isEmpty }) / Double(radiographs.count)
    }

    /// What is reported is what masks drawn by `predict` have in common with those that the test drew itself.
    @Test(arguments: MaskedTree.Layout.allCases) func figures(_ layout: MaskedTree.Layout) throws {
      let stand = try Stand(layout)
      let (scratch, tree) = (stand.scratch, stand.tree)
      let report: [String: Any] = try parsed(stand.first.output)
      let (dice, tested) = (try stand.dice("first"), try stand.tested("first"))
      #expect(tested.contains { !$0.areas.isEmpty })
      #expect(tested.contains { $0.areas.isEmpty } == (layout != .montgomery))
      let counts = [report["train_images"], report["test_images"]].map { $0 as? Int ?? 0 }
      #expect(counts[1] == dice.count && counts[0] + counts[1] == tree.radiographs.count, "\(counts)")
      let source = report["source"] as? String ?? ""
      #expect(source.hasPrefix("\(layout.rawValue):tree, \(tree.radiographs.count) radiographs"), "\(source)")

      let predicted = try scratch.run([
        "predict", "first", "--data", "\(layout.rawValue):tree", "--out", "new", "--json", "--plugins",
        Repository.plugins,
      ])
      #expect(predicted.status == 0, "\(predicted.everything)")
      #expect(try scratch.names("new/masks").count == tree.radiographs.count)
      let overlaps = try tested.map { radiograph in
        let name = "images_\(radiograph.name)-\(layout.mask.replacingOccurrences(of: " ", with: "_")).png"
        let mask = try RadiographDecoder().decode(path: "\(scratch.path)/new/masks/\(name)")
        #expect(mask.width == radiograph.width && mask.height == radiograph.height)
        let overlap = Overlap(mask, radiograph.truth)
        let reported = try #require(dice[radiograph.file])
        #expect(agree(reported, overlap.dice), "\(radiograph.name): \(reported ?? -1)")
        return overlap
      }
      let (empty, positive) = (overlaps.filter { $0.truth == 0 }, overlaps.filter { $0.truth > 0 })
      let figures = try stand.figures(stand.first)
      for (name, value) in [
        ("Dice", mean(overlaps.compactMap(\.dice))),
        ("Dice of all images", mean(overlaps.map { $0.dice ?? 1 })),
        ("Dice of predicting nothing", emptyShare(tested)),
        ("Dice of positives", mean(positive.compactMap(\.dice))),
        ("false positives among empty images", mean(empty.map { $0.predicted > 0 ? 1 : 0 })),
      ] { #expect(agree(figures[name], value), "\(name): \(figures[name] ?? -1), not \(value ?? -1)") }
    }

    /// An error says where, and neither what an earlier call found nor a new folder is touched.
    @Test(arguments: MaskedTree.Layout.allCases) func refusals(_ layout: MaskedTree.Layout) throws {
      let stand = try Stand(layout)
      for fault in MaskedTree.Fault.refused(layout) {
        var tree = stand.tree
        try fault.spoil(&tree)
        try tree.write(to: stand.scratch, "tree")
        let before = try stand.files()
        for out in ["first", "new"] {
          let outcome = try stand.segment(out: out)
          #expect(outcome.status == 1 && !outcome.wasKilled, "\(fault.name): \(outcome.everything)")
          #expect(outcome.errors.contains(fault.says), "\(fault.name): \(outcome.everything)")
          #expect(outcome.output.isEmpty && !stand.scratch.has("new"), "\(fault.name)")
        }
        #expect(try stand.files() == before, "\(fault.name)")
      }
    }

    /// One bad radiograph costs no more than itself.
    @Test(arguments: MaskedTree.Layout.allCases) func leftOut(_ layout: MaskedTree.Layout) throws {
      let stand = try Stand(layout)
      let tested = try stand.tested("first")
      let victim = try #require(tested.first { !$0.areas.isEmpty })
      for (number, fault) in MaskedTree.Fault.leavingOut(victim, of: layout).enumerated() {
        var tree = stand.tree
        try fault.spoil(&tree)
        try tree.write(to: stand.scratch, "tree")
        let outcome = try stand.segment(out: "out-\(number)")
        #expect(outcome.status == 0 && !outcome.wasKilled, "\(fault.name): \(outcome.everything)")
        #expect(outcome.errors.contains("left out"), "\(fault.name): \(outcome.everything)")
        let left = tested.filter { $0.name != victim.name }
        #expect(try stand.tested("out-\(number)").map(\.name) == left.map(\.name), "\(fault.name)")
        let nothing = try stand.figures(outcome)["Dice of predicting nothing"]
        #expect(agree(nothing, emptyShare(left)), "\(fault.name): \(nothing ?? -1)")
        #expect(outcome.everything.contains(victim.name), "\(fault.name)")
      }
    }

    /// A row without its image is as if it were not there.
    @Test func missingImages() throws {
      let stand = try Stand(.siim)
      let victim = try #require(try stand.tested("first").first)
      var tree = stand.tree
      tree.files[victim.file] = nil
      try tree.write(to: stand.scratch, "tree")
      let outcome = try stand.segment(out: "out")
      #expect(outcome.status == 0 && outcome.output.contains("19 radiographs"), "\(outcome.everything)")
      let tested = try stand.tested("out")
      #expect(!tested.contains { $0.name == victim.name })
      #expect(agree(try stand.figures(outcome)["Dice of predicting nothing"], emptyShare(tested)))
      #expect(outcome.everything.contains(victim.name))
    }

    @Test func boxesBeforeTheImage() throws {
      let stand = try Stand(.rsna)
      let victim = try #require(try stand.tested("first").first { !$0.areas.isEmpty })
      for (number, box) in ["-500,200,150,320", "300,200,-150,320", "-1e300,200,150,320"].enumerated() {
        var tree = stand.tree
        let line = try #require(tree.lines.firstIndex { $0.hasPrefix(victim.name) })
        tree.lines[line] = "\(victim.name),\(box),1"
        try tree.write(to: stand.scratch, "tree")
        let outcome = try stand.segment(out: "out-\(number)")
        let isRefused = outcome.status == 1 && outcome.errors.contains("labels.csv, line \(line + 1)")
        let isLeftOut = outcome.status == 0 && !outcome.wasKilled && outcome.everything.contains(victim.name)
        #expect(isRefused || isLeftOut, "\(box): \(outcome.everything)")
      }
    }
  }
}
