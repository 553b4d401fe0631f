import Foundation
import Testing

@testable import Batches
@testable import Commands
@testable import Console
@testable import Runs

private let python = ProcessInfo.processInfo.environment["CHEX_PYTHON"]

@Suite struct FeatureFileTests {
  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "features-\(UUID().uuidString)"
    )
    .path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  /// Writes `radiographs` radiographs in batches of two, where twice as many might have come.
  private func write(
    _ path: String, _ format: FeatureFormat, radiographs: Int, shape: [Int],
    name: (Int) -> String = { "radiograph \($0)" }
  ) throws -> FeatureFile {
    let file = try FeatureFile(
      path, format, imageShape: shape, mostRadiographs: 2 * radiographs, metadata: ["encoder": "target"])
    let size = shape.reduce(1, *)
    for start in stride(from: 0, to: radiographs, by: 2) {
      let part = start..<min(radiographs, start + 2)
      let values = (part.lowerBound * size..<part.upperBound * size).map { Float($0) / 8 }
      try values.withUnsafeBufferPointer { try file.append(part.map(name), $0) }
    }
    try file.finish()
    return file
  }

  @Test(arguments: [[3, 4], [12, 196, 768], [0, 4], [99_999, 1], [1_234_567_890_123, 7, 9]])
  func headerIsNumPys(shape: [Int]) {
    let header = FeatureFile.npyHeader(shape)
    let axes = shape.map(String.init).joined(separator: ", ")
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(axes)), }"
    let expected: [UInt8] = Array("\u{1}NUMPY".utf8)
    #expect(header.count == 128 && header[0] == 0x93 && Array(header[1..<6]) == Array(expected[1...]))
    #expect(Array(header[6..<10]) == [1, 0, 118, 0])
    #expect(String(decoding: header[10..<10 + text.utf8.count], as: UTF8.self) == text)
    #expect(header[(10 + text.utf8.count)..<127].allSatisfy { $0 == 0x20 } && header[127] == 0x0A)
  }

  @Test func arrayOfNumPy() throws {
    try inFolder { folder in
      let file = try write("\(folder)/f.npy", .npy, radiographs: 5, shape: [4])
      let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
      #expect(bytes.count == 128 + 5 * 16 && bytes.count == file.byteCount)
      #expect(Array(bytes.prefix(128)) == FeatureFile.npyHeader([5, 4]))
      let values = bytes.dropFirst(128).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
      #expect(values == (0..<20).map { Float($0) / 8 })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["f.npy"])
    }
  }

  @Test func tensorOfSafetensors() throws {
    try inFolder { folder in
      let written = try write("\(folder)/f.safetensors", .safetensors, radiographs: 3, shape: [4, 2])
      let file = try SafetensorsFile(path: written.path)
      #expect(file.names == ["features"] && file.metadata == ["encoder": "target"])
      #expect(try file.shape(named: "features") == [3, 4, 2])
      #expect(try file.floats(named: "features") == (0..<24).map { Float($0) / 8 })
    }
  }

  @Test func linesOfTokens() throws {
    try inFolder { folder in
      let file = try write("\(folder)/f.csv", .csv, radiographs: 1, shape: [4, 2]) { _ in "a,\"b\".png" }
      let lines = try String(contentsOfFile: file.path, encoding: .utf8).split(separator: "\n")
      #expect(
        lines == [
          "file,row,column,f0,f1", "\"a,\"\"b\"\".png\",0,0,0.0,0.125", "\"a,\"\"b\"\".png\",0,1,0.25,0.375",
          "\"a,\"\"b\"\".png\",1,0,0.5,0.625", "\"a,\"\"b\"\".png\",1,1,0.75,0.875",
        ])
      let pooled = try write("\(folder)/p.csv", .csv, radiographs: 2, shape: [2])
      #expect(
        try String(contentsOfFile: pooled.path, encoding: .utf8)
          == "file,f0,f1\nradiograph 0,0.0,0.125\nradiograph 1,0.25,0.375\n")
    }
  }

  @Test(arguments: FeatureFormat.allCases) func nothingIsLeftOfAFileThatIsNotFinished(format: FeatureFormat)
    throws
  {
    try inFolder { folder in
      do {
        let file = try FeatureFile(
          "\(folder)/f", format, imageShape: [1], mostRadiographs: 9, metadata: [:])
        try [Float(1)].withUnsafeBufferPointer { try file.append(["a"], $0) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    }
  }

  @Test func aFileThatCameMeanwhileIsKept() throws {
    try inFolder { folder in
      let path = "\(folder)/f.npy"
      do {
        let file = try FeatureFile(path, .npy, imageShape: [1], mostRadiographs: 1, metadata: [:])
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StorageError.self) { try file.finish() }
        #expect(error?.description.contains("File exists") == true)
      }
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("mine".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["f.npy"])
    }
  }

  @Test func endings() throws {
    #expect(try FeatureFormat(path: "a/b.NPY") == .npy)
    for path in ["features", "a.npy/b", "a.txt", "npy", "a.csv.gz"] {
      let error = #expect(throws: UsageError.self) { try FeatureFormat(path: path) }
      #expect(error?.description.contains(".safetensors, .npy, .csv") == true)
    }
  }

  @Test(.enabled(if: python != nil, "needs a Python with NumPy, named by CHEX_PYTHON"))
  func numPyReadsAndWritesTheSameBytes() throws {
    try inFolder { folder in
      for (name, shape) in [("pooled", [6]), ("tokens", [4, 3])] {
        _ = try write("\(folder)/\(name).npy", .npy, radiographs: 5, shape: shape)
      }
      let program = """
        import sys, numpy as np
        for name, shape in (("pooled", (5, 6)), ("tokens", (5, 4, 3))):
            a = np.load(f"{sys.argv[1]}/{name}.npy")
            assert a.shape == shape and a.dtype == np.float32 and a.flags.c_contiguous
            assert np.array_equal(a.ravel(), np.arange(a.size, dtype=np.float32) / 8)
            np.save(f"{sys.argv[1]}/{name}-again.npy", a)
        """
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = [try #require(python), "-c", program, folder]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
      for name in ["pooled", "tokens"] {
        let (ours, theirs) = (
          try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).npy")),
          try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)-again.npy"))
        )
        #expect(ours == theirs)
      }
    }
  }
}
