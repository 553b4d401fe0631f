import Foundation
import TestSupport
import Testing

/// Memory of a device is its backends' business: of the processor's, the files in `CPU` alone.
@Suite struct SeamTests {
  @Test func pointersStayInTheProcessorsBackend() throws {
    let folder = BuildFolder.repository + "/Sources/CoreTensor"
    let files = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
      .filter { $0.hasSuffix(".swift") }
    // The border itself, and the two modules of pixels and metrics, which hold no tensors.
    let allowed = [
      "CoreTensor/CPU/", "CoreTensor/Tensor.swift", "CoreTensor/Device.swift", "Imaging/", "Metrics/",
    ]
    let watched = files.filter { file in !allowed.contains { file.hasPrefix($0) } }
    #expect(watched.count > 100)
    let pointer = try Regex(#"[\w)\]]\.(pointer|row\(\w+\)|bytes)\b"#)
    for file in watched {
      let text = try String(contentsOfFile: folder + "/" + file, encoding: .utf8)
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      where line.contains(pointer) && !line.contains("entry.bytes")
        && !line.drop(while: { $0 == " " }).hasPrefix("//")
      {
        Issue.record("\(file):\(number + 1) reaches into a tensor's memory: \(line)")
      }
    }
  }
}
