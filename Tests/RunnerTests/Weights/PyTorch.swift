import Foundation

/// A Python with torch and NumPy, named by `CHEX_PYTHON`, and what else it has.
enum PyTorch {
  static let python: String? = ProcessInfo.processInfo.environment["CHEX_PYTHON"].flatMap {
    (try? run($0, "import torch, numpy", [])) == nil ? nil : $0
  }

  struct Failure: Error { let text: String }

  /// What a Python program prints.
  @discardableResult static func run(_ python: String, _ program: String, _ words: [String]) throws -> String
  {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", program] + words
    let (told, errors) = (Pipe(), Pipe())
    process.standardOutput = told
    process.standardError = errors
    try process.run()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    let data = told.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: String(decoding: complaint, as: UTF8.self))
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Version of timm as (1, 0, 19); nil where there is none.
  static let timm = version(of: "timm")
  static let transformers = version(of: "transformers")
  /// timm has had DINOv3 since 1.0.20.
  static let timmHasDINOv3 = timm.map { $0.lexicographicallyPrecedes([1, 0, 20]) == false } ?? false

  private static func version(of module: String) -> [Int]? {
    python.flatMap { try? run($0, "import \(module); print(\(module).__version__)", []) }.map { text in
      text.split { !$0.isNumber }.compactMap { Int($0) }
    }
  }
}
