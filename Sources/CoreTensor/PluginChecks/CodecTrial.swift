import CoreTensor
import Imaging
import WorldModel

/// A codec, tried on bytes that are no image and on a sample that is one.
struct CodecTrial {
  let definition: CodecDefinition
  let given: [String: OptionValue]
  /// A file of the format; nil where there is none to try.
  let sample: [UInt8]?
  /// Truncated and changed copies of the sample.
  private static let copies = 64

  private func codec() throws -> any ImageCodec {
    try definition.make(Options(definition.options, given: given))
  }

  func options() throws {
    try OptionTrial.check(definition.options) { _ = try definition.make($0) }
  }

  func names() throws {
    let codec = try codec()
    guard !codec.name.isEmpty else { throw Broken("the format has no name") }
    for ending in codec.fileExtensions where ending != ending.lowercased() || ending.hasPrefix(".") {
      throw Broken("file extension \"\(ending)\": write it in lower case, without the dot")
    }
  }

  func strangers() throws {
    let codec = try codec()
    var random = RandomStream(seed: TaskTrial.seed, stream: "strangers")
    for count in [0, 1, 2, 7, 132, 4096] {
      let noise = (0..<count).map { _ in UInt8(random.integer(in: 0...255)) }
      for bytes in [noise, [UInt8](repeating: 0, count: count)] {
        if let problem = answer(codec, bytes) { throw Broken("\(count) bytes of no image: \(problem)") }
        let isKnown = bytes.withUnsafeBytes { codec.recognizes($0) }
        if count == 0, isKnown { throw Broken("an empty file is recognised") }
      }
    }
  }

  func image() throws {
    guard let sample else { return }
    let codec = try codec()
    guard sample.withUnsafeBytes(codec.recognizes) else { throw Broken("the sample is not recognised") }
    let (header, first) = try sample.withUnsafeBytes { bytes in
      let header = try codec.header(of: bytes)
      return (header, try codec.decode(bytes, header, shorterSide: nil))
    }
    guard first.width == header.width, first.height == header.height else {
      throw Broken(
        "the header says \(header.width) × \(header.height), the image has \(first.width) × \(first.height)")
    }
    guard first.pixels.allSatisfy({ $0.isFinite && (0...1).contains($0) }) else {
      throw Broken("the sample's image has values outside [0, 1]")
    }
    let second = try sample.withUnsafeBytes { try codec.decode($0, header, shorterSide: nil) }
    guard first == second else { throw Broken("the sample's second image differs from the first") }
    let least = min(header.width, header.height) / 2
    let smaller = try sample.withUnsafeBytes { try codec.decode($0, header, shorterSide: least) }
    guard min(smaller.width, smaller.height) >= least else {
      throw Broken("asked for a shorter side of \(least), it is \(min(smaller.width, smaller.height))")
    }
  }

  func damage() throws {
    guard let sample else { return }
    let codec = try codec()
    var random = RandomStream(seed: TaskTrial.seed, stream: "damage")
    for copy in 0..<Self.copies {
      var bytes = sample
      if copy % 2 == 0 {
        bytes = Array(bytes.prefix(random.integer(in: 0...sample.count)))
      } else {
        for _ in 0...copy / 8 where !bytes.isEmpty {
          bytes[random.integer(in: 0...bytes.count - 1)] = UInt8(random.integer(in: 0...255))
        }
      }
      if let problem = answer(codec, bytes) { throw Broken("damaged copy \(copy): \(problem)") }
    }
  }

  /// What is wrong with the codec's answer: nothing where it is an image or a `CodecFailure`.
  private func answer(_ codec: any ImageCodec, _ bytes: [UInt8]) -> String? {
    bytes.withUnsafeBytes { bytes in
      guard codec.recognizes(bytes) else { return nil }
      do {
        let header = try codec.header(of: bytes)
        guard header.width > 0, header.height > 0, header.width * header.height <= 1 << 26 else { return nil }
        _ = try codec.decode(bytes, header, shorterSide: nil)
        return nil
      } catch let failure as CodecFailure {
        return failure.reason.isEmpty ? "a failure without a reason" : nil
      } catch { return "threw \(type(of: error)) where a CodecFailure is promised: \(error)" }
    }
  }
}
