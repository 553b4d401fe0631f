import CoreTensor
import Foundation
import Imaging
import Radiographs
import Runs
import TestSupport
import Testing

@testable import Trackers

@Suite struct TensorBoardTests {
  private let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func events() throws -> [EventFile.Event] {
    try folder.names.flatMap { try EventFile(Bytes.read(folder.path + "/" + $0)).events }
  }

  /// RFC 3720, B.4, and the check value of the polynomial.
  @Test func checksumsOfTheStandard() {
    #expect(CastagnoliChecksum.value(of: "123456789".utf8) == 0xe306_9283)
    #expect(CastagnoliChecksum.value(of: [UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CastagnoliChecksum.value(of: [UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CastagnoliChecksum.value(of: (0..<32).map(UInt8.init)) == 0x46dd_794e)
    #expect(CastagnoliChecksum.value(of: []) == 0)
  }

  /// The bytes that TensorFlow's own writer begins a file with, for the time 1.5.
  @Test func framesOfTheStandard() {
    let record = EventRecord(time: 1.5, step: 0, content: .fileVersion)
    let event: [UInt8] =
      [0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x1a, 0x0d] + Array("brain.Event:2".utf8)
    #expect(record.message == event)
    let framed = record.framed
    #expect(Array(framed.prefix(8)) == [24, 0, 0, 0, 0, 0, 0, 0] && framed.count == 8 + 4 + 24 + 4)
    #expect(Array(framed[12..<36]) == event)
    // TFRecord's masked checksum of the length 24 and of the event, by Python's tensorboard.
    #expect(Array(framed[8..<12]) == [0xa3, 0x7f, 0x4b, 0x22])
    #expect(Array(framed[36...]) == [0x2a, 0x28, 0x64, 0x6c])
  }

  @Test func scalarsReadBack() throws {
    let writer = try TensorBoardWriter(folder: folder.path, from: 0, now: { 100 })
    try writer.add([("loss/total", 0.25), ("probe/heart failure", .nan)], step: 1)
    try writer.add([("loss/total", -3)], step: 1 << 40)
    try writer.add([], step: 3)
    #expect(try events().count == 2)
    try writer.flush()
    let found = try events()
    #expect(found.count == 4 && found[0].version == "brain.Event:2" && found[1].isSessionStart)
    #expect(found[2].scalars["loss/total"] == 0.25 && found[2].scalars["probe/heart_failure"]?.isNaN == true)
    #expect(found[3].step == 1 << 40 && found[3].scalars == ["loss/total": -3] && found[3].time == 100)
  }

  @Test func imagesReadBack() throws {
    let picture = folder.path + "/picture.png"
    try PngWriter.write(
      GrayImage(width: 5, height: 3, pixels: [Float](repeating: 0.5, count: 15)), to: picture)
    let png = try Bytes.read(picture)
    let writer = try TensorBoardWriter(folder: folder.path + "/events", from: 0)
    try writer.addImage("batch", file: picture, step: 7)
    try writer.synchronize()
    let event = try #require(try EventFile(Bytes.read(writer.path)).events.last)
    let image = try #require(event.images["batch"])
    #expect(event.step == 7 && image.width == 5 && image.height == 3 && image.png == png)
    #expect([1, 3].contains(image.channels))
    for bytes in [[], Array(png.prefix(20)), Array("no picture at all, only a text".utf8)] {
      try Bytes.write(bytes, to: picture)
      let error = #expect(throws: StorageError.self) {
        try writer.addImage("batch", file: picture, step: 8)
      }
      #expect("\(error!)".contains("expected a PNG picture"))
    }
    #expect(throws: StorageError.self) {
      try writer.addImage("batch", file: folder.path + "/absent.png", step: 8)
    }
  }

  /// Files are read in the order of their names, so a later one must sort behind, whatever the clock says.
  @Test func laterFilesSortBehind() throws {
    for (index, time) in [1000.0, 1000, 500, 2000].enumerated() {
      let writer = try TensorBoardWriter(folder: folder.path, from: index * 10 + 1, now: { time })
      try writer.add([("loss/total", Double(index))], step: index * 10 + 1)
    }
    #expect(folder.names.count == 4)
    let starts = try events().filter(\.isSessionStart).map(\.step)
    #expect(starts == [1, 11, 21, 31])
    #expect(try events().flatMap { $0.scalars.values.sorted() } == [0, 1, 2, 3])
    let next = TensorBoardWriter.name(after: ["events.out.tfevents.odd", "other"], time: 7)
    #expect(next == "events.out.tfevents.0000000007.000000.chex-world")
  }

  @Test func eventsWaitForSecondsOnly() throws {
    var time = 10.0
    let writer = try TensorBoardWriter(folder: folder.path, from: 0, flushSeconds: 5, now: { time })
    func count() throws -> Int { try events().count }
    try writer.add([("a", 1)], step: 1)
    #expect(try count() == 2)
    time = 15
    try writer.add([("a", 1)], step: 2)
    #expect(try count() == 4)
    time = 3
    try writer.add([("a", 1)], step: 3)
    #expect(try count() == 5)
  }

  @Test func damagedFilesAreNoticed() throws {
    let writer = try TensorBoardWriter(folder: folder.path, from: 0)
    try writer.add([("a", 1)], step: 1)
    try writer.flush()
    var bytes = try Bytes.read(writer.path)
    #expect(throws: EventFile.Malformed.self) { try EventFile(Array(bytes.dropLast())) }
    bytes[bytes.count - 8] ^= 1
    #expect(throws: EventFile.Malformed.self) { try EventFile(bytes) }
  }

  @Test func aFolderThatCannotBeWritten() throws {
    let file = folder.path + "/file"
    try Bytes.write([], to: file)
    let error = #expect(throws: StorageError.self) {
      try TensorBoardWriter(folder: file + "/events", from: 0)
    }
    #expect("\(error!)".contains(file))
  }

  /// The same error that a full disk gives `metrics.jsonl`.
  @Test func aFullDisk() throws {
    try #require(access("/dev/full", W_OK) == 0)
    let descriptor = try FileDescriptor("open", "/dev/full", flags: O_WRONLY)
    let writer = TensorBoardWriter(descriptor, flushSeconds: 5, now: { 0 })
    try writer.add([("a", 1)], step: 1)
    let error = #expect(throws: StorageError.self) { try writer.flush() }
    #expect("\(error!)".contains("free some space"), "\(error!)")
  }

  @Test func everyFieldHasATag() {
    let tags = [
      "loss": "loss/total", "z12": "loss/z12", "local.z11": "loss/local.z11",
      "patches.z12": "patches/z12", "seconds.global.draw": "seconds/global.draw",
      "gradient_norm": "optimization/gradient_norm", "learning_rate": "optimization/learning_rate",
      "ema_decay": "optimization/ema_decay", "images_per_second": "speed/images_per_second",
      "data_wait_share": "speed/data_wait_share", "epoch": "progress/epoch",
    ]
    for (field, tag) in tags { #expect(MetricTags.tag(of: field) == tag) }
    let scalars = MetricTags.scalars([("loss", 1.5), ("epoch", 2), ("note", "text"), ("flag", true)])
    #expect(scalars.map(\.tag) == ["loss/total", "progress/epoch"] && scalars.map(\.value) == [1.5, 2])
  }
}
