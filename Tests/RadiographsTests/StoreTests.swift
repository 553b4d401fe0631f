import CCodecs
import Foundation
import Imaging
import TestSupport
import Testing
import WorldModel

@testable import Radiographs

@Suite struct StoreTests {
  private let scratch: ScratchFolder
  init() throws { scratch = try ScratchFolder() }

  private var plain: StoreSettings { StoreSettings(keepsBorders: true, imagesPerShard: 8) }

  @Test(arguments: [8, 16]) func radiographsComeBackBitForBit(bits: Int) throws {
    let source = InventedSource.levels(30, bits: bits)
    try scratch.store(source, plain)
    let store = try openRadiographSource(path: scratch.path + "/store")
    let kept = source.images.indices.filter { source.images[$0] != nil }
    #expect(kept.count == 26 && store.records == kept.map { source.records[$0] })
    #expect(store.findingNames == source.findingNames && store.radiographsAreCheap)
    #expect(store.notes.contains { $0.hasPrefix("4 radiographs were dropped") })
    for _ in 0..<2 {
      for (index, original) in kept.enumerated() {
        #expect(try store.radiograph(at: index) == source.images[original])
        #expect(try store.header(at: index) == source.headers[original])
      }
    }
    let dropped = String(decoding: try scratch.bytes("store/dropped.csv"), as: UTF8.self)
    #expect(
      dropped.hasPrefix(
        "identifier,reason\n\"folder/radiograph \"\"5\"\"\\\n\\u{1}é.png\",truncated: invented\n"))
  }

  @Test func filesGiveWhatTheirFolderGives() throws {
    let image = Fixtures.noise(width: 60, height: 50)
    try scratch.write(PngWriter.encode(image), "images/a.png")
    try scratch.write(PngWriter.encode(image, depth: .sixteen), "images/b.png")
    try scratch.write(
      Fixtures.jpeg(Fixtures.smooth(width: 70, height: 40), width: 70, height: 40), "images/c.jpg")
    let folder = try openRadiographSource(path: scratch.path + "/images")
    let index = try scratch.store(folder, plain)
    #expect(index.radiographs.map(\.bits) == [8, 16, 8])
    let store = try openRadiographSource(path: scratch.path + "/store/")
    for radiograph in 0..<3 {
      #expect(try store.radiograph(at: radiograph) == folder.radiograph(at: radiograph))
    }
  }

  @Test func depthFollowsHeaderPixelsAndSetting() throws {
    let whole = InventedSource.levels(1, bits: 8).images[0]!
    let fine = Fixtures.noise()
    let deep = ImageHeader(width: 40, height: 36, bitDepth: 12, channels: 1)
    func bits(_ image: GrayImage, _ header: ImageHeader?, _ depth: StoreSettings.Depth) throws -> Int {
      var settings = plain
      settings.depth = depth
      let index = try ScratchFolder().store(InventedSource([image], headers: [header]), settings)
      return index.radiographs[0].bits
    }
    #expect(try bits(whole, nil, .auto) == 8)
    #expect(try bits(fine, nil, .auto) == 16)
    #expect(try bits(whole, deep, .auto) == 16)
    #expect(try bits(fine, deep, .eight) == 8)
    #expect(try bits(whole, nil, .sixteen) == 16)
  }

  @Test func largeRadiographsAreMadeSmallerAndBordersCut() throws {
    var radiograph = GrayImage(width: 300, height: 200)
    let field = Fixtures.noise(width: 220, height: 160)
    for row in 0..<160 { for column in 0..<220 { radiograph[20 + row, 50 + column] = field[row, column] } }
    let source = InventedSource([radiograph])
    let settings = StoreSettings(size: 64, depth: .sixteen)
    let index = try scratch.store(source, settings)
    let box = PixelBox(row: 20, column: 50, height: 160, width: 220)
    #expect(index.radiographs[0].crop == box && index.radiographs[0].sourceWidth == 300)
    let expected = radiograph.cropped(row: 20, column: 50, height: 160, width: 220, resizedTo: (64, 88))
    let found = try StoreSource(folder: scratch.path + "/store").radiograph(at: 0)
    #expect((found.width, found.height) == (88, 64))
    #expect(zip(found.pixels, expected.pixels).allSatisfy { abs($0 - $1) <= 0.5001 / 65535 })
    #expect(RadiographPreparation.size(of: box, shorterSide: 400) == (160, 220))
    #expect(RadiographPreparation.size(of: box, shorterSide: 160) == (160, 220))
  }

  @Test func sameBytesForAnyThreadsAndInterruptions() throws {
    let source = InventedSource.levels(45, bits: 8)
    try scratch.store(source, plain, in: "one", threads: 1)
    let expected = try scratch.contents("one")
    #expect(expected.count == 2 + 2 * 6)
    try scratch.store(source, plain, in: "five", threads: 5)
    #expect(try scratch.contents("five") == expected)
    // Stopped again and again, each time after another number of radiographs.
    var calls = 0
    while true {
      let preparation = try StorePreparation(source, settings: plain, folder: scratch.path + "/stopped")
      if calls > 0 { #expect(preparation.finishedBefore % 8 == 0 || preparation.finishedBefore == 45) }
      calls += 1
      let stopsAt = preparation.finishedBefore + 9
      var done = 0
      guard
        let index = try preparation.run(
          threads: 2, progress: { done = $0 }, isInterrupted: { done >= stopsAt })
      else { continue }
      try preparation.complete(index)
      break
    }
    #expect(try scratch.contents("stopped") == expected)
  }

  /// Two and four processes make what one makes, and go on with what one began.
  @Test(arguments: [2, 4]) func sameBytesForAnyProcesses(ranks: Int) throws {
    let source = InventedSource.levels(45, bits: 8)
    try scratch.store(source, plain, in: "alone")
    let begun = try StorePreparation(source, settings: plain, folder: scratch.path + "/shared")
    var done = 0
    #expect(try begun.run(threads: 1, progress: { done = $0 }, isInterrupted: { done >= 9 }) == nil)
    let (folder, settings) = (scratch.path + "/shared", plain)
    let found = try ThreadGroup.run(ranks) { communicator in
      let own = try StorePreparation(source, settings: settings, folder: folder, sharedBy: communicator)
      let index = try #require(try own.run(threads: 1))
      if communicator.isFirst { try own.complete(index) }
      return index.radiographs.count
    }
    #expect(found[0] == 39 && found.dropFirst().allSatisfy { $0 == 0 })
    #expect(try scratch.contents("shared") == scratch.contents("alone"))
  }

  @Test func aRemovedShardIsMadeAgain() throws {
    let source = InventedSource.levels(30, bits: 16)
    try scratch.store(source, plain)
    let expected = try scratch.contents("store")
    let manager = FileManager.default
    try manager.removeItem(atPath: scratch.path + "/store/shards/000001.jsonl")
    try scratch.write([1, 2, 3], "store/shards/.chex-1-1.tmp")
    #expect(
      Fixtures.failure { _ = try StoreSource(folder: scratch.path + "/store") }?.contains("000001.jsonl")
        == true)
    let preparation = try StorePreparation(source, settings: plain, folder: scratch.path + "/store")
    #expect(preparation.finishedBefore == 22)
    #expect(
      Fixtures.failure { _ = try StoreSource(folder: scratch.path + "/store") }?.contains("not finished")
        == true)
    try preparation.complete(try #require(try preparation.run(threads: 2)))
    #expect(try scratch.contents("store") == expected)
  }

  @Test func otherSettingsRadiographsAndFoldersAreRefused() throws {
    let source = InventedSource.levels(20, bits: 8)
    var settings = plain
    settings.decoding = ["dicom.windowName": "\"first\""]
    try scratch.store(source, settings)
    let expected = try scratch.contents("store")
    func refusal(_ source: any RadiographSource, _ settings: StoreSettings) -> String {
      Fixtures.failure {
        _ = try StorePreparation(source, settings: settings, folder: scratch.path + "/store")
      } ?? "none"
    }
    var other = settings
    other.size = 300
    other.decoding = ["dicom.windowName": "\"second\""]
    let words = refusal(source, other)
    #expect(words.contains("--size is 300, the store was begun with 512"))
    #expect(words.contains("dicom.windowName is \"second\", the store was begun with \"first\""))
    #expect(
      refusal(InventedSource.levels(21, bits: 8), settings).contains(
        "has 21 radiographs, the store was begun with 20"))
    #expect(try scratch.contents("store") == expected)
    try scratch.write("mine", "store2/letter.txt")
    #expect(
      Fixtures.failure {
        _ = try StorePreparation(source, settings: settings, folder: scratch.path + "/store2")
      }?.contains("holds letter.txt, which is never overwritten") == true)
    #expect(try scratch.contents("store2") == ["letter.txt": Array("mine".utf8)])
  }

  @Test func oneProcessAtATime() throws {
    let source = InventedSource.levels(9, bits: 8)
    let first = try StorePreparation(source, settings: plain, folder: scratch.path + "/store")
    #expect(
      Fixtures.failure {
        _ = try StorePreparation(source, settings: plain, folder: scratch.path + "/store")
      }?.contains("another process is preparing this store") == true)
    #expect(try first.run(threads: 1) != nil)
  }

  @Test func filtersChooseRadiographs() throws {
    let source = InventedSource.levels(20, bits: 8)
    try scratch.store(source, plain)
    let path = scratch.path + "/store"
    let store = try openRadiographSource(
      path: path, options: TableOptions(filters: ["source=nih", "split=train"]))
    #expect(!store.records.isEmpty && store.records.allSatisfy { $0.attributes["source"] == "nih" })
    let number = try #require(source.records.firstIndex(of: store.records[1]))
    #expect(try store.radiograph(at: 1) == source.images[number])
    for (filters, words) in [
      (["source"], "not of the form"), (["colour=red"], "no radiograph has \"colour\""),
      (["source=mars"], "none of its 17 radiographs"),
    ] {
      #expect(
        Fixtures.failure {
          _ = try openRadiographSource(path: path, options: TableOptions(filters: filters))
        }?
        .contains(words) == true)
    }
    #expect(
      Fixtures.failure { _ = try openRadiographSource(path: path, options: TableOptions(labelColumn: "x")) }?
        .contains("columns are given") == true)
  }

  @Test func levelsRoundToTheNearest() {
    let pixels: [Float] = [-1, 0, .nan, 0.5 / 255, 0.49 / 255, 1, 2, .infinity, 254.4 / 255]
    let image = GrayImage(width: pixels.count, height: 1, pixels: pixels)
    #expect(RadiographPreparation.levels(of: image, bits: 8) == [0, 0, 0, 1, 0, 255, 255, 255, 254])
    for (bits, top) in [(8, 255), (16, 65535)] {
      let all = GrayImage(width: top + 1, height: 1, pixels: (0...top).map { Float($0) / Float(top) })
      let levels = RadiographPreparation.levels(of: all, bits: bits)
      let expected =
        bits == 8 ? (0...255).map { UInt8($0) } : (0...65535).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
      #expect(levels == expected)
    }
  }
}
