import Foundation
import Imaging
import Radiographs
import Runs

/// Writes the folder of a run by hand, as training and an evaluation leave it.
struct RunFolderMaker {
  let folder: TemporaryFolder
  var name = "run"
  var steps = 60
  var learningRate = "0.0003"
  /// What stands wherever a file may hold a text of its own.
  var text = "plain"

  var path: String { folder.path + "/" + name }
  static let evaluation = "evaluations/trial"

  func write(_ content: String, _ file: String) throws {
    try content.write(toFile: path + "/" + file, atomically: true, encoding: .utf8)
  }

  /// - Parameter isFinished: whether the run came to its end.
  func make(isFinished: Bool = true) throws {
    try FileManager.default.createDirectory(
      atPath: path + "/" + Self.evaluation, withIntermediateDirectories: true)
    let quoted = JsonText.quoted(text)
    try write(
      """
      [run]
      seed = 0               # from default
      tasks = ["one", \(quoted)]  # from --tasks
      [model]
      width = 128            # from preset quick
      [training]
      learning_rate = \(learningRate)  # from --learning-rate
      [data]
      source = [\(quoted)]  # from --set

      """, "config.toml")
    try write(
      """
      {"runner": "0.4.0", "core": "abcdef", "precision": "f32", "instructions": "avx2", "device": "cpu",
       "registry": "/somewhere/plugins.toml", "plugins": [{"name": \(quoted), "version": "1.0.0", "library": \(quoted)}]}
      """, "versions.json")
    try write(
      """
      2026-01-01T00:00:00Z  command: chex-runner --out run '\(text)'
      2026-01-01T00:00:00Z  machine: a machine, 2 cores to use
      2026-01-01T00:00:00Z  list of radiographs: 0123456789abcdef
      2026-01-01T00:00:00Z  run: \(text)
      2026-01-01T00:00:00Z  radiographs: \(text), 400 radiographs
      2026-01-01T00:00:01Z  warning: \(text)
      2026-01-01T00:00:01Z  model: 128 × 4, 1021248 trained parameters; 60 steps of 16 radiographs, 2 threads

      """, "run.log")
    try write(
      (1...steps).map { step in
        "{\"step\":\(step),\"loss\":\(1.0 / Double(step)),\"z11\":\(0.5 / Double(step)),\"patches.z11\":25,"
          + "\"gradient_norm\":\(2.0 / Double(step)),\"learning_rate\":0.001,\"ema_decay\":0.99,"
          + "\"images_per_second\":30.5,\"data_wait_share\":0.01,\(quoted):0.25}\n"
      }.joined(), "metrics.jsonl")
    try write(text + ": no image\n", "skipped.txt")
    try picture("batch.png")
    if isFinished { try write(summary, "summary.json") }
    try write(metrics, Self.evaluation + "/metrics.json")
    try write("2026-01-01T00:00:00Z  \(text)\n", Self.evaluation + "/evaluation.log")
    try picture(Self.evaluation + "/sheet.png")
  }

  func picture(_ file: String) throws {
    try PngWriter.write(GrayImage(width: 12, height: 7, fill: 0.5), to: path + "/" + file)
  }

  private var summary: String {
    let findings =
      "[{\"name\": \(JsonText.quoted(text)), \"areaUnderCurve\": 0.75, \"positives\": 9, \"radiographs\": 50}]"
    let report =
      "{\"step\": \(steps), \"diagnostics\": {\"deviation\": 0.12, \"rank\": 18.5, \"radiographs\": 50}, \"isCollapsed\": false, "
      + "\"probe\": {\"findings\": \(findings), \"trainRadiographs\": 100, \"testRadiographs\": 50}}"
    return "{\"steps\": \(steps), \"firstLoss\": 0.9, \"lastLoss\": 0.125, \"imagesPerSecond\": 30.5, "
      + "\"dataWaitShare\": 0.01, \"taskSeconds\": {}, \"trained\": \(report), \"randomEncoder\": \(report)}"
  }

  private var metrics: String {
    let quoted = JsonText.quoted(text)
    return
      "{\"evaluation\": \(quoted), \"step\": 60, \"source\": \(quoted), \"train_images\": 10, \"validation_images\": 0, "
      + "\"test_images\": 20, \"summary\": \"AUROC, whole\", \"notes\": [\(quoted)], \"run\": \"run\", \"metrics\": ["
      + "{\"name\": \"AUROC\", \"subject\": \"whole\", \"unit\": \"\", \"trained\": {\"value\": 0.8125, \"low\": 0.75, \"high\": 0.875}}, "
      + "{\"name\": \(quoted), \"class\": \(quoted), \"unit\": \(quoted), \"trained\": {\"value\": 3}}]}"
  }
}
