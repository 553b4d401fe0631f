import Films
import Foundation
import Imaging
import PluginHost
import Runs
import WorldModel

extension Command {
  /// Writes phantom films with their ground truth.
  static let phantom = Command(
    name: "phantom", summary: "Write phantom chest films as PNG, with masks, labels and landmarks",
    options: [
      CommandOption("--count", .value("N"), help: "Films; default 64."),
      CommandOption("--size", .value("PIXELS"), help: "Side of a film; default as the plugin has it."),
      CommandOption("--seed", .value("N"), help: "Default 0."),
      CommandOption("--out", aliases: ["-o"], .value("DIR"), help: "A new or empty folder. Required."),
      .plugins,
    ],
    examples: [CommandExample("chex-runner phantom --count 64 --out phantoms", "64 films to look at")],
    run: { arguments in
      guard let out = arguments.value("--out") else { throw UsageError("phantom: --out DIR is required") }
      let count = try arguments.integer("--count", in: 1...1_000_000) ?? 64
      let seed = try arguments.integer("--seed", in: 0...Int(Int32.max)) ?? 0
      let manifest = try PluginManifest(path: PluginsFile.locate(given: arguments.value("--plugins")))
      let plugin = try PluginHost(manifest: manifest).loadCurrent(["phantom"])[0]
      guard case .data(let definition) = plugin.definition else {
        throw UsageError("phantom: the plugin of that name in \(manifest.path) is no data source")
      }
      var given = plugin.given.mapValues(\.value)
      given["films"] = .integer(count)
      if let size = try arguments.integer("--size", in: 64...1024) { given["size"] = .integer(size) }
      let source = try definition.make(Options(definition.options, given: given), UInt64(seed))
      try PhantomExport(source: source, folder: out).run()
      Output.print("\(count) films in \(out): films/, masks/, labels.csv, landmarks.csv")
      return 0
    })
}

/// Writes every film of a source with what is known of it.
struct PhantomExport {
  let source: any FilmSource
  let folder: String

  func run() throws {
    try Folder.fill(folder, refusal: { StorageError.folderNotEmpty(path: folder, isRun: false) }, write)
  }

  private func write() throws {
    for name in ["films", "masks"] { try Folder.create("\(folder)/\(name)") }
    var labels = "file,patient_id,labels\n"
    var landmarks = "file,landmark,row,column\n"
    for (index, record) in source.records.enumerated() {
      let name = record.identifier.map { $0.isLetter || $0.isNumber || $0 == "-" ? String($0) : "_" }.joined()
      try PngWriter.write(try source.film(at: index), to: "\(folder)/films/\(name).png")
      labels +=
        "films/\(name).png,\(record.patient ?? ""),\(record.findings.sorted().joined(separator: "|"))\n"
      guard let truth = try source.truth(at: index) else { continue }
      for (mask, image) in truth.masks.sorted(by: { $0.key < $1.key }) {
        try PngWriter.write(image, to: "\(folder)/masks/\(name)-\(mask).png")
      }
      for (landmark, place) in truth.landmarks.sorted(by: { $0.key < $1.key }) {
        landmarks +=
          "films/\(name).png,\(landmark),"
          + String(format: "%.2f,%.2f\n", place.row, place.column)
      }
    }
    try DurableFile.write(labels, to: folder + "/labels.csv")
    try DurableFile.write(landmarks, to: folder + "/landmarks.csv")
  }
}
