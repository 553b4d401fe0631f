/// What a codec of a user's own begins as: binary portable grey maps.
enum CodecTemplate {
  static let source = #"""
    import CoreTensor
    import Foundation
    import Imaging
    import WorldModel

    @c(chex_plugin) public func entry() -> UnsafePointer<chex_plugin_information> {
      pluginInformation(name: "{name}", version: "0.1.0", compiledAgainst: CHEX_CORE_FINGERPRINT) {
        $0.register({module}.definition)
      }
    }

    /// Binary portable grey maps (PGM, "P5") of 8 bits: put your format in their place.
    public struct {module}: ImageCodec {
      public static let definition = CodecDefinition(
        name: "{name}", summary: "binary portable grey maps of 8 bits", make: { _ in {module}() })

      public let name = "PGM"
      public let fileExtensions = ["pgm"]

      public func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 2 && bytes.starts(with: "P5".utf8) && Self.isBlank(bytes[2])
      }

      public func header(of bytes: UnsafeRawBufferPointer) throws -> ImageHeader { try layout(of: bytes).header }

      public func decode(
        _ bytes: UnsafeRawBufferPointer, _ header: ImageHeader, shorterSide: Int?
      ) throws -> GrayImage {
        let layout = try layout(of: bytes)
        let count = header.width * header.height
        // Sizes are the file's own words: nothing is read that is not there.
        guard bytes.count - layout.start >= count else {
          throw CodecFailure("truncated: \(count) pixels expected, \(bytes.count - layout.start) found")
        }
        let pixels = (0..<count).map { min(Float(bytes[layout.start + $0]) / Float(layout.white), 1) }
        return GrayImage(width: header.width, height: header.height, pixels: pixels)
      }

      /// "P5", then width, height and the value of white as decimal words, one blank, and the pixels.
      private func layout(
        of bytes: UnsafeRawBufferPointer
      ) throws -> (header: ImageHeader, white: Int, start: Int) {
        var place = 2
        var numbers: [Int] = []
        while numbers.count < 3 {
          while place < bytes.count, Self.isBlank(bytes[place]) { place += 1 }
          let start = place
          while place < bytes.count, (0x30...0x39).contains(bytes[place]), place - start < 9 { place += 1 }
          guard let number = Int(String(decoding: bytes[start..<place], as: UTF8.self)) else {
            throw CodecFailure("damaged PGM: width, height and white expected after P5")
          }
          numbers.append(number)
        }
        let (width, height, white) = (numbers[0], numbers[1], numbers[2])
        guard (1...65535).contains(width), (1...65535).contains(height) else {
          throw CodecFailure("damaged PGM: a size of \(width) × \(height)")
        }
        guard (1...255).contains(white) else {
          throw CodecFailure("a PGM with white = \(white), 1 to 255 is read")
        }
        return (ImageHeader(width: width, height: height, bitDepth: 8, channels: 1), white, place + 1)
      }

      private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
    }

    """#

  static let tests = #"""
    {imports}

    @Test func keepsEveryPromise() {
      let sample = Array("P5 64 48 255\n".utf8) + (0..<64 * 48).map { UInt8(truncatingIfNeeded: $0) }
      let checks = checkCodec({module}.definition, sample: sample)
      #expect(checks.filter { !$0.isKept } == [])
    }

    """#

  static let readme = #"""
    # {name}

    A file format for CheX World: portable grey maps, until you put yours in their place.

    ```sh
    swift test -c release                  # holds the codec to every promise of the protocol; the first time builds the core too
    chex-runner plugins check . --sample FILE                     # the same, on a file of yours
    ```

    In the folder of the `plugins.toml` that lists it, or with `--plugins FILE`:

    ```sh
    chex-runner --preset quick --data FOLDER --dry-run            # a folder of such radiographs
    ```

    `Sources/{module}/{module}.swift` is all there is: `recognizes` knows the format by its first bytes, `header` tells the
    size without decoding, `decode` gives grey in [0, 1]. Files come from anywhere: check every number that they state.

    """#
}
