import Foundation
import Testing

@testable import PluginHost

/// Which package a library was built in, and whether that has changed since.
@Suite struct PluginSourcesTests {
  /// A package in `folder/scale` whose library was built now and whose sources are a minute older.
  private func withPackage(_ body: (_ package: String, _ library: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let package = folder + "/scale"
      for name in ["Package.swift", "Sources/Scale/Scale.swift", "Tests/ScaleTests/T.swift", "README.md"] {
        try write(package + "/" + name)
      }
      try write(package + "/.build/x86_64-unknown-linux-gnu/release/libScale.so")
      try FileManager.default.createSymbolicLink(
        atPath: package + "/.build/release", withDestinationPath: "x86_64-unknown-linux-gnu/release")
      for name in ["Package.swift", "Sources/Scale/Scale.swift", "Sources/Scale", "Sources"] {
        try touch(package + "/" + name, ago: 60)
      }
      try body(package, package + "/.build/x86_64-unknown-linux-gnu/release/libScale.so")
    }
  }

  private func write(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data("x".utf8).write(to: URL(fileURLWithPath: path))
  }

  private func touch(_ path: String, ago seconds: Double) throws {
    let then = Date().addingTimeInterval(-seconds)
    try FileManager.default.setAttributes([.modificationDate: then], ofItemAtPath: path)
  }

  @Test func thePackageIsToldByTheLibrarysPlace() throws {
    try withPackage { package, library in
      let sources = try #require(PluginSources(library: library))
      #expect(sources.package == package && sources.library == library && sources.configuration == "release")
      #expect(PluginSources(library: package + "/.build/release/libScale.so") == sources)
      let unbuilt = try #require(PluginSources(library: package + "/.build/debug/libScale.so"))
      #expect(unbuilt.staleness == "libScale.so is not built" && unbuilt.configuration == "debug")
      for other in ["/libScale.so", "/release/libScale.so", "/.build/packages/triple/release/libScale.so"] {
        #expect(PluginSources(library: package + other) == nil, "\(other)")
      }
      try FileManager.default.removeItem(atPath: package + "/Package.swift")
      #expect(PluginSources(library: library) == nil)
    }
  }

  @Test(arguments: [
    "Sources/Scale/Scale.swift", "Package.swift", "Sources/Scale/table.json", "Extra/more.c", "Sources",
  ])
  func aNewerSourceIsNamed(name: String) throws {
    try withPackage { package, library in
      let sources = try #require(PluginSources(library: library))
      #expect(sources.staleness == nil)
      if name.contains(".") {
        try write(package + "/" + name)
        for folder in ["Sources", "Sources/Scale"] { try touch(package + "/" + folder, ago: 60) }
      }
      try touch(package + "/" + name, ago: -5)
      #expect(sources.staleness == "\(name) is newer than libScale.so")
      // A build that finds nothing to change leaves the library, and is remembered.
      sources.confirm(builtAt: Date().timeIntervalSince1970 + 10)
      #expect(sources.staleness == nil)
      try touch(package + "/" + name, ago: -15)
      #expect(sources.staleness != nil)
    }
  }

  @Test(arguments: [
    "Tests/ScaleTests/T.swift", "README.md", ".swiftpm/x.swift", "runs/first/loss.png", "old.swift~",
  ])
  func whatIsNoSourceCountsNot(name: String) throws {
    try withPackage { package, library in
      try write(package + "/" + name)
      try touch(package + "/" + name, ago: -5)
      #expect(PluginSources(library: library)?.staleness == nil)
    }
  }

  @Test func theRemedyOfAForeignCoreNamesThePackage() throws {
    try withPackage { package, library in
      let error = PluginError.foreignCore(plugin: "scale", file: library, expected: "a", found: "b")
      #expect("\(error)".hasSuffix("against this core: chex-runner plugins check \(package)"))
    }
    let elsewhere = PluginError.foreignCore(
      plugin: "scale", file: "/lib/libScale.so", expected: "a", found: "b")
    #expect("\(elsewhere)".hasSuffix("rebuild it with 'swift build' against this core"))
  }
}
