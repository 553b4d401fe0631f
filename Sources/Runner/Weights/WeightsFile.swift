import CoreTensor
import Foundation
import Runs
import WorldModel

/// A file of weights of any kind that is read: PyTorch's zip checkpoints and safetensors.
package final class WeightsFile: WeightsContents {
  private enum Contents {
    /// With the views, in the order of `tensors`.
    case torch(TorchCheckpoint, [TorchTensor])
    case safetensors(SafetensorsFile)
    case shards(ShardedSafetensors)
  }

  package let path: String
  /// `"PyTorch zip"` or `"safetensors"`.
  package let format: String
  /// In the file's order.
  package let tensors: [WeightsTensor]
  package let remarks: [WeightsRemark]
  package private(set) lazy var configuration = ConfigurationBeside.numbers(of: path)
  /// Bytes of the file.
  package let size: Int
  private let contents: Contents

  /// - Throws: `WeightsFileError` or `StorageError` that says what the file is instead, or what is wrong with it.
  /// - Parameter given: of the file, or of a folder as model hubs and `weights export` have it.
  package init(path given: String) throws {
    path = try Self.file(given)
    if ShardedSafetensors.isIndex(path) {
      let shards = try ShardedSafetensors(index: path)
      (size, tensors, remarks) = (shards.size, try shards.tensors(), [])
      (format, contents) = ("safetensors in several files", .shards(shards))
      return
    }
    if let shard = Self.shard(path) { throw WeightsFileError(path, nil, shard) }
    let descriptor = try FileDescriptor("open", path, flags: O_RDONLY)
    size = try descriptor.regularFileSize()
    var head = [UInt8](repeating: 0, count: min(size, 512))
    if !head.isEmpty { try head.withUnsafeMutableBytes { try descriptor.read(into: $0, at: 0) } }
    if head.starts(with: [0x50, 0x4b, 3, 4]) {
      let checkpoint = try TorchCheckpoint(path: path)
      let tree = try WeightsTree(checkpoint)
      (format, tensors, remarks) = ("PyTorch zip", tree.tensors, tree.remarks)
      contents = .torch(checkpoint, tree.views)
    } else {
      if let kind = Self.foreign(head) { throw WeightsFileError(path, nil, kind) }
      let file = try SafetensorsFile(path: path)
      tensors = try file.names.enumerated().map { index, name in
        let tensor = try file.tensor(named: name)
        return WeightsTensor([name], tensor.elementType, tensor.shape, index: index)
      }
      remarks = file.metadata.sorted { $0.key < $1.key }.map { WeightsRemark(name: $0.key, text: $0.value) }
      format = "safetensors"
      contents = .safetensors(file)
    }
  }

  /// The file that a folder's weights are in; any other path as it is.
  private static func file(_ path: String) throws -> String {
    guard Folder.exists(path) else { return path }
    let names = ["model.safetensors", "model.safetensors.index.json"]
    if let own = names.map({ "\(path)/" + $0 }).first(where: { (file: String) in access(file, F_OK) == 0 }) {
      return own
    }
    throw WeightsFileError(
      path, nil, "is a folder without \(names.joined(separator: " or ")); give a file of weights")
  }

  /// Says so where a file is a part of a model in several; nil for any other.
  private static func shard(_ path: String) -> String? {
    let remedy = "give the index beside it, NAME.safetensors.index.json"
    let name = Folder.name(of: path)
    guard let range = name.range(of: "-[0-9]+-of-[0-9]+\\.", options: .regularExpression) else { return nil }
    let count = name[range].split(separator: "-").last?.dropLast() ?? ""
    return Int(count) == 1 ? nil : "is one of \(count) files of a model; \(remedy)"
  }

  /// What a file is that is neither of the two; nil where it may be safetensors.
  private static func foreign(_ head: [UInt8]) -> String? {
    let text = String(decoding: head.prefix(64), as: UTF8.self).lowercased()
    let remedy =
      "load it in Python with torch.load and save it again with torch 1.6 or newer: torch.save({\"model\": state_dict}, path)"
    if head.isEmpty { return "is empty" }
    if head.starts(with: [0x80]), head.count > 2, (2...5).contains(head[1]), head[2] != 0 {
      return "is a pickle, as torch.save wrote before version 1.6; \(remedy)"
    }
    if head.count > 262, head[257..<262].elementsEqual("ustar".utf8) {
      return "is a tar archive, as torch.save wrote before version 0.4, or one of other files; \(remedy)"
    }
    if head.starts(with: [0x1f, 0x8b]) { return "is packed by gzip; unpack it first: gunzip FILE" }
    if head.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      return "is an HDF5 file; expected PyTorch's zip or safetensors"
    }
    if text.hasPrefix("version https://git-lfs") {
      return "is a pointer of Git LFS, not the file itself; fetch it: git lfs pull"
    }
    if text.hasPrefix("<!doctype") || text.hasPrefix("<html") {
      return "is a web page, not weights; download the file itself"
    }
    return nil
  }

  /// A tensor's values as float32, row-major; F64 is rounded.
  /// - Throws: where it holds no floating-point numbers, or not a number among them.
  package func floats(of tensor: WeightsTensor) throws -> [Float] {
    let values: [Float]
    switch contents {
    case .torch(let checkpoint, let views):
      require(views.indices ~= tensor.index, "WeightsFile: \(tensor.name) is of another file")
      let view = views[tensor.index]
      values = try floats(try checkpoint.bytes(of: view), view.storage.elementType, tensor)
    case .safetensors(let file): values = try file.floats(named: tensor.name)
    case .shards(let files): values = try files.floats(of: tensor)
    }
    if let broken = values.first(where: { !$0.isFinite }) {
      throw WeightsFileError(path, tensor.name, "holds \(broken); weights must be finite numbers")
    }
    return values
  }

  private func floats(
    _ bytes: [UInt8], _ type: SafetensorsType, _ tensor: WeightsTensor
  ) throws -> [Float] {
    func numbers<Number: BitwiseCopyable>(_ convert: (Number) -> Float) -> [Float] {
      bytes.withUnsafeBytes { raw in
        (0..<raw.count / MemoryLayout<Number>.size).map {
          convert(raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Number>.size, as: Number.self))
        }
      }
    }
    switch type {
    case .float32: return numbers { (value: Float) in value }
    case .float64: return numbers { (value: Double) in Float(value) }
    case .float16: return numbers { (bits: UInt16) in Float(Float16(bitPattern: bits)) }
    case .bfloat16: return numbers { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    default:
      throw WeightsFileError(
        path, tensor.name,
        "expected floating-point numbers, found \(tensor.type) \(tensor.shape)")
    }
  }

  /// Reads everything and compares checksums.
  /// - Returns: false where the file carries none.
  package func verify() throws -> Bool {
    guard case .torch(let checkpoint, _) = contents else { return false }
    for entry in checkpoint.archive.entries.values { try checkpoint.archive.verify(entry) }
    return checkpoint.archive.hasChecksums
  }
}

