import CTorch
import CoreTensor
import Foundation

/// The library that `make torch` builds: a thin table of functions before libtorch.
///
/// It is opened when a device is first asked for, and by itself: libtorch has functions named as those of the matrix
/// library that the core uses, and neither may find the other's.
package final class TorchLibrary: @unchecked Sendable {
  package static let fileName = "libCheXTorch.so"
  /// A variable of the environment that names the library.
  package static let variable = "CHEX_TORCH_LIBRARY"
  package static let remedy =
    "run make torch in the checkout, which takes the PyTorch of TORCH_HOME or of python3, or installs one "
    + "(docs/devices.md)"

  package let file: String
  private let pointer: UnsafePointer<chex_torch_table>
  private let handle: UnsafeMutableRawPointer
  package var table: chex_torch_table {
    @inline(__always) _read { yield pointer.pointee }
  }
  /// Of libtorch, as it runs.
  package var version: String { String(cString: table.runningVersion) }

  private static let lock = NSLock()
  private nonisolated(unsafe) static var opened: TorchLibrary?

  /// The one of this process, opened where it is not yet.
  /// - Throws: `TorchError` that says what is missing and what to do.
  package static func shared() throws -> TorchLibrary {
    try lock.withLock {
      if let opened { return opened }
      let library = try TorchLibrary(
        file: locate(
          environment: ProcessInfo.processInfo.environment,
          ownFile: chex_torch_own_file().map { String(cString: $0) }))
      opened = library
      return library
    }
  }

  /// - Throws: `TorchError`.
  package init(file: String) throws {
    guard let handle = chex_torch_load(file) else {
      throw TorchError(
        "\(file) cannot be loaded: \(Self.lastError); where PyTorch moved or changed, \(Self.remedy)")
    }
    guard let entry = dlsym(handle, CHEX_TORCH_ENTRY) else {
      throw TorchError(
        "\(file): expected a library that make torch built, found one without \(CHEX_TORCH_ENTRY)")
    }
    pointer = chex_torch_table_of(entry)
    self.handle = handle
    self.file = file
    // The number first: what follows it in a table of another number may be anything.
    try Self.check(abi: pointer.pointee.abi, file: file)
    try Self.check(
      compiled: String(cString: pointer.pointee.compiledVersion),
      running: String(cString: pointer.pointee.runningVersion), file: file)
  }

  private static var lastError: String { dlerror().map { String(cString: $0) } ?? "no reason given" }

  /// Refuses a library of another boundary.
  package static func check(abi: Int32, file: String) throws {
    guard abi == CHEX_TORCH_ABI else {
      throw TorchError(
        "\(file): expected version \(CHEX_TORCH_ABI) of the boundary, found \(abi), of an older or newer "
          + "checkout; \(remedy)")
    }
  }

  /// Refuses a library that was compiled for another libtorch.
  package static func check(compiled: String, running: String, file: String) throws {
    guard number(compiled) == number(running) else {
      throw TorchError(
        "\(file): expected libtorch \(compiled), for which it was compiled, found \(running); \(remedy)")
    }
  }

  /// A version without what follows its numbers: "2.13.0" of "2.13.0+cpu".
  private static func number(_ version: String) -> Substring { version.prefix { $0.isNumber || $0 == "." } }

  /// The library's file: that of the environment, else beside the plugin, in `../lib` from there, or in the build folder
  /// that the plugin lies in.
  /// - Parameters:
  ///   - environment: of the process.
  ///   - ownFile: the plugin's library.
  package static func locate(environment: [String: String], ownFile: String?) throws -> String {
    if let given = environment[variable], !given.isEmpty {
      guard FileManager.default.fileExists(atPath: given) else {
        throw TorchError("\(variable): expected the library's file, found nothing at \(given)")
      }
      return given
    }
    let places = places(ownFile: ownFile)
    guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw TorchError(
        "\(fileName), which connects PyTorch, is not built: it is at none of "
          + "\(places.joined(separator: ", ")); \(remedy), or name it by \(variable)")
    }
    return found
  }

  private static func places(ownFile: String?) -> [String] {
    guard let ownFile else { return [] }
    let own = URL(fileURLWithPath: ownFile).resolvingSymlinksInPath().deletingLastPathComponent()
    var places = [own, own.appendingPathComponent("../lib").standardizedFileURL]
    let parts = own.pathComponents
    if let build = parts.lastIndex(of: ".build") {
      let folder = NSString.path(withComponents: Array(parts[...build]))
      places.append(URL(fileURLWithPath: folder).appendingPathComponent("torch"))
    }
    return places.map { $0.appendingPathComponent(fileName).path }
  }

  /// Devices that libtorch sees: "cpu", "cuda:0".
  package func places() throws -> [String] {
    var names: UnsafeMutablePointer<CChar>?
    try Self.check(table.devices(&names))
    defer { free(names) }
    return names.map { String(cString: $0).split(separator: "\n").map(String.init) } ?? []
  }

  /// What joins processes.
  /// - Throws: `TorchError` where the library was built before there was such a thing.
  package func groups() throws -> chex_torch_group_table {
    guard let entry = dlsym(handle, CHEX_TORCH_GROUP_ENTRY), let table = chex_torch_group_table_of(entry)
    else {
      throw TorchError("\(file): expected a library that joins processes, found an older one; \(Self.remedy)")
    }
    guard table.pointee.abi == CHEX_TORCH_GROUP_ABI else {
      throw TorchError(
        "\(file): expected version \(CHEX_TORCH_GROUP_ABI) of what joins processes, found \(table.pointee.abi); "
          + Self.remedy)
    }
    return table.pointee
  }

  /// Throws what a call says went wrong.
  package static func check(_ outcome: chex_torch_outcome) throws {
    guard let error = outcome.error else { return }
    defer { free(error) }
    throw TorchError(String(cString: error))
  }
}

/// Why libtorch is not there, or not as it must be.
package struct TorchError: Error, CustomStringConvertible, Equatable {
  package let description: String
  package init(_ description: String) { self.description = description }
}
