import CoreTensor
import Foundation
import Imaging
import TestSupport
import Testing

/// What the parity test needs beside the repository.
private enum Peer {
  static let python: String? = [ProcessInfo.processInfo.environment["CHEX_PYTHON"], "python3"]
    .compactMap { $0 }.first { output($0, "import PIL, numpy") != nil }

  static let radiographs: String? = {
    let folder = BuildFolder.shared + "/cxr/images"
    return FileManager.default.fileExists(atPath: folder) ? folder : nil
  }()

  /// What a Python program writes; nil where it fails.
  static func output(_ python: String, _ program: String, _ words: [String] = []) -> Data? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", program] + words
    let told = Pipe()
    process.standardOutput = told
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = told.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? data : nil
  }
}

/// Every step that changes a radiograph, against Pillow's step of the same name, on real radiographs. `CHEX_PYTHON`
/// names a Python with Pillow and NumPy; `python3` is tried otherwise.
@Suite(
  .enabled(
    if: Peer.python != nil && Peer.radiographs != nil,
    "needs a Python with Pillow and NumPy (CHEX_PYTHON) and real radiographs in shared/cxr beside the repository"
  ))
struct PillowParityTests {
  /// Twelve real radiographs; for each and each step, what Pillow makes of it in 8 bits, and for the crop also in
  /// floating point, where Pillow rounds nothing.
  private static let program = #"""
    import glob, sys, struct, numpy as np
    from PIL import Image, ImageEnhance, ImageFilter
    names = sorted(glob.glob(sys.argv[1] + "/**/*.png", recursive=True) + glob.glob(sys.argv[1] + "/**/*.jpg", recursive=True))
    out = sys.stdout.buffer
    def tell(a):
        a = np.asarray(a, np.float32)
        out.write(struct.pack("<ii", *a.shape)); out.write(np.ascontiguousarray(a).tobytes())
    for name in names[::len(names) // 12][:12]:
        radiograph = Image.open(name).convert("L")
        box = (radiograph.width // 9, radiograph.height // 7, radiograph.width - radiograph.width // 8, radiograph.height - radiograph.height // 5)
        tell(radiograph)
        tell(ImageEnhance.Brightness(radiograph).enhance(1.3)); tell(ImageEnhance.Brightness(radiograph).enhance(0.7))
        tell(ImageEnhance.Contrast(radiograph).enhance(1.35)); tell(ImageEnhance.Contrast(radiograph).enhance(0.65))
        tell(radiograph.filter(ImageFilter.GaussianBlur(0.4))); tell(radiograph.filter(ImageFilter.GaussianBlur(1.7)))
        tell(radiograph.point([int(255 * (v / 255) ** 1.6 + .5) for v in range(256)]))
        tell(radiograph.crop(box).resize((224, 224), Image.BICUBIC))
        tell(radiograph.convert("F").crop(box).resize((224, 224), Image.BICUBIC))
    """#

  private struct Reader {
    let data: Data
    var place = 0
    init(_ data: Data) { self.data = data }

    mutating func image() -> GrayImage {
      func integer(_ at: Int) -> Int {
        data.withUnsafeBytes { Int($0.loadUnaligned(fromByteOffset: at, as: Int32.self)) }
      }
      let (height, width) = (integer(place), integer(place + 4))
      let start = place + 8
      let pixels = data.withUnsafeBytes { bytes in
        (0..<height * width).map { bytes.loadUnaligned(fromByteOffset: start + 4 * $0, as: Float.self) }
      }
      place = start + 4 * height * width
      return GrayImage(width: width, height: height, pixels: pixels)
    }
  }

  /// Grey levels of 255 between ours, in [0, 1], and Pillow's: the largest, and the share of pixels above two.
  private func difference(_ ours: GrayImage, _ theirs: GrayImage) -> (largest: Float, above: Double) {
    let all = zip(ours.pixels, theirs.pixels).map { abs(255 * $0 - min(max($1, 0), 255)) }
    return (all.max() ?? 0, Double(all.filter { $0 > 2 }.count) / Double(max(all.count, 1)))
  }

  @Test func everyStepAgrees() throws {
    let python = try #require(Peer.python)
    let radiographs = try #require(Peer.radiographs)
    let told = try #require(Peer.output(python, Self.program, [radiographs]))
    var reader = Reader(told)
    var worst: [String: (largest: Float, above: Double)] = [:]
    func compare(_ step: String, _ ours: GrayImage) {
      let found = difference(ours, reader.image())
      let known = worst[step] ?? (0, 0)
      worst[step] = (max(found.largest, known.largest), max(found.above, known.above))
    }
    for _ in 0..<12 {
      var radiograph = reader.image()
      radiograph.pixels = radiograph.pixels.map { $0 / 255 }
      compare("brightness", radiograph.brightness(1.3))
      compare("brightness", radiograph.brightness(0.7))
      compare("contrast", radiograph.contrast(1.35))
      compare("contrast", radiograph.contrast(0.65))
      compare("blur", radiograph.gaussianBlurred(0.4))
      compare("blur", radiograph.gaussianBlurred(1.7))
      compare("gamma", radiograph.gamma(1.6))
      let (left, top) = (radiograph.width / 9, radiograph.height / 7)
      let crop = radiograph.cropped(
        row: top, column: left, height: radiograph.height - radiograph.height / 5 - top,
        width: radiograph.width - radiograph.width / 8 - left, resizedTo: 224)
      compare("crop", crop)
      compare("crop unrounded", crop)
    }
    for (step, found) in worst.sorted(by: { $0.key < $1.key }) {
      print(
        "Pillow parity, \(step): largest \(found.largest)/255, above 2/255 at most \(found.above) of a radiograph"
      )
    }
    #expect(worst["brightness"]!.largest <= 2 && worst["contrast"]!.largest <= 2)
    #expect(worst["gamma"]!.largest <= 2)
    #expect(worst["crop unrounded"]!.largest <= 0.01)
    // Pillow rounds to whole levels after each of six passes of a blur, and between the passes of a resize, where the
    // cubic overshoots at hard edges; we do not.
    #expect(worst["blur"]!.largest <= 3 && worst["blur"]!.above < 0.02)
    #expect(worst["crop"]!.above < 0.001)
  }
}
