import Foundation
import Runs
import WorldModel

/// A model in several files of safetensors, by their index: `model.safetensors.index.json`, which says in `weight_map` which
/// file has a tensor.
struct ShardedSafetensors {
  private let files: [SafetensorsFile]
  /// By tensor, in the order of names.
  private let places: [(name: String, file: Int)]
  /// Bytes of all files.
  let size: Int

  static func isIndex(_ path: String) -> Bool { path.hasSuffix(".index.json") }

  /// - Throws: `WeightsFileError` where the index is none, names a file outside its folder, or a tensor that the file has
  ///   not; `StorageError` where a file cannot be read.
  init(index path: String) throws {
    let descriptor = try FileDescriptor("open", path, flags: O_RDONLY)
    let length = try descriptor.regularFileSize()
    guard length <= 64 << 20 else {
      throw WeightsFileError(path, nil, "expected an index of 64 MiB at most, found \(length) bytes")
    }
    var bytes = [UInt8](repeating: 0, count: length)
    try bytes.withUnsafeMutableBytes { try descriptor.read(into: $0, at: 0) }
    guard let root = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any],
      let map = root["weight_map"] as? [String: String], !map.isEmpty
    else {
      throw WeightsFileError(
        path, nil,
        "expected JSON with a \"weight_map\" from tensors to files, found other text; give NAME.safetensors.index.json as it was published"
      )
    }
    let names = Set(map.values).sorted()
    if let odd = names.first(where: { $0.isEmpty || $0.contains("/") || $0.hasPrefix(".") }) {
      throw WeightsFileError(
        path, "weight_map",
        "expected files beside the index, found \"\(odd)\"; put the files beside the index and name them so")
    }
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    files = try names.map { try SafetensorsFile(path: folder.appendingPathComponent($0).path) }
    size = try names.reduce(0) {
      try $0
        + FileDescriptor("open", folder.appendingPathComponent($1).path, flags: O_RDONLY).regularFileSize()
    }
    places = map.sorted { $0.key < $1.key }.map { ($0.key, names.firstIndex(of: $0.value)!) }
    for (name, file) in places where !files[file].names.contains(name) {
      throw WeightsFileError(
        path, name,
        "expected this tensor in \(names[file]), as the index says, found none; take index and files of one publication"
      )
    }
  }

  /// - Throws: `StorageError`.
  func tensors() throws -> [WeightsTensor] {
    try places.enumerated().map { index, place in
      let tensor = try files[place.file].tensor(named: place.name)
      return WeightsTensor([place.name], tensor.elementType, tensor.shape, index: index)
    }
  }

  func floats(of tensor: WeightsTensor) throws -> [Float] {
    let place = places[tensor.index]
    return try files[place.file].floats(named: place.name)
  }
}
