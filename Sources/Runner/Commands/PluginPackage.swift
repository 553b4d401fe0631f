import Foundation

/// A plugin as the user names it, brought to a library: a library's file, a package that is built, or a name of the
/// registry.
enum PluginPackage {
  /// Builds the package in `folder` and finds its one plugin.
  /// - Throws: `PackageError` with the compiler's words, or where the package makes no plugin or several.
  static func build(_ folder: String) throws -> String {
    let words = ["build", "-c", "release", "--package-path", folder]
    let built = try Subprocess.run("swift", words)
    guard built.status == 0 else {
      throw PackageError(
        description: "\(folder): the package does not build; swift \(words.joined(separator: " ")) says:\n"
          + built.text.split(separator: "\n").suffix(40).joined(separator: "\n"))
    }
    let place = try Subprocess.run("swift", words + ["--show-bin-path"])
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
    return products + "/" + libraries[0]
  }
}

/// A package that gives no plugin.
struct PackageError: Error, CustomStringConvertible { let description: String }

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
