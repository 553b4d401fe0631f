import Foundation

/// Where `swift build` put the libraries, told by where this process has its core from.
public enum BuildFolder {
  /// - Throws: where a library is missing; tests must fail then, never skip.
  public static func library(_ name: String) throws -> String {
    let path = try folder() + "/lib\(name).so"
    guard FileManager.default.fileExists(atPath: path) else {
      throw MissingLibrary(
        description: "no \(path): run 'swift build' with this configuration before the tests")
    }
    return path
  }

  public static func folder() throws -> String {
    URL(fileURLWithPath: try loadedFile("libCoreTensor.so")).deletingLastPathComponent().path
  }

  /// The file that this process has a library from.
  public static func loadedFile(_ prefix: String) throws -> String {
    // Foundation stops after the first page of a file that states no size.
    var maps = Data()
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/maps"))
    while let more = try file.read(upToCount: 4096), !more.isEmpty { maps += more }
    let paths: [String] = String(decoding: maps, as: UTF8.self).split(separator: "\n").compactMap { line in
      line.firstIndex(of: "/").map { String(line[$0...]) }
    }
    guard let path = paths.first(where: { $0.contains("/" + prefix) }) else {
      throw MissingLibrary(description: "this process has no \(prefix), with which its tests must be linked")
    }
    return path
  }

  /// The root of the repository.
  public static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The folder beside the repository, with golden cases and real radiographs where one has them.
  public static let shared = URL(fileURLWithPath: repository).deletingLastPathComponent().path + "/shared"

  public struct MissingLibrary: Error, CustomStringConvertible { public let description: String }
}
