import Foundation
import Imaging
import Radiographs
import Testing

extension EndToEnd {
  /// Radiographs looked at before training.
  @Suite struct Audit {
    /// A folder with a table of good radiographs and of every kind of bad one, and one of test radiographs.
    private struct Faults {
      let scratch: Scratch
      private var table = "file,split,patient_id,labels\n"
      private var good: [GrayImage] = []

      init(_ scratch: Scratch) throws {
        self.scratch = scratch
        let outcome = try scratch.run([
          "phantom", "--count", "48", "--size", "128", "--out", "export", "--plugins", Repository.plugins,
        ])
        #expect(outcome.status == 0, "\(outcome.errors)")
        for name in ["images", "test"] {
          try FileManager.default.createDirectory(
            atPath: scratch.path + "/" + name, withIntermediateDirectories: true)
        }
        // Every second radiograph: two are of one patient, who looks much the same twice.
        for number in 0..<24 {
          good.append(
            try RadiographDecoder().decode(
              path: "\(scratch.path)/export/images/phantom-0-\(2 * number).png"))
          let split = ["train", "train", "val", "test"][number % 4]
          try add("good-\(number).png", good[number], split, "p\(number)", "mass")
        }
        try addFaults()
        try scratch.write(Data(table.utf8), "images/index.csv")
        try write("test/seen.png", good[1])
        try write("test/new.png", changed(good[2]) { 1 - $0 * $0 * 0.5 })
      }

      private func write(_ name: String, _ image: GrayImage) throws {
        try PngWriter.write(image, to: scratch.path + "/" + name)
      }

      private mutating func list(_ name: String, _ split: String, _ patient: String, _ labels: String) {
        func quoted(_ text: String) -> String {
          "\"" + text.replacingOccurrences(of: "\"", with: "\"\"") + "\""
        }
        table += [name, split, patient, labels].map(quoted).joined(separator: ",") + "\n"
      }

      private mutating func add(
        _ name: String, _ image: GrayImage, _ split: String, _ patient: String, _ labels: String
      ) throws {
        try write("images/" + name, image)
        list(name, split, patient, labels)
      }

      private func changed(_ image: GrayImage, _ change: (Float) -> Float) -> GrayImage {
        GrayImage(width: image.width, height: image.height, pixels: image.pixels.map(change))
      }

      private mutating func addFaults() throws {
        try add("copy.png", good[0], "test", "q0", "")
        try add("near.png", changed(good[4]) { 0.8 * $0 + 0.1 }, "val", "q1", "")
        try add("again.png", changed(good[5]) { $0 * 0.9 }, "train", "q2", "")
        try add("patient.png", changed(good[6]) { $0 * $0 * $0 }, "train", "p7", "")
        try add("<b onclick='x'>&\".png", changed(good[8]) { 1 - $0 }, "train", "<i>", "")
        try add("blank.png", GrayImage(width: 90, height: 90, fill: 0.5), "train", "q3", "")
        try add("clipped.png", changed(good[9]) { min($0 * 4 + 0.1, 1) }, "train", "q4", "")
        try add(
          "long.png",
          GrayImage(width: 300, height: 60, pixels: Array((0..<18000).map { Float($0 % 300) / 300 })),
          "train", "q5", "")
        var bordered = GrayImage(width: 256, height: 256)
        for row in 0..<128 {
          for column in 0..<128 { bordered[row + 60, column + 50] = good[12][127 - row, column] }
        }
        try add("bordered.png", bordered, "train", "q6", "")
        try scratch.write(Data(), "images/empty.png")
        try scratch.write(try scratch.bytes("images/good-0.png").prefix(900), "images/half.png")
        for name in ["empty.png", "half.png", "missing.png"] { list(name, "train", "r-" + name, "") }
      }
    }

    private func audit(_ scratch: Scratch, _ words: [String]) throws -> RunnerProcess.Outcome {
      try scratch.run(["data", "audit", "--data", "images", "--plugins", Repository.plugins] + words)
    }

    private static let kinds = [
      "patients-shared-by-splits", "images-shared-by-splits", "near-images-shared-by-splits",
      "images-shared-with-test",
    ]

