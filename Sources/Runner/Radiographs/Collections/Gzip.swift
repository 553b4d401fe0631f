import CZlib

/// Unpacks gzip (RFC 1952).
enum Gzip {
  /// What is wrong with packed bytes, in words.
  struct Problem: Error, Equatable { let text: String }

  /// Most bytes that unpacking may give: 2 GiB.
  static let mostBytes = 2 << 30

  static func isPacked(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// Unpacks all members of a gzip file; zlib holds them to their checksums and lengths.
  /// - Parameter most: refuses what unpacks to more bytes, before memory for them is taken.
  static func unpack(_ packed: [UInt8], most: Int = mostBytes) throws(Problem) -> [UInt8] {
    var stream = z_stream()
    // 15 bits of window, and 16 for the gzip header.
    let status = inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw Problem(text: "gzip: zlib cannot start (status \(status))") }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = []
    var problem: Problem?
    packed.withUnsafeBufferPointer { input in
      var chunk = [UInt8](repeating: 0, count: 1 << 18)
      var fed = 0
      while problem == nil {
        if stream.avail_in == 0 {
          guard fed < input.count else {
            problem = Problem(
              text: "the gzip file is damaged: it ends early, after \(result.count) bytes of text")
            return
          }
          let part = min(input.count - fed, 1 << 30)
          stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress! + fed)
          stream.avail_in = UInt32(part)
          fed += part
        }
        let (status, got) = step(&stream, &chunk)
        if result.count + got > most {
          problem = Problem(text: "the gzip file unpacks to more than the limit of \(most) bytes")
          return
        }
        result += chunk[..<got]
        if status == Z_STREAM_END {
          if stream.avail_in == 0 && fed == input.count { return }
          inflateReset(&stream)
        } else if status != Z_OK && status != Z_BUF_ERROR {
          let words = stream.msg.map { String(cString: $0) } ?? "status \(status)"
          problem = Problem(text: "the gzip file is damaged: \(words), after \(result.count) bytes of text")
        }
      }
    }
    if let problem { throw problem }
    return result
  }

  private static func step(_ stream: inout z_stream, _ chunk: inout [UInt8]) -> (status: Int32, got: Int) {
    chunk.withUnsafeMutableBufferPointer { output in
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      let status = inflate(&stream, Z_NO_FLUSH)
      return (status, output.count - Int(stream.avail_out))
    }
  }
}

/// Tables and lists, packed by gzip or not; the content tells, not the name.
enum TextFile {
  /// - Throws: `RadiographsError.table`.
  static func bytes(path: String, mostBytes: Int) throws -> [UInt8] {
    let bytes = try FileBytes.read(path: path, mostBytes: mostBytes) {
      RadiographsError.table(path: path, line: nil, problem: $0)
    }
    guard Gzip.isPacked(bytes) else {
      if path.lowercased().hasSuffix(".gz") {
        throw RadiographsError.table(
          path: path, line: nil, problem: "its name ends in .gz, but it is not a gzip file")
      }
      return bytes
    }
    do {
      return try Gzip.unpack(bytes)
    } catch { throw RadiographsError.table(path: path, line: nil, problem: error.text) }
  }
}
