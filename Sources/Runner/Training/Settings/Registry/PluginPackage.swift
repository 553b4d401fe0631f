import Console
import Foundation
import PluginHost
import Runs

/// A plugin's package, brought to a library.
package enum PluginPackage {
  /// What builds a package: the one place of its flags. Where there are tests, listing them builds with the flags of
  /// `swift test`; those of `swift build` would compile the core anew whenever one follows the other.
  private static func words(_ folder: String, _ configuration: String) -> [String] {
    let hasTests = access(folder + "/Tests", F_OK) == 0
    return (hasTests ? ["test", "list"] : ["build"]) + ["-c", configuration, "--package-path", folder]
  }

  /// Builds the package in `folder` and finds its one plugin.
  /// - Throws: `PackageError` with the compiler's words, or where the package makes no plugin or several. What an
  ///   earlier build left is not to be used then.
  package static func build(_ folder: String) throws -> String {
    let began = Date().timeIntervalSince1970
    try run(folder, "release")
    let place = try Subprocess.run(
      "swift", ["build", "-c", "release", "--package-path", folder, "--show-bin-path"])
    let products = place.text.trimmingCharacters(in: .whitespacesAndNewlines)
    let libraries = try Folder.names(products).filter {
      $0.hasPrefix("lib") && $0.hasSuffix(".so") && $0 != "libCoreTensor.so"
    }
    guard libraries.count == 1 else {
      throw PackageError(
        description: "\(folder): expected a package with one dynamic library, found "
          + (libraries.isEmpty ? "none" : libraries.joined(separator: ", "))
          + " in \(products); declare one .library(type: .dynamic), or name its file")
    }
    let library = products + "/" + libraries[0]
    PluginSources(library: library)?.confirm(builtAt: began)
    return library
  }

  /// Builds the library of a plugin anew where its sources are newer, and says so on standard error.
  /// - Throws: `PackageError` with the compiler's words. The old library must not be used then.
  package static func update(_ plugin: String, _ sources: PluginSources) throws {
    guard let staleness = sources.staleness else { return }
    let began = Date().timeIntervalSince1970
    ProgressReporter.standardError("plugin \(plugin): \(staleness); building \(sources.package) …\n")
    try run(sources.package, sources.configuration)
    guard access(sources.library, F_OK) == 0 else {
      throw PackageError(
        description: "plugin \(plugin): expected that building \(sources.package) makes \(sources.library), "
          + "found no such file; correct library in plugins.toml, or the product's name in Package.swift")
    }
    sources.confirm(builtAt: began)
  }

  private static func run(_ folder: String, _ configuration: String) throws {
    let words = words(folder, configuration)
    let built = try Subprocess.run("swift", words)
    guard built.status == 0 else {
      throw PackageError(
        description: "\(folder): the package does not build, and a library of older sources is not used; "
          + "swift \(words.joined(separator: " ")) says:\n"
          + built.text.split(separator: "\n").suffix(40).joined(separator: "\n"))
    }
  }
}

/// A package that gives no plugin.
package struct PackageError: Error, CustomStringConvertible {
  package let description: String
  package init(description: String) { self.description = description }
}

/// A program that is run to its end.
enum Subprocess {
  /// - Returns: the exit status, and standard output and errors as they came.
  static func run(_ program: String, _ words: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + words
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}
