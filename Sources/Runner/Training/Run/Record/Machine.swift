import Foundation

/// The machine and the command line of this process, as the log of a run and `doctor` name them.
package enum Machine {
  /// The system's name: `Debian GNU/Linux 12 (bookworm)`.
  package static var systemName: String {
    let line = kernelText("/etc/os-release").split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
    return line.map { $0.dropFirst(12).filter { $0 != "\"" } } ?? "unknown"
  }

  /// What `/proc/cpuinfo` says of the first processor.
  package static func processor(_ key: String) -> String {
    let line = kernelText("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix(key) }
    return line.flatMap { $0.split(separator: ":", maxSplits: 1).last }
      .map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }

  package static var summary: String {
    let process = ProcessInfo.processInfo
    return "\(processor("model name")), \(process.activeProcessorCount) cores to use, "
      + "\(process.physicalMemory >> 30) GiB, \(systemName)"
  }

  /// The command line, as a shell would take it again.
  package static func commandLine(_ words: [String] = CommandLine.arguments) -> String {
    guard let program = words.first else { return "" }
    let name = program.split(separator: "/").last.map(String.init) ?? program
    return ([name] + words.dropFirst()).map(quoted).joined(separator: " ")
  }

  private static func quoted(_ word: String) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%")
    if !word.isEmpty, word.allSatisfy(plain.contains) { return word }
    return "'" + word.replacing("'", with: "'\\''") + "'"
  }

  /// A file read to its end: reading by size would stop after the first page of a file that states none.
  package static func kernelText(_ path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "" }
    var bytes = Data()
    while let more = try? file.read(upToCount: 4096), !more.isEmpty { bytes += more }
    return String(decoding: bytes, as: UTF8.self)
  }
}
