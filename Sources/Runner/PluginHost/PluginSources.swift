import Foundation

/// The package that a plugin's library was built in, told by where the library lies:
/// `PACKAGE/.build/TRIPLE/CONFIGURATION`, or `PACKAGE/.build/CONFIGURATION`, which is a link to it.
public struct PluginSources: Sendable, Equatable {
  /// Folder of the package.
  public let package: String
  /// The library's file, which may not be built yet.
  public let library: String
  /// `release` or `debug`, as it was built.
  public let configuration: String

  /// Nil for a library that lies in no package's build folder, and for one that lies beside the program: what a
  /// checkout is made of is built as one.
  public init?(library: String) {
    let file = URL(fileURLWithPath: library).standardizedFileURL
    let name = file.lastPathComponent
    let folder = file.resolvingSymlinksInPath().deletingLastPathComponent()
    let parts = folder.pathComponents
    guard folder.path != PluginHost.programFolder, parts.count > 3,
      ["release", "debug"].contains(parts[parts.count - 1]),
      let build = [parts.count - 2, parts.count - 3].first(where: { parts[$0] == ".build" })
    else { return nil }
    package = "/" + parts[1..<build].joined(separator: "/")
    guard access(package + "/Package.swift", F_OK) == 0 else { return nil }
    configuration = parts[parts.count - 1]
    self.library = folder.path + "/" + name
  }

  /// Where `confirm` notes that the library is what the sources make.
  private var note: String { library + ".sources-seen" }

  /// Why the library is not what the sources make: `"Sources/A/A.swift is newer than libA.so"`; nil where it is.
  public var staleness: String? {
    guard let built = Self.information(of: library)?.change else { return "\(name) is not built" }
    let reference = max(built, Self.information(of: note)?.change ?? built)
    return newerSource(than: reference).map { "\($0) is newer than \(name)" }
  }

  /// Remembers that a build which began at `time` found the library to be what the sources make: the compiler leaves
  /// a library as it is where a changed source makes the same.
  /// - Parameter time: seconds since 1970.
  public func confirm(builtAt time: Double) {
    guard FileManager.default.createFile(atPath: note, contents: nil) else { return }
    let whole = time.rounded(.down)
    let instant = timespec(tv_sec: Int(whole), tv_nsec: Int((time - whole) * 1e9))
    _ = [instant, instant].withUnsafeBufferPointer { utimensat(AT_FDCWD, note, $0.baseAddress, 0) }
  }

  private var name: String { URL(fileURLWithPath: library).lastPathComponent }

  private static let endings: Set<String> = [
    "swift", "c", "h", "cc", "cpp", "cxx", "hpp", "m", "mm", "s", "S", "modulemap", "resolved",
  ]

  /// The first source that is newer, by its path within the package. Of `Sources` folders count too, since a file that
  /// was removed changes them alone. Tests are no part of a library.
  private func newerSource(than reference: Double, in folder: String = "") -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: package + "/" + folder)) ?? []
    for name in names.sorted() where !name.hasPrefix(".") && !name.hasSuffix("~") {
      let path = folder.isEmpty ? name : folder + "/" + name
      guard path != "Tests", let found = Self.information(of: package + "/" + path) else { continue }
      let counts =
        path == "Sources" || path.hasPrefix("Sources/")
        || !found.isFolder && Self.endings.contains((name as NSString).pathExtension)
      if counts, found.change > reference { return path }
      if found.isFolder, let newer = newerSource(than: reference, in: path) { return newer }
    }
    return nil
  }

  /// When a file was last changed, in seconds since 1970, and whether it is a folder; links to folders are none. Nil
  /// where there is nothing.
  private static func information(of path: String) -> (change: Double, isFolder: Bool)? {
    var information = stat()
    guard lstat(path, &information) == 0 else { return nil }
    let isFolder = information.st_mode & S_IFMT == S_IFDIR
    if information.st_mode & S_IFMT == S_IFLNK { guard stat(path, &information) == 0 else { return nil } }
    let time = information.st_mtim
    return (Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9, isFolder)
  }
}
