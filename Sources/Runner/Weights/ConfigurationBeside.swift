import Foundation
import Runs
import WorldModel

/// What stands beside a file of weights.
enum ConfigurationBeside {
  /// The numbers in `config.json` beside safetensors, as other projects write one, by dotted names.
  static func numbers(of path: String) -> [WeightsRemark] {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    guard path.hasSuffix(".safetensors") || ShardedSafetensors.isIndex(path),
      let descriptor = try? FileDescriptor(
        "open", folder.appendingPathComponent("config.json").path, flags: O_RDONLY | O_NONBLOCK),
      let size = try? descriptor.regularFileSize(), size > 0, size <= 1 << 20
    else { return [] }
    var bytes = [UInt8](repeating: 0, count: size)
    guard (try? bytes.withUnsafeMutableBytes { try descriptor.read(into: $0, at: 0) }) != nil,
      let root = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    else { return [] }
    return numbers(in: root, under: "")
  }

  private static func numbers(in object: [String: Any], under prefix: String) -> [WeightsRemark] {
    object.sorted { $0.key < $1.key }.flatMap { key, value -> [WeightsRemark] in
      if let inner = value as? [String: Any] { return numbers(in: inner, under: prefix + key + ".") }
      let text = (value as? Int).map { "\($0)" } ?? (value as? Double).map { "\($0)" }
      return text.map { [WeightsRemark(name: prefix + key, text: $0)] } ?? []
    }
  }
}
