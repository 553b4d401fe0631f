import Imaging
import Testing

@testable import Radiographs

@Suite struct JpegTests {
  @Test(arguments: [(45, 37), (64, 64), (33, 100)], [false, true]) func greyComesBack(
    size: (width: Int, height: Int), progressive: Bool
  ) throws {
    let levels = Fixtures.smooth(width: size.width, height: size.height)
    let file = Fixtures.jpeg(levels, width: size.width, height: size.height, progressive: progressive)
    let image = try RadiographDecoder().decode(file, identifier: "image")
    try #require(image.width == size.width && image.height == size.height)
    for (value, level) in zip(image.pixels, levels) { #expect(abs(value - Float(level) / 255) < 3 / 255) }
  }

  @Test(arguments: [3, 4]) func colourBecomesLuma(channels: Int) throws {
    let (width, height) = (48, 40)
    let samples = (0..<width * height).flatMap { pixel -> [UInt8] in
      let (row, column) = (pixel / width, pixel % width)
      return Array([UInt8(60 + 3 * column), UInt8(200 - 4 * row), 90, 70].prefix(channels))
    }
    let file = Fixtures.jpeg(samples, width: width, height: height, channels: channels)
    let image = try RadiographDecoder().decode(file, identifier: "image")
    for pixel in 0..<width * height {
      let values = samples[pixel * channels..<(pixel + 1) * channels].map { Double($0) / 255 }
      let rgb = channels == 3 ? values : values[0..<3].map { (1 - $0) * (1 - values[3]) }
      let luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
      #expect(abs(Double(image.pixels[pixel]) - luma) < 4 / 255)
    }
  }

  @Test func everyTruncationIsNoticed() {
    let levels = Fixtures.smooth(width: 64, height: 48)
    for progressive in [false, true] {
      let file = Fixtures.jpeg(levels, width: 64, height: 48, progressive: progressive)
      for length in 0..<file.count {
        #expect(Fixtures.reason(Array(file[..<length])) != nil, "\(length) of \(file.count) bytes")
      }
      #expect(Fixtures.reason(Array(file[..<(file.count - 40)]))?.hasPrefix("truncated") == true)
      #expect(Fixtures.reason(file + [0, 1, 2]) == nil)
    }
  }

  @Test func endlessScansAreRefused() {
    let levels = Fixtures.smooth(width: 64, height: 48)
    let file = Fixtures.jpeg(levels, width: 64, height: 48, progressive: true)
    // A progressive file has several scans; the last one, repeated, is legal and costs a pass each time.
    var start = file.count - 2
    while !(file[start] == 0xFF && file[start + 1] == 0xDA) { start -= 1 }
    let scan = file[start..<file.count - 2]
    let hostile = file[..<(file.count - 2)] + (0..<5000).flatMap { _ in scan } + [0xFF, 0xD9]
    let reason = Fixtures.reason(Array(hostile))
    #expect(reason?.contains("scans") == true || reason?.contains("damaged") == true, "\(reason ?? "none")")
  }

  @Test func twelveBitsAreRefusedInWords() throws {
    var file = Fixtures.jpeg(Fixtures.smooth(width: 40, height: 40), width: 40, height: 40)
    let frame = try #require(
      file.indices.dropLast().first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 })
    file[frame + 4] = 12
    #expect(Fixtures.reason(file)?.hasPrefix("a kind of JPEG that is not read") == true)
  }
}