    @Test func everyKindOfFault() throws {
      let scratch = try Scratch()
      _ = try Faults(scratch)
      let outcome = try audit(scratch, ["--against", "test", "--out", "audit", "--json"])
      #expect(outcome.status == 1, "\(outcome.everything)")
      let report: [String: Any] = try parsed(outcome.output)
      try check(report)
      #expect(try scratch.json("audit/audit.json")["passed"] as? Bool == false)
      try checkPage(scratch)
      let rows = try scratch.text("audit/images.csv").split(separator: "\n")
      #expect(rows.count == 1 + 36 + 2)
      #expect(rows.contains { $0.contains("copy.png,yes,") && $0.contains("images-shared-by-splits") })
      #expect(rows.contains { $0.contains("empty.png,no,the file is empty,") })

      let again = try audit(scratch, ["--out", "audit"])
      #expect(again.status == 2 && again.errors.contains("new or empty folder"))
    }

    private func check(_ report: [String: Any]) throws {
      let leaks = try #require(report["leaks"] as? [[String: Any]])
      #expect(Set(leaks.compactMap { $0["kind"] as? String }) == Set(Self.kinds), "\(leaks)")
      #expect(leaks.contains { $0["radiographs"] as? [String] == ["good-0.png", "copy.png"] })
      #expect(leaks.contains { $0["radiographs"] as? [String] == ["good-4.png", "near.png"] })
      #expect(leaks.contains { $0["radiographs"] as? [String] == ["good-1.png", "test: seen.png"] })
      #expect(leaks.contains { $0["patient"] as? String == "p7" })
      let suspects = try #require(report["suspects"] as? [[String: Any]])
      for (kind, radiograph) in [
        ("inverted", "<b onclick='x'>&\".png"), ("blank", "blank.png"), ("clipped", "clipped.png"),
        ("bordered", "bordered.png"), ("odd-shape", "long.png"),
      ] {
        let radiographs = suspects.first { $0["kind"] as? String == kind }?["radiographs"] as? [String]
        #expect(radiographs?.contains(radiograph) == true, "\(kind): \(suspects)")
      }
      let failures = try #require(report["undecodable"] as? [[String: Any]])
      #expect(
        Set(failures.flatMap { $0["radiographs"] as? [String] ?? [] }) == [
          "empty.png", "half.png", "missing.png",
        ])
      let near = try #require(report["near_duplicates"] as? [[String: Any]])
      #expect(near.contains { $0["radiographs"] as? [String] == ["good-5.png", "again.png"] })
      let splits = try #require(report["splits"] as? [[String: Any]])
      #expect(splits.map { $0["name"] as? String } == ["test", "train", "val"])
    }

    private func checkPage(_ scratch: Scratch) throws {
      let page = try scratch.text("audit/audit.html")
      #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
      #expect(!page.contains("<b onclick") && !page.contains("<i>") && !page.contains("<script"))
      for name in Self.kinds + [
        "verdicts", "duplicates", "inverted", "undecodable", "headers", "labels", "sample",
      ] {
        #expect(page.contains("id=\"\(name)\""), "\(name)")
      }
      #expect(page.contains("prefers-color-scheme: dark") && page.contains("data:image/png;base64,"))
      for tag in ["section", "table", "figure", "div", "tr", "td", "p"] {
        let opened =
          page.components(separatedBy: "<\(tag)>").count + page.components(separatedBy: "<\(tag) ").count
        #expect(opened - 1 == page.components(separatedBy: "</\(tag)>").count, "\(tag)")
      }
    }

    @Test func leaksThatAreMeant() throws {
      let scratch = try Scratch()
      _ = try Faults(scratch)
      // The test collection is a folder, which names no patients.
      let allow = (["patients-not-known"] + Self.kinds).flatMap { ["--allow", $0] }
      let allowed = try audit(scratch, ["--against", "test"] + allow)
      #expect(allowed.status == 0, "\(allowed.everything)")
      #expect(
        allowed.output.contains("no leak but those that were allowed") && allowed.errors.contains("images/s"))
      let some = try audit(scratch, ["--against", "test"] + allow.dropLast(2))
      #expect(some.status == 1 && some.output.contains("--allow images-shared-with-test"))
      let wrong = try audit(scratch, ["--allow", "patients-shared-by-split"])
      #expect(wrong.status == 2 && wrong.errors.contains("did you mean patients-shared-by-splits"))
    }
  }
}
