import Foundation
import TestSupport
import Testing

/// Suites that start processes run one after another, so that waiting for one is not waiting for all.
@Suite(.serialized) struct EndToEnd {}

/// The built program, run as a user would.
final class RunnerProcess {
  /// How a process ended and what it said.
  struct Outcome {
    let status: Int32
    let wasKilled: Bool
    let output: String
    let errors: String
    var everything: String { output + errors }
  }

  private let process = Process()
  private let outputPath: String
  private let errorPath: String

  /// Starts the program in `folder`, which is not the repository's.
  /// - Parameters:
  ///   - environment: variables over those of the tests.
  ///   - ranks: processes that mpirun starts; 0 = one, without it.
  init(_ words: [String], in folder: String, environment: [String: String] = [:], ranks: Int = 0) throws {
    let name = UUID().uuidString
    (outputPath, errorPath) = ("\(folder)/.out-\(name)", "\(folder)/.err-\(name)")
    for path in [outputPath, errorPath] { try Data().write(to: URL(fileURLWithPath: path)) }
    let runner = try Repository.runner()
    process.executableURL = URL(fileURLWithPath: ranks == 0 ? runner : "/usr/bin/mpirun")
    process.arguments = (ranks == 0 ? [] : ["--oversubscribe", "-n", "\(ranks)", runner]) + words
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
      .merging(["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: outputPath)
    process.standardError = FileHandle(forWritingAtPath: errorPath)
    try Self.withUnblockedSignals { try process.run() }
  }

  /// Threads of a dispatch queue, where tests run, block most signals, and a new process has what its maker blocks.
  private static func withUnblockedSignals(_ body: () throws -> Void) rethrows {
    var (all, former) = (sigset_t(), sigset_t())
    sigfillset(&all)
    pthread_sigmask(SIG_UNBLOCK, &all, &former)
    defer { pthread_sigmask(SIG_SETMASK, &former, nil) }
    try body()
  }

  var isRunning: Bool { process.isRunning }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  func wait() throws -> Outcome {
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: try String(contentsOfFile: outputPath, encoding: .utf8),
      errors: try String(contentsOfFile: errorPath, encoding: .utf8))
  }
}

/// Places of the repository that tests use.
enum Repository {
  static let root = BuildFolder.repository
  static let plugins = root + "/plugins.toml"

  /// A library that was built with the tests' own program.
  static func library(_ name: String) throws -> String {
    URL(fileURLWithPath: try runner()).deletingLastPathComponent().path + "/lib\(name).so"
  }

  /// `chex-runner` beside the tests' own program.
  /// - Throws: where it has not been built; tests must fail then, never skip.
  static func runner() throws -> String {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let path = URL(fileURLWithPath: own).deletingLastPathComponent().path + "/chex-runner"
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Missing(
        description: "no \(path): build the whole package with this configuration before the tests")
    }
    return path
  }

  struct Missing: Error, CustomStringConvertible { let description: String }
}

/// A folder of its own for one test, and short runs in it.
final class Scratch {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("chex-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Settings of a run of about a second.
  static let small = [
    "--preset", "quick", "--set", "phantom.images=64", "--set", "phantom.size=64", "--image-size", "64",
    "--set", "model.patch_size=8", "--set", "model.width=32", "--set", "model.depth=2",
    "--set", "model.predictor_width=32", "--set", "diagnostics.every_epochs=0",
    "--set", "training.checkpoint_every_steps=4", "--plugins", Repository.plugins,
  ]

  @discardableResult func run(
    _ words: [String], environment: [String: String] = [:]
  ) throws -> RunnerProcess.Outcome {
    try RunnerProcess(words, in: path, environment: environment).wait()
  }

  /// Trains with the small settings and more.
  func pretrain(_ words: [String], batch: Int = 8) throws -> RunnerProcess.Outcome {
    try run(["pretrain", "--batch", "\(batch)"] + Self.small + words)
  }

  func start(_ words: [String]) throws -> RunnerProcess {
    try RunnerProcess(["pretrain", "--batch", "8"] + Self.small + words, in: path)
  }

  func write(_ bytes: Data, _ name: String) throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: url)
  }

  func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)) }
  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }
  func names(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path + "/" + name).sorted()
  }
  func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  func json(_ name: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: bytes(name)) as? [String: Any])
  }

  /// Waits until a run has logged so many steps.
  func wait(for steps: Int, of run: String, _ process: RunnerProcess) throws {
    for _ in 0..<12000 where process.isRunning {
      let lines = (try? text(run + "/metrics.jsonl").split(separator: "\n").count) ?? 0
      if lines >= steps { return }
      usleep(2000)
    }
    Issue.record("\(run) ended or stood still before \(steps) steps")
  }
}

/// The text as JSON of that type.
func parsed<Value>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
  try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Value)
}
