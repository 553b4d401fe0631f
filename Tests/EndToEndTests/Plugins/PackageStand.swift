import Foundation
import Testing

/// A plugin's package whose `swift build` is a script: it copies a library that was built before, or fails where the
/// source says `broken`. What the program does about builds is tested, not the compiler.
struct PackageStand {
  static let source = "trap/Sources/TrapTask/TrapTask.swift"
  static let library = "trap/.build/release/libTrapTask.so"
  let scratch = try! Scratch()

  /// A package `trap`, built, registered in `plugins.toml` of the working folder beside the repository's plugins, whose
  /// libraries lie beside the program.
  init(options: String = "", registered library: String = Self.library) throws {
    let built = try Repository.library("TrapTask")
    try scratch.write(Data("// swift-tools-version: 6.2\n".utf8), "trap/Package.swift")
    try scratch.write(Data("struct TrapTask {}\n".utf8), Self.source)
    try scratch.write(Data(contentsOf: URL(fileURLWithPath: built)), Self.library)
    let script = """
      #!/bin/sh
      case "$*" in *--show-bin-path*) echo "$STAND/trap/.build/release"; exit 0 ;; esac
      echo "$*" >>"$STAND/builds"
      if grep -q broken "$STAND/\(Self.source)"; then echo "error: cannot find 'broken' in scope"; exit 1; fi
      mkdir -p "$STAND/trap/.build/release"
      cp "\(built)" "$STAND/\(Self.library)"

      """
    try scratch.write(Data(script.utf8), "bin/swift")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scratch.path + "/bin/swift")
    let table =
      "\n[[plugin]]\nname = \"trap\"\nkind = \"task\"\nlibrary = \"\(library)\"\nenabled = false\n" + options
    let registry = try String(contentsOfFile: Repository.plugins, encoding: .utf8)
    try scratch.write(Data((registry + table).utf8), "plugins.toml")
    try age(Self.source, by: 60)
    try age("trap/Package.swift", by: 60)
    for folder in ["trap/Sources", "trap/Sources/TrapTask"] { try age(folder, by: 60) }
  }

  /// Makes a file or folder so many seconds older.
  func age(_ name: String, by seconds: Double) throws {
    let path = scratch.path + "/" + name
    let then = Date().addingTimeInterval(-seconds)
    try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: path)
  }

  /// Changes the source, which is newer than the library from then on.
  func edit(_ text: String) throws {
    try scratch.write(Data(text.utf8), Self.source)
    try age(Self.source, by: -1)
  }

  func run(_ words: [String]) throws -> RunnerProcess.Outcome {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return try scratch.run(
      words, environment: ["PATH": "\(scratch.path)/bin:\(path)", "STAND": scratch.path])
  }

  /// Settings of a small run, with the registry of the working folder.
  func pretrain(_ words: [String]) throws -> RunnerProcess.Outcome {
    try run(["pretrain", "--batch", "4"] + Scratch.small.dropLast(2) + words)
  }

  /// How often a package was built.
  var builds: Int { (try? scratch.text("builds"))?.split(separator: "\n").count ?? 0 }
}
