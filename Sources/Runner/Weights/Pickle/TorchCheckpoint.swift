import Foundation
import Runs
import WorldModel

/// A checkpoint of `torch.save`: a zip archive of `NAME/data.pkl`, which says what there is, and `NAME/data/KEY`, the
/// numbers. Opening it reads the first alone.
final class TorchCheckpoint {
  let path: String
  let root: PickleValue
  let heap: PickleHeap
  let archive: ZipArchive
  /// Folder of the archive that all entries lie in, with its slash.
  private let folder: String

  /// - Throws: `WeightsFileError`, `StorageError`.
  init(path: String) throws {
    self.path = path
    let archive = try ZipArchive(path: path)
    self.archive = archive
    folder = try Self.folder(archive)
    let folder = folder
    if archive.entries[folder + "byteorder"] != nil {
      let order = try archive.bytes(of: folder + "byteorder", limit: 64)
      guard order.elementsEqual("little".utf8) else {
        throw WeightsFileError(
          path, "byteorder",
          "was saved on a machine of another byte order; save it again on a little-endian one")
      }
    }
    let pickle = try archive.bytes(of: folder + "data.pkl", limit: PickleLimits.bytes)
    var machine = PickleMachine(pickle) { key, type, count in
      let isPlain = !key.isEmpty && key.utf8.allSatisfy { (0x30...0x39).contains($0) }
      guard isPlain, let entry = archive.entries[folder + "data/" + key] else {
        throw PickleProblem(
          "refers to the storage \(JsonText.quoted(PickleCallable.printable(key))), which is not there")
      }
      let (bytes, overflow) = count.multipliedReportingOverflow(by: type.size)
      guard count >= 0, !overflow, bytes == entry.size else {
        throw PickleProblem(
          "says that storage \(key) holds \(count) × \(type.rawValue); it has \(entry.size) bytes")
      }
      return TorchStorage(key: key, elementType: type, count: count)
    }
    do { root = try machine.run() } catch let problem as PickleProblem {
      throw WeightsFileError(path, machine.whereabouts, problem.text)
    }
    heap = machine.heap
  }

  private static func folder(_ archive: ZipArchive) throws -> String {
    let pickles = archive.entries.keys.filter { $0 == "data.pkl" || $0.hasSuffix("/data.pkl") }
      .filter { $0.split(separator: "/").count <= 2 }.sorted()
    guard pickles.count == 1 else {
      throw WeightsFileError(
        archive.path, nil,
        pickles.isEmpty
          ? "is a zip archive without data.pkl, so not what torch.save writes"
          : "holds \(pickles.count) data.pkl; torch.save writes one")
    }
    let folder = String(pickles[0].dropLast("data.pkl".count))
    guard archive.entries[folder + "constants.pkl"] == nil else {
      throw WeightsFileError(
        archive.path, nil,
        "is a TorchScript program, not weights; save them in Python: torch.save(model.state_dict(), path)")
    }
    return folder
  }

  /// A tensor's bytes, row-major.
  func bytes(of tensor: TorchTensor) throws -> [UInt8] {
    let size = tensor.storage.elementType.size
    guard tensor.count > 0 else { return [] }
    let entry = try archive.entry(folder + "data/" + tensor.storage.key)
    let last = zip(tensor.shape, tensor.strides).reduce(tensor.offset) { $0 + ($1.0 - 1) * $1.1 }
    let span = try archive.bytes(of: entry, tensor.offset * size..<(last + 1) * size)
    if Self.isContiguous(tensor) { return span }
    var result = [UInt8](repeating: 0, count: tensor.count * size)
    var index = [Int](repeating: 0, count: tensor.shape.count)
    var source = 0
    for element in 0..<tensor.count {
      for byte in 0..<size { result[element * size + byte] = span[source * size + byte] }
      for axis in index.indices.reversed() {
        index[axis] += 1
        source += tensor.strides[axis]
        if index[axis] < tensor.shape[axis] { break }
        source -= index[axis] * tensor.strides[axis]
        index[axis] = 0
      }
    }
    return result
  }

  private static func isContiguous(_ tensor: TorchTensor) -> Bool {
    var expected = 1
    for (size, stride) in zip(tensor.shape, tensor.strides).reversed() {
      if size != 1 && stride != expected { return false }
      expected *= size
    }
    return true
  }
}