extension WeightsTensor {
  init(_ path: [String], _ type: SafetensorsType, _ shape: [Int], index: Int) {
    self.init(
      path: path, type: type.rawValue, shape: shape,
      byteCount: shape.contains(0) ? 0 : shape.reduce(type.size, *), index: index)
  }
}

/// A checkpoint's values in the order in which they stand, each with the keys that lead to it.
private struct WeightsTree {
  private static let deepest = 32
  private static let most = 1 << 20
  private static let longestText = 200

  private(set) var tensors: [WeightsTensor] = []
  private(set) var views: [TorchTensor] = []
  private(set) var remarks: [WeightsRemark] = []
  private let checkpoint: TorchCheckpoint
  private var visited = 0

  init(_ checkpoint: TorchCheckpoint) throws {
    self.checkpoint = checkpoint
    try visit(checkpoint.root, [])
  }

  private mutating func visit(_ value: PickleValue, _ path: [String]) throws {
    visited += 1 + (checkpoint.heap.object(value)?.items.count ?? 0)
    guard visited <= Self.most, path.count <= Self.deepest else {
      throw WeightsFileError(
        checkpoint.path, path.prefix(3).joined(separator: "."),
        "holds more than \(Self.most) values, or values nested deeper than \(Self.deepest), or a container in itself"
      )
    }
    if case .tensor(let view) = value {
      tensors.append(
        WeightsTensor(path, view.storage.elementType, view.shape, index: tensors.count))
      views.append(view)
      return
    }
    guard let object = checkpoint.heap.object(value),
      object.items.contains(where: isDeep) || !object.keys.isEmpty
    else {
      remarks.append(WeightsRemark(name: path.joined(separator: "."), text: text(value)))
      return
    }
    for (index, item) in object.items.enumerated() {
      try visit(item, path + [object.keys.isEmpty ? "\(index)" : text(object.keys[index])])
    }
  }

  private func isDeep(_ value: PickleValue) -> Bool {
    switch value {
    case .tensor, .object: true
    default: false
    }
  }

  /// A value in a few words.
  private func text(_ value: PickleValue) -> String {
    switch value {
    case .none: return "None"
    case .boolean(let value): return value ? "True" : "False"
    case .integer(let value): return "\(value)"
    case .number(let value): return "\(value)"
    case .text(let value): return String(value.prefix(Self.longestText))
    case .bytes(let bytes): return "\(bytes.count) bytes"
    case .storage, .callable, .tensor: return value.kind
    case .object:
      guard let object = checkpoint.heap.object(value) else { return "" }
      let shown = object.items.prefix(16).map { isDeep($0) ? "…" : text($0) }
      let rest = object.items.count > 16 ? ", … \(object.items.count) in all" : ""
      return String(("[" + shown.joined(separator: ", ") + rest + "]").prefix(2 * Self.longestText))
    }
  }
}
